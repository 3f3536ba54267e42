"""
The sidecar on a GPU, with models of a few thousand weights: the first thing to run on a machine that has one.

    .venv/bin/python -m pytest scripts/tests/test_gpu.py
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from conftest import RL_ROWS, SCRIPTS, SFT_ROWS, make_stage

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU: the sidecar's GPU code is not run")]
needs_vllm = pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed (it comes with the gpu packages)")
needs_bitsandbytes = pytest.mark.skipif(find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed (it comes with the gpu packages)")

WHOLE = {"loadIn4bit": False}
REWARD = "(row) => ({ letters: new Set(row.completion).size / 40 })"


@pytest.fixture(scope="session")
def base(make_base):
    """Heads of 64: what vLLM's kernels take."""
    return make_base(hidden=256)


@pytest.fixture
def gpu_stage(tmp_path, base, profiles):
    def make(name, rows, **options):
        return make_stage(tmp_path, profiles["gpu"], name, rows, base, **options)

    return make


def run(stage):
    """In a process of its own: CUDA does not survive a fork."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run([sys.executable, str(SCRIPTS / f"{stage.stage}.py"), str(stage.run_file)], capture_output=True, text=True, env=environment, timeout=900)
    (stage.folder / "log.txt").write_text(done.stdout + done.stderr)
    return done.returncode


def losses(stage):
    return [event["metrics"]["loss"] for event in stage.events("step")]


def test_sft_trains_without_padding_by_flash_attention(gpu_stage):
    sft = gpu_stage("sft", SFT_ROWS, models=WHOLE, gpu={"vllm": False}, sft={"learningRate": 0.01, "epochs": 4})
    assert run(sft) == 0, sft.log()
    assert "on  FlashAttention" in sft.log()
    assert losses(sft)[-1] < losses(sft)[0]
    assert sft.events("start")[0]["device"] == torch.cuda.get_device_name()


def test_flash_attention_s_losses_are_those_of_a_cpu(gpu_stage, stage, base):
    settings = {"loraDropout": 0.0, "epochs": 1, "gradientCheckpointing": True}
    here = gpu_stage("sft", SFT_ROWS, folder="gpu", models=WHOLE, sft=settings)
    cpu = stage("sft", SFT_ROWS, base=base, folder="cpu", sft={**settings, "learningRate": here.config["sft"]["learningRate"]})
    assert run(here) == 0, here.log()
    assert run(cpu) == 0, cpu.log()
    assert losses(here) == pytest.approx(losses(cpu), rel=0.02)  # bf16 against float32


@needs_bitsandbytes
def test_sft_trains_on_four_bit_weights_with_the_paged_optimizer_and_merges(gpu_stage):
    sft = gpu_stage("sft", SFT_ROWS, models={"loadIn4bit": True}, sft={"learningRate": 0.01, "epochs": 4})
    assert run(sft) == 0, sft.log()
    assert "on  paged 8-bit AdamW" in sft.log()
    assert losses(sft)[-1] < losses(sft)[0]
    merge = gpu_stage("merge", RL_ROWS, folder="merge", adapter=sft.folder / "adapter", models={"loadIn4bit": True})
    assert run(merge) == 0, merge.log()
    parity = json.loads((merge.folder / "parity.json").read_text())
    assert parity["parityAgree"] >= 0.8 * parity["parityPrompts"]


@needs_vllm
@pytest.mark.parametrize("sleep", [False, True])
def test_grpo_learns_with_vllm_in_the_trainer(gpu_stage, reward_module, sleep):
    gpu = {"vllm": True, "vllmSleep": sleep, "vllmMemoryShare": 0.2, "vllmCorrection": True}
    grpo = gpu_stage("grpo", RL_ROWS, models=WHOLE, gpu=gpu, reward=reward_module(REWARD), grpo={"startFromSft": False, "maxSteps": 4, "learningRate": 1e-3})
    assert run(grpo) == 0, grpo.log()
    assert "on  vLLM for the answers" in grpo.log()
    assert len(grpo.events("step")) == 4
    assert abs(grpo.events("step")[0]["metrics"]["sampling/sampling_logp_difference/mean"]) < 0.1  # vLLM answers as the trainer would


@needs_vllm
def test_grpo_with_vllm_resumes(gpu_stage, reward_module):
    grpo = gpu_stage("grpo", RL_ROWS, models=WHOLE, gpu={"vllm": True, "vllmMemoryShare": 0.2}, reward=reward_module(REWARD), grpo={"startFromSft": False, "maxSteps": 2, "learningRate": 1e-3})
    assert run(grpo) == 0, grpo.log()
    grpo.run_file.write_text(grpo.run_file.read_text().replace('"maxSteps": 2', '"maxSteps": 4'))
    assert run(grpo) == 0, grpo.log()
    assert [event["step"] for event in grpo.events("start")] == [0, 2]
