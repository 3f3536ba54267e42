"""
The baselines and data of `npm run bench:gpu` on a model of a few thousand weights: the very scripts, on a
CPU.
"""

import json
import statistics
import sys

import pytest
from conftest import SCRIPTS

sys.path.insert(0, str(SCRIPTS / "bench"))
import first_step_session
import make_rows
import plain_generate
import plain_grpo
import plain_sft
import plain_sft_trl
import random_model
from sidecar.rows import encode

SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 400,
    "tie_word_embeddings": True,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("random")
    random_model.main(folder, SHAPE, None, "cpu")
    return folder


@pytest.fixture(scope="module")
def tokenizer(model):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(model)


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_a_random_model_has_the_shape_and_a_text_for_every_number(model, tokenizer):
    from transformers import AutoModelForCausalLM

    loaded = AutoModelForCausalLM.from_pretrained(model)
    assert {name: getattr(loaded.config, name) for name in SHAPE} == SHAPE
    assert str(loaded.dtype) == "torch.bfloat16"
    assert len({tokenizer.decode([i]) for i in range(300, 400)}) == 100
    assert (
        tokenizer.decode(tokenizer("<think>\n利润 1\n</think>")["input_ids"]) == "<think>\n利润 1\n</think>"
    )


def test_lengths_are_log_normal_with_the_median_and_mean_that_are_asked_for():
    drawn = make_rows.lengths(20_000, 550, 700, cut=100_000)
    assert statistics.median(drawn) == pytest.approx(550, rel=0.03)
    assert statistics.mean(drawn) == pytest.approx(700, rel=0.03)
    assert max(make_rows.lengths(2000, 550, 700, cut=2048)) == 2048
    assert make_rows.lengths(50, 550, 700, 2048) == make_rows.lengths(50, 550, 700, 2048)


@pytest.mark.parametrize("length", [100, 333, 512])
def test_a_row_has_the_tokens_that_are_asked_for(tokenizer, length):
    row = make_rows.row_of(tokenizer, 7, length)
    assert length - 2 <= len(encode(tokenizer, "", row["prompt"], row["response"]).input_ids) <= length
    question = make_rows.question_of(tokenizer, 7, length)
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": question["prompt"]}], add_generation_prompt=True, return_dict=True
    )["input_ids"]
    assert length - 2 <= len(asked) <= length


def test_the_plain_sft_loop_counts_real_tokens_only(model, tokenizer, tmp_path):
    rows = write(
        tmp_path / "rows.jsonl", [make_rows.row_of(tokenizer, i, 120 + 40 * (i % 3)) for i in range(6)]
    )
    few = [str(model), rows, "--batch", "3", "--steps", "2", "--device", "cpu"]
    for more in ([], ["--checkpointing"]):
        found = plain_sft.main(plain_sft.options_of([*few, *more]))
        assert found["tokensPerSecond"] > 0
        assert len(found["steps"]) == 2
        assert found["loss"] == pytest.approx(6, abs=1)  # ln 400


def test_trl_s_sft_baseline_counts_the_tokens_of_its_steps(model, tokenizer, tmp_path):
    lengths = [120 + 40 * (i % 3) for i in range(6)]
    rows = write(
        tmp_path / "rows.jsonl", [make_rows.row_of(tokenizer, i, length) for i, length in enumerate(lengths)]
    )
    few = ["--batch", "3", "--steps", "2", "--device", "cpu"]
    found = plain_sft_trl.main(plain_sft_trl.options_of([str(model), rows, *few]))
    assert len(found["steps"]) == 2
    assert 0 < min(found["steps"]) <= found["tokensPerSecond"] <= max(found["steps"])


def test_the_plain_generation_and_grpo_baselines_run(model, tokenizer, tmp_path):
    rows = write(tmp_path / "rows.jsonl", [make_rows.question_of(tokenizer, i, 80) for i in range(8)])
    few = ["--batch", "2", "--batches", "2", "--tokens", "6", "--device", "cpu"]
    found = plain_generate.main(plain_generate.options_of([str(model), rows, *few]))
    assert found["tokensPerSecond"] > 0
    assert len(found["batches"]) == 2
    few = ["--prompts", "2", "--answers", "2", "--tokens", "8", "--batch", "4", "--steps", "1"]
    found = plain_grpo.main(plain_grpo.options_of([str(model), rows, *few, "--device", "cpu"]))
    assert found["secondsPerStep"] > 0
    assert len(found["steps"]) == 1
    assert found["meanLength"] == 8


@pytest.mark.parametrize("stage", ["sft", "grpo"])
def test_a_session_runs_the_notebook_down_to_its_training_cell_and_again_with_another_value(stage):
    before, training = first_step_session.cells_of(SCRIPTS.parent, stage)
    assert len(before) >= 4
    assert "onProgress" in training and not any("await train" in source for source in before)
    lines = first_step_session.with_other_value(before, stage).splitlines()
    assert f"const lab = openLab({{ {first_step_session.OTHER_VALUE[stage]}," in lines


def test_the_first_step_is_read_from_whole_lines_alone(tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text('{"event": "start", "time": 1}\n{"event": "step", "ti')
    assert first_step_session.first_step(events) is None
    events.write_text('{"event": "start", "time": 1}\n{"event": "step", "time": 4.5}\n')
    assert first_step_session.first_step(events) == 4.5
