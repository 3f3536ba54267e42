import json
import sys
from dataclasses import replace

import pytest
import torch
from conftest import SFT_ROWS, answer, question
from pydantic import TypeAdapter
from sidecar import flash
from sidecar.colocate import as_out_of_memory, colocated, vllm_arguments
from sidecar.failure import Failure
from sidecar.runfile import RunFile
from sidecar.speed import speed_of
from test_runfile import run_json


def run_of(profiles, **sections):
    value = run_json(profiles, "gpu")
    value["config"] = {
        **value["config"],
        **{name: {**value["config"][name], **values} for name, values in sections.items()},
    }
    return TypeAdapter(RunFile).validate_json(json.dumps(value))


@pytest.fixture
def rows(base):
    """Rows of different lengths as TRL's collators make them: laid end to end, and padded."""
    from transformers import AutoTokenizer
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    tokenizer = AutoTokenizer.from_pretrained(base)
    examples = [
        {"input_ids": ids, "labels": [-100] * 3 + ids[3:]}
        for ids in (tokenizer(question(i) + answer(i))["input_ids"][: 12 + 9 * i] for i in range(4))
    ]
    assert len({len(e["input_ids"]) for e in examples}) == 4
    return tuple(
        DataCollatorForLanguageModeling(pad_token_id=tokenizer.pad_token_id, padding_free=flat)(examples)
        for flat in (True, False)
    )


def model_of(base):
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="sdpa").eval()


def test_rows_laid_end_to_end_give_the_logits_of_padded_rows(base, rows):
    """
    The plumbing of the flash path (TRL's collator, the model, our attention), with plain attention in the
    kernel's place.
    """
    flat, padded = rows
    model = model_of(base)
    expected = model(input_ids=padded["input_ids"], attention_mask=padded["attention_mask"]).logits[
        padded["attention_mask"].bool()
    ]
    flash.use_kernel(model, flash.one_by_one)
    inputs = {
        name: flat[name]
        for name in (
            "input_ids",
            "position_ids",
            "cu_seq_lens_q",
            "cu_seq_lens_k",
            "max_length_q",
            "max_length_k",
        )
    }
    assert torch.allclose(model(**inputs).logits[0], expected, atol=1e-5)


def test_sft_without_padding_learns_what_padded_sft_learns(stage, monkeypatch):
    """The whole stage on a CPU, with plain attention a row at a time where a GPU has its flash kernel."""
    padded, flat = (
        stage("sft", SFT_ROWS, folder=name, sft={"loraDropout": 0.0}) for name in ("padded", "flat")
    )
    assert padded.run() == 0, padded.log()
    monkeypatch.setattr(flash, "working_kernel", lambda device: (flash.one_by_one, "a row at a time"))
    assert flat.run() == 0, flat.log()
    losses = [[e["metrics"]["loss"] for e in run.events("step")] for run in (padded, flat)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    for name, weight in padded.adapter().items():
        assert torch.allclose(weight, flat.adapter()[name], atol=1e-4), name


def test_a_padded_batch_is_refused_where_rows_are_read_end_to_end(base, rows):
    model = model_of(base)
    flash.use_kernel(model, flash.one_by_one)
    with pytest.raises(ValueError, match="padding_free"):
        model(input_ids=rows[1]["input_ids"], attention_mask=rows[1]["attention_mask"])


def test_a_kernel_that_lets_rows_see_each_other_is_told_from_one_that_does_not():
    def one_row(query, key, value, sequences, scale):
        return flash.one_by_one(
            query,
            key,
            value,
            replace(sequences, queries=sequences.queries[[0, -1]], keys=sequences.keys[[0, -1]]),
            scale,
        )

    def small_slip(*arguments):
        return flash.one_by_one(*arguments).to(torch.float16).to(arguments[0].dtype)

    assert flash.difference(flash.one_by_one, "cpu") == 0
    assert flash.difference(small_slip, "cpu") < flash.TOLERANCE
    assert flash.difference(one_row, "cpu") > 5 * flash.TOLERANCE


def test_a_cpu_has_no_flash_kernel_and_the_log_says_so(profiles):
    assert flash.working_kernel("cpu") == (None, "torch's flash kernel runs on a GPU only")
    speed = speed_of(run_of(profiles), "cpu")
    assert (speed.kernel, speed.arguments) == (None, {})
    assert [line[:3] for line in speed.lines] == ["off", "on ", "off", "on ", "on "]
    assert "off FlashAttention, rows without padding: torch's flash kernel runs on a GPU only" in speed.lines


def test_without_peft_s_casts_autocast_gives_the_same_answers_and_gradients(base):
    from peft.helpers import disable_input_dtype_casting
    from sidecar.model import new_adapter

    found = []
    for spare in (False, True):
        torch.manual_seed(0)
        model = new_adapter(model_of(base).to(torch.bfloat16), rank=4, alpha=8, dropout=0.0)
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.1)
        with disable_input_dtype_casting(model, active=spare), torch.autocast("cpu", torch.bfloat16):
            out = model(input_ids=torch.arange(3, 40)[None]).logits
        out.float().square().mean().backward()
        found.append([out.detach(), *(p.grad for p in model.parameters() if p.grad is not None)])
    assert len(found[0]) == 1 + 2 * 7 * 2
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_vllm_s_arguments_are_ones_that_trl_has_and_hold_the_config_s_values(profiles, tmp_path):
    from trl import GRPOConfig

    run = run_of(
        profiles,
        models={"loadIn4bit": False},
        gpu={"vllmSleep": True, "vllmMemoryShare": 0.25, "vllmCorrection": False},
    )
    config = GRPOConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, **colocated(run, 100))
    assert (config.use_vllm, config.vllm_mode, config.vllm_max_model_length) == (
        True,
        "colocate",
        100 + run.config.grpo.max_tokens,
    )
    assert (
        config.vllm_gpu_memory_utilization,
        config.vllm_enable_sleep_mode,
        config.vllm_importance_sampling_correction,
    ) == (0.25, True, False)


def test_vllm_that_is_not_installed_is_told_before_anything_is_loaded(profiles, monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)  # as if it were not installed
    with pytest.raises(Failure, match="not installed") as caught:
        vllm_arguments(run_of(profiles, models={"loadIn4bit": False}), "cuda", 100)
    assert caught.value.cause == "no_vllm"


def test_vllm_is_left_alone_on_a_cpu_and_where_it_is_off(profiles):
    assert vllm_arguments(run_of(profiles), "cpu", 0) == {"use_vllm": False}
    assert vllm_arguments(run_of(profiles, gpu={"vllm": False}), "cuda", 100) == {"use_vllm": False}


def test_vllm_and_four_bits_are_refused_together(profiles):
    with pytest.raises(Failure, match="bf16 weights") as caught:
        vllm_arguments(run_of(profiles), "cuda", 100)
    assert caught.value.cause == "bad_run_file"


@pytest.mark.parametrize(
    "text",
    [
        "Free memory on device (3.1/79.6 GiB) on startup is less than desired GPU memory utilization "
        "(0.3): lower gpu_memory_utilization.\nmore",
        "No available memory for the cache blocks.",
    ],
)
def test_vllm_without_room_is_out_of_memory_with_what_to_set(text):
    failure = as_out_of_memory(ValueError(text))
    assert failure.cause == "out_of_memory"
    assert "gpu.vllmSleep" in failure.message
    assert as_out_of_memory(ValueError("another")) is None
