"""
NF4 on a CPU, where bitsandbytes has slow but real kernels: the code that a small GPU runs. Skipped where
bitsandbytes is absent.
"""

import json

import pytest
import torch
from conftest import RL_ROWS, SFT_ROWS
from safetensors.torch import load_file

bitsandbytes = pytest.importorskip(
    "bitsandbytes", reason="bitsandbytes is not installed (it comes with the gpu packages): NF4 is not tried"
)

NF4 = {"loadIn4bit": True}


@pytest.fixture(scope="session")
def base(make_base):
    """Maps of more than 4,096 weights: bitsandbytes keeps smaller ones as they are."""
    return make_base(hidden=128)


@pytest.fixture
def qlora(stage, base):
    sft = stage(
        "sft", SFT_ROWS, base=base, folder="qlora", models=NF4, sft={"learningRate": 0.03, "epochs": 4}
    )
    assert sft.run() == 0, sft.log()
    return sft


def test_sft_learns_on_four_bit_weights(qlora):
    losses = [e["metrics"]["loss"] for e in qlora.events("step")]
    assert losses[-1] < losses[0] - 0.5
    lora = load_file(qlora.folder / "adapter" / "adapter_model.safetensors")
    assert not all(
        weight.equal(weight.bfloat16().float()) for weight in lora.values()
    )  # not what is left of it in bf16
    assert qlora.events("start")[0]["trainableParameters"] > 0


def test_grpo_goes_on_from_it_on_four_bit_weights(stage, base, qlora, reward_module):
    grpo = stage(
        "grpo",
        RL_ROWS,
        base=base,
        adapter=qlora.folder / "adapter",
        models=NF4,
        reward=reward_module("(row) => ({ brevity: 1 - row.tokens / 16 })"),
        grpo={"maxSteps": 2, "temperature": 1.5},
    )
    assert grpo.run() == 0, grpo.log()
    assert grpo.events("step")[0]["metrics"]["kl"] == pytest.approx(0, abs=1e-2)


def test_a_merge_is_into_what_the_four_bit_weights_stand_for_and_answers_as_the_trained_model_did(
    stage, base, qlora
):
    # Another arithmetic, not only another rounding: bitsandbytes multiplies in bf16 where the processor has
    # instructions for it.
    merge = stage(
        "merge",
        RL_ROWS,
        base=base,
        adapter=qlora.folder / "adapter",
        models=NF4,
        deploy={"parityTopTokens": 0.9},
    )
    assert merge.run() == 0, merge.log()
    parity = json.loads((merge.folder / "parity.json").read_text())
    assert parity["parityPrompts"] == 5
    assert parity["parityTopTokens"] >= 0.9
    assert parity["maxLogprobDifference"] < 1

    before, after, lora = (
        load_file(base / "model.safetensors"),
        load_file(merge.folder / "merged" / "model.safetensors"),
        load_file(qlora.folder / "adapter" / "adapter_model.safetensors"),
    )
    assert {str(weight.dtype) for weight in after.values()} == {
        "torch.float32"
    }  # a CPU's; never packed in four bits
    assert "quantization_config" not in json.loads((merge.folder / "merged" / "config.json").read_text())
    name = "model.layers.1.mlp.up_proj"
    a, b = (lora[f"base_model.model.{name}.lora_{factor}.weight"].float() for factor in "AB")
    scale = merge.config["sft"]["loraAlpha"] / merge.config["sft"]["loraRank"]
    weight = before[f"{name}.weight"].float()
    packed, state = bitsandbytes.functional.quantize_4bit(weight, quant_type="nf4", compress_statistics=True)
    rounded = bitsandbytes.functional.dequantize_4bit(packed, state)
    assert torch.allclose(after[f"{name}.weight"], rounded + scale * b @ a, atol=1e-3)
    assert (rounded - weight).abs().max() > 0.01  # the rounding that the adapter learned beside
    assert after["model.embed_tokens.weight"].equal(before["model.embed_tokens.weight"].float())
