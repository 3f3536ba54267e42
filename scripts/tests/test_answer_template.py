"""What a chat template may not do to an answer that is trained on."""

import pytest
from sidecar.failure import Failure
from sidecar.rows import IGNORED, encode

TEXT = "<think>\n2 + 3\n</think>\n<answer>\n5\n</answer>"
PLAIN = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def tokenizer(base):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = PLAIN
    return tokenizer


def test_the_whole_answer_and_its_end_are_trained_on(tokenizer):
    row = encode(tokenizer, "", "2 + 3?", TEXT)
    assert tokenizer.decode([label for label in row.labels if label != IGNORED]) == TEXT + tokenizer.eos_token


def test_a_template_that_takes_the_thoughts_out_is_refused(tokenizer):
    tokenizer.chat_template = PLAIN.replace(
        "m.content", "(m.content.split('</think>')[-1] if m.role == 'assistant' else m.content)"
    )
    with pytest.raises(Failure, match="changes the answer"):
        encode(tokenizer, "", "2 + 3?", TEXT)


def test_an_end_token_that_the_template_never_writes_is_refused(tokenizer):
    tokenizer.chat_template = PLAIN.replace("<|im_end|>", "<end>")
    with pytest.raises(Failure, match="would not learn to stop"):
        encode(tokenizer, "", "2 + 3?", TEXT)
