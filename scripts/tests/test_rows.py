import json

import pytest
from conftest import answer, question
from sidecar.failure import Failure
from sidecar.rows import IGNORED, assert_answer_is_whole, encode, messages, read_rows


@pytest.fixture(scope="module")
def tokenizer(base):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base)


def test_the_loss_sees_the_response_and_its_end_token_and_nothing_else(tokenizer):
    row = encode(tokenizer, "", question(1), answer(1))
    trained = [label for label in row.labels if label != IGNORED]
    assert tokenizer.decode(trained) == answer(1) + "<|im_end|>"
    assert (
        tokenizer.decode(row.input_ids)
        == f"<|im_start|>user\n{question(1)}<|im_end|>\n<|im_start|>assistant\n{answer(1)}<|im_end|>"
    )
    assert len(row.labels) == len(row.input_ids)


def test_a_system_message_is_written_only_when_there_is_one(tokenizer):
    assert [m["role"] for m in messages("", "q")] == ["user"]
    assert tokenizer.decode(encode(tokenizer, "Be brief.", "q", "a").input_ids).startswith(
        "<|im_start|>system\nBe brief.<|im_end|>"
    )


def test_a_template_that_opens_the_think_block_is_refused_for_grpo(tokenizer):
    asked = messages("", question(1))
    assert_answer_is_whole(tokenizer, asked)
    template = tokenizer.chat_template
    tokenizer.chat_template = template + "{% if add_generation_prompt %}{{ '<think>\n' }}{% endif %}"
    try:
        with pytest.raises(Failure, match="ends the prompt with <think>") as caught:
            assert_answer_is_whole(tokenizer, asked)
    finally:
        tokenizer.chat_template = template
    assert caught.value.cause == "bad_chat_template"


def test_a_response_that_holds_the_end_token_as_text_is_kept_whole(tokenizer):
    row = encode(tokenizer, "", "q", "a<|im_end|>b")
    assert tokenizer.decode([label for label in row.labels if label != IGNORED]) == "a<|im_end|>b<|im_end|>"


def test_a_template_that_writes_the_prompt_otherwise_is_refused(tokenizer):
    from transformers import AutoTokenizer

    other = AutoTokenizer.from_pretrained(tokenizer.name_or_path)
    other.chat_template = "{{ messages | length }}" + other.chat_template
    with pytest.raises(Failure) as caught:
        encode(other, "", "q", "a")
    assert caught.value.cause == "bad_chat_template"


GOOD = json.dumps({"id": "a", "prompt": "q"}).encode()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"id": "a", ', ":2: expected a JSON object"),
        (b'{"id": "\xff", "prompt": "q"}', ":2: expected a JSON object"),
        (b'{"id": "a"}', ":2: prompt: expected a text, found null"),
        (b'{"id": "a", "prompt": " "}', ":2: prompt: expected a text"),
        (b"[1]", ":2: id: expected a text"),
        (b'{"id": 7, "prompt": "q"}', ":2: id: expected a text, found 7"),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_field(tmp_path, line, says):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(GOOD + b"\n" + line + b"\n")
    with pytest.raises(Failure) as caught:
        read_rows(str(path), ["id", "prompt"])
    assert caught.value.cause == "bad_data"
    assert str(path) + says in caught.value.message


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_a_file_without_rows_is_an_error(tmp_path, content):
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(Failure, match="holds no rows"):
        read_rows(str(tmp_path / "rows.jsonl"), ["id"])
