"""The server hands out what the model wrote."""

from types import SimpleNamespace

import pytest
import serve  # noqa: F401  (importing it is what is tested)
from transformers.cli.serving import utils

QWEN = SimpleNamespace(config=SimpleNamespace(model_type="qwen2"))


@pytest.mark.parametrize(
    "text",
    [
        "<think>\n2 × 2\n</think>\n<answer>\n4\n</answer>",
        "<think>\nnever closed\n<answer>\n4\n</answer>",
        "<think>\na\n</think>\n<think>\nb\n</think>\n<answer>\n4\n</answer>",
    ],
)
def test_a_think_block_is_neither_taken_apart_nor_mended(text: str) -> None:
    assert utils.parse_assistant_message(object(), QWEN, [1], [2], cleaned_content=text) == (text, None, None)


def test_a_stream_is_not_parsed_either() -> None:
    assert utils.build_response_parser(object(), QWEN, [2]) is None
