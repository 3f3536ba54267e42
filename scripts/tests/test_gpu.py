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
from conftest import GPUS, RL_ROWS, ROOT, SCRIPTS, SFT_ROWS, question
from stages import accelerate, make_stage

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not GPUS, reason="no GPU: the sidecar's GPU code is not run"),
]
needs_vllm = pytest.mark.skipif(
    find_spec("vllm") is None, reason="vLLM is not installed (it comes with the gpu packages)"
)
needs_two = pytest.mark.skipif(
    len(GPUS) < 2, reason="one GPU at most: several processes are tried on the CPU only (test_ranks.py)"
)
needs_bitsandbytes = pytest.mark.skipif(
    find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed (it comes with the gpu packages)"
)

WHOLE = {"loadIn4bit": False}
REWARD = "(row) => ({ letters: new Set(row.completion).size / 40 })"


@pytest.fixture(scope="session")
def base(make_base):
    """Heads of 64: what vLLM's kernels take."""
    return make_base(hidden=256)


@pytest.fixture
def gpu_stage(tmp_path, base, profiles):
    def make(name, rows, base=base, **options):
        return make_stage(tmp_path, profiles["gpu"], name, rows, base, prompt={"system": ""}, **options)

    return make


def environment(gpus=1):
    """A process of ours sees the GPUs that it is to use, as lib starts it."""
    return {
        **{name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"},
        "CUDA_VISIBLE_DEVICES": ",".join([*GPUS][:gpus]),
    }


def run(stage, gpus=1):
    return launch(stage, gpus, SCRIPTS / f"{stage.stage}.py", stage.run_file)


def launch(stage, gpus, *script):
    """A process of its own, since CUDA does not survive a fork; accelerate launch on several GPUs."""
    launcher = accelerate(gpus, precision="bf16") if gpus > 1 else []
    done = subprocess.run(
        [sys.executable, *launcher, *map(str, script)],
        capture_output=True,
        text=True,
        env=environment(gpus),
        timeout=900,
    )
    (stage.folder / "log.txt").write_text(done.stdout + done.stderr)
    return done.returncode


def losses(stage):
    return [event["metrics"]["loss"] for event in stage.events("step")]


def test_a_kernel_of_this_gpu_agrees_with_plain_attention():
    program = """from sidecar import flash
kernel, why = flash.working_kernel("cuda")
assert kernel, why
print(max(flash.difference(kernel, "cuda", prefix=prefix) for prefix in (False, True)) / flash.TOLERANCE)"""
    tried = subprocess.run(
        [sys.executable, "-c", program],
        cwd=SCRIPTS,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=300,
    )
    assert tried.returncode == 0, tried.stderr
    assert float(tried.stdout) < 1


PACKED = """
import json, sys
from functools import partial

scripts, base, folder, device = sys.argv[1:]
sys.path[:0] = [scripts, scripts + "/tests"]
import torch
from peft.helpers import disable_input_dtype_casting
from sidecar import flash
from sidecar.fused_lora import fuse
from sidecar.packed_grpo import PackedGRPOTrainer
from trainers import gradients, inputs_of, lora_policy, trainer_of
from transformers import AutoTokenizer
from trl import GRPOTrainer

kernel = flash.one_by_one if device == "cpu" else flash.working_kernel(device)[0]
tokenizer = AutoTokenizer.from_pretrained(base, padding_side="left")
prompts = [list(range(3, 3 + n)) for n in (40, 71, 25)]
lengths = [30, 4, 0, 61, 17, 2, 40, 9, 33, 50, 21, 12]


def log_probs(trainer, batch):
    ids, mask = (torch.cat([batch[f"prompt_{x}"], batch[f"completion_{x}"]], 1) for x in ("ids", "mask"))
    answered = batch["completion_ids"].size(1)
    return trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, answered)[0]


def score(kind, dtype, center=None):
    policy = lora_policy(base, device, dtype)
    count = len(lengths)
    settings = dict(use_cpu=device == "cpu", bf16=dtype == torch.bfloat16)
    settings |= dict(per_device_train_batch_size=count, gradient_accumulation_steps=1)
    trainer = trainer_of(kind, policy, tokenizer, folder, **settings)
    trainer.current_gradient_accumulation_steps = 1
    if kind is not GRPOTrainer:
        flash.use_kernel(trainer.model.get_base_model(), kernel)
        assert fuse(trainer.model)
    trainer.model.train()
    known = {}

    def scored(batch):
        batch = {name: value.to(device) for name, value in batch.items()}
        known["logps"] = (log_probs(trainer, batch) * batch["completion_mask"]).cpu()
        return known["logps"] if center is None else center  # one reference for all

    batch = {name: value.to(device) for name, value in inputs_of(prompts, lengths, scored).items()}
    with disable_input_dtype_casting(trainer.model, active=dtype == torch.bfloat16):
        loss = trainer.compute_loss(trainer.model, batch)
        loss.backward()
    slopes = [slope.flatten().float().cpu() for slope in gradients(trainer.model).values()]
    return known["logps"], torch.cat(slopes)


exact = score(GRPOTrainer, torch.float32)
padded = score(GRPOTrainer, torch.bfloat16, exact[0])
found = {}
for share in (True, False):
    packed = score(partial(PackedGRPOTrainer, room=200, share=share), torch.bfloat16, exact[0])
    for name, a, b, c in zip(("logps", "gradients"), exact, padded, packed):
        found[f"{name} {share}"] = [((x - a).norm() / a.norm()).item() for x in (b, c)]
print(json.dumps(found))
"""


def test_grpo_without_padding_is_as_near_to_float32_as_padded_bf16_is(base, tmp_path):
    program = tmp_path / "packed.py"
    program.write_text(PACKED)
    done = subprocess.run(
        [sys.executable, program, SCRIPTS, base, tmp_path, "cuda"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    for name, (padded, packed) in json.loads(done.stdout.splitlines()[-1]).items():
        assert packed < max(1.5 * padded, 1e-4), (name, padded, packed)


def test_sft_trains_without_padding_by_flash_attention(gpu_stage):
    sft = gpu_stage(
        "sft", SFT_ROWS, models=WHOLE, gpu={"vllm": False}, sft={"learningRate": 0.01, "epochs": 4}
    )
    assert run(sft) == 0, sft.log()
    assert "on  FlashAttention" in sft.log()
    assert losses(sft)[-1] < losses(sft)[0]
    assert sft.events("start")[0]["device"] == next(iter(GPUS.values()))


def test_flash_attention_s_losses_are_those_of_a_cpu(gpu_stage, stage, base):
    settings = {"loraDropout": 0.0, "epochs": 1, "gradientCheckpointing": True}
    here = gpu_stage("sft", SFT_ROWS, folder="gpu", models=WHOLE, sft=settings)
    cpu = stage(
        "sft",
        SFT_ROWS,
        base=base,
        folder="cpu",
        sft={**settings, "learningRate": here.config["sft"]["learningRate"]},
    )
    assert run(here) == 0, here.log()
    assert run(cpu) == 0, cpu.log()
    assert losses(here) == pytest.approx(losses(cpu), rel=0.02)  # bf16 against float32


LIMITED = """
import json, os, runpy, sys
import torch

scripts, run_file, bytes_allowed, peak = sys.argv[1:]
gpu = int(os.environ.get("LOCAL_RANK", "0"))
if int(bytes_allowed):
    there = torch.cuda.get_device_properties(gpu).total_memory
    torch.cuda.set_per_process_memory_fraction(int(bytes_allowed) / there, gpu)
sys.path.insert(0, scripts)
sys.argv = [scripts + "/sft.py", run_file]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    if gpu == 0:
        with open(peak, "w") as file:
            cuda = torch.cuda
            peaks = {"allocated": cuda.max_memory_allocated(), "reserved": cuda.max_memory_reserved()}
            json.dump(peaks, file)
"""


def run_within(stage, gpus, bytes_allowed=0):
    """
    sft.py in processes that may take so many bytes of their GPU (0: all). Returns its status and the most
    that the first one took.
    """
    wrapper, peak = stage.folder / "limited.py", stage.folder / "peak.json"
    wrapper.write_text(LIMITED)
    status = launch(stage, gpus, wrapper, SCRIPTS, stage.run_file, bytes_allowed, peak)
    return status, json.loads(peak.read_text()) if peak.exists() else {}


@pytest.mark.parametrize("gpus", [1, pytest.param(2, marks=needs_two)])
def test_sft_that_runs_out_of_memory_goes_on_with_half_the_rows_and_the_same_effective_batch(gpu_stage, gpus):
    # Rows of 1,850 tokens, nearly maxLength: no smaller pass is filled up. A pass's activations are some GiB,
    # the model a few MiB, so a whole pass takes nearly twice the memory of half of one.
    rows = [
        {**SFT_ROWS[0], "id": f"q{i}", "response": SFT_ROWS[0]["response"] * 60} for i in range(32 * gpus)
    ]
    settings = {"epochs": 1, "maxLength": 2048, "loraDropout": 0.0, "gradientCheckpointing": False}

    def make(folder, micro, accumulation):
        return gpu_stage(
            "sft",
            rows,
            folder=folder,
            models=WHOLE,
            gpu={"vllm": False},
            sft={**settings, "batchSize": micro, "gradientAccumulation": accumulation * gpus},
        )

    whole, half, limited = make("whole", 16, 1), make("half", 8, 2), make("limited", 16, 1)
    status, of_whole = run_within(whole, gpus)
    assert status == 0, whole.log()
    status, of_half = run_within(half, gpus)
    assert status == 0, half.log()
    # what torch holds beyond what is in use it gives back before it gives up
    allowed = of_whole["allocated"] * 9 // 10
    assert of_half["allocated"] < 0.8 * allowed, (
        "half a pass takes nearly as much as a whole one: use longer rows"
    )

    status, _ = run_within(limited, gpus, allowed)
    assert status == 0, limited.log()
    assert limited.end() == ("done", None)
    (warning,) = [event for event in limited.events("warning") if event["code"] == "out_of_memory"]
    assert "8 × 2 = 16" in warning["message"]
    assert len(losses(limited)) == len(losses(whole)) == 2  # 32 rows a GPU / 16
    assert losses(limited) == pytest.approx(losses(half), rel=0.02)


@needs_bitsandbytes
def test_sft_trains_on_four_bit_weights_and_merges(gpu_stage):
    trained = (
        ROOT / "ckpts" / "tiny" / "base"
    )  # a random base magnifies: bf16 rounding alone changes 30 % of its greedy answers
    sft = gpu_stage(
        "sft", SFT_ROWS, base=trained, models={"loadIn4bit": True}, sft={"learningRate": 0.01, "epochs": 4}
    )
    assert run(sft) == 0, sft.log()
    assert "on  4-bit weights" in sft.log()
    assert losses(sft)[-1] < losses(sft)[0]
    rows = [{**RL_ROWS[0], "id": f"q{i}", "prompt": question(i)} for i in range(64)]
    merge = gpu_stage(
        "merge",
        rows,
        base=trained,
        folder="merge",
        adapter=sft.folder / "adapter",
        models={"loadIn4bit": True},
        deploy={"parityPrompts": 64, "parityTopTokens": 0.9},
    )
    assert run(merge) == 0, merge.log()
    parity = json.loads((merge.folder / "parity.json").read_text())
    assert parity["parityTopTokens"] >= merge.config["deploy"]["parityTopTokens"]
    assert parity["paritySeconds"] <= 30


@needs_vllm
@pytest.mark.parametrize("sleep", [False, True])
def test_grpo_learns_with_vllm_in_the_trainer(gpu_stage, reward_module, sleep):
    gpu = {"vllm": True, "vllmSleep": sleep, "vllmMemoryShare": 0.2, "vllmCorrection": True}
    grpo = gpu_stage(
        "grpo",
        RL_ROWS,
        models=WHOLE,
        gpu=gpu,
        reward=reward_module(REWARD),
        grpo={"startFromSft": False, "maxSteps": 4, "learningRate": 1e-2},
    )
    assert run(grpo) == 0, grpo.log()
    assert "on  vLLM for the answers" in grpo.log()
    # vLLM answers as the trainer would, with the adapter as it is by then. Rounding to bf16 moves this base's
    # log-probabilities by 0.1 on average (it is random, and magnifies), four such steps by 3, the weights of
    # another model by 13.
    differences = [
        event["metrics"]["sampling/sampling_logp_difference/mean"] for event in grpo.events("step")
    ]
    assert len(differences) == 4
    assert max(differences) < 0.5, differences


@needs_vllm
def test_answers_that_are_scheduled_as_a_whole_are_those_of_vllm_s_own_scheduler(base):
    script = SCRIPTS / "tests" / "vllm_answers.py"
    done = subprocess.run(
        [sys.executable, str(script), str(base)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    (tokens, scores), (same_tokens, same_scores) = json.loads(done.stdout.splitlines()[-1])
    assert tokens == same_tokens
    assert len({tuple(answer) for answer in tokens}) > 8  # drawn, not the likeliest of each prompt
    for found, expected in zip(scores, same_scores, strict=True):
        assert found == pytest.approx(expected, abs=1e-4)


@needs_vllm
def test_a_seed_decides_vllm_s_answers_and_packing_does_not_change_what_is_learned_from_them(
    gpu_stage, reward_module
):
    def steps(folder, seed, packed):
        # the correction multiplies rounding over all tokens of an answer, differently in both ways
        gpu = {"vllm": True, "vllmMemoryShare": 0.2, "vllmCorrection": False, "packed": packed}
        # none of these answers ends within its 16 tokens
        settings = {
            "startFromSft": False,
            "maxSteps": 1,
            "learningRate": 1e-3,
            "warmupShare": 0,
            "maskTruncated": False,
        }
        grpo = gpu_stage(
            "grpo",
            RL_ROWS,
            folder=folder,
            seed=seed,
            models=WHOLE,
            gpu=gpu,
            reward=reward_module(REWARD),
            grpo=settings,
        )
        assert run(grpo) == 0, grpo.log()
        assert ("on  FlashAttention" in grpo.log()) == packed
        (step,), (samples,) = grpo.events("step"), grpo.events("samples")
        assert {
            "seconds/sync",
            "seconds/generate",
            "seconds/reward",
            "seconds/score",
            "seconds/update",
        } <= step["metrics"].keys()
        return step["metrics"], [s["completion"] for s in samples["samples"]]

    first, answers = steps("first", 1, True)
    padded, same_answers = steps("padded", 1, False)
    _, other_answers = steps("other", 2, True)
    assert answers == same_answers
    assert answers != other_answers
    assert first["entropy"] == pytest.approx(padded["entropy"], rel=0.02)
    assert first["grad_norm"] == pytest.approx(
        padded["grad_norm"], rel=0.1
    )  # a random base magnifies bf16's rounding


@needs_vllm
def test_grpo_with_vllm_resumes(gpu_stage, reward_module):
    grpo = gpu_stage(
        "grpo",
        RL_ROWS,
        models=WHOLE,
        gpu={"vllm": True, "vllmMemoryShare": 0.2},
        reward=reward_module(REWARD),
        grpo={"startFromSft": False, "maxSteps": 2, "learningRate": 1e-3},
    )
    assert run(grpo) == 0, grpo.log()
    grpo.run_file.write_text(grpo.run_file.read_text().replace('"maxSteps": 2', '"maxSteps": 4'))
    assert run(grpo) == 0, grpo.log()
    assert [event["step"] for event in grpo.events("start")] == [0, 2]


@pytest.mark.parametrize("in_4bit", [False, True])
def test_grpo_without_vllm_generates_learns_and_resumes(gpu_stage, reward_module, in_4bit):
    if in_4bit:
        pytest.importorskip(
            "bitsandbytes", reason="bitsandbytes is not installed (it comes with the gpu packages)"
        )
    grpo = gpu_stage(
        "grpo",
        RL_ROWS,
        models={"loadIn4bit": in_4bit},
        gpu={"vllm": False},
        reward=reward_module(REWARD),
        grpo={"startFromSft": False, "maxSteps": 2, "learningRate": 1e-3},
    )
    assert run(grpo) == 0, grpo.log()
    grpo.run_file.write_text(grpo.run_file.read_text().replace('"maxSteps": 2', '"maxSteps": 4'))
    assert run(grpo) == 0, grpo.log()
    assert [event["step"] for event in grpo.events("start")] == [0, 2]


@needs_two
def test_two_gpus_share_the_steps_of_sft_and_learn_what_one_learns(gpu_stage):
    # Three steps: a random base magnifies bf16 rounding, and each step what came before it (after six the
    # losses are 3 % apart).
    settings = {
        "loraDropout": 0.0,
        "epochs": 1,
        "learningRate": 0.01,
        "batchSize": 2,
        "gradientAccumulation": 2,
    }
    one, two = (
        gpu_stage("sft", SFT_ROWS, folder=f"on-{gpus}", models=WHOLE, gpu={"vllm": False}, sft=settings)
        for gpus in (1, 2)
    )
    assert run(one) == 0, one.log()
    assert run(two, gpus=2) == 0, two.log()
    assert two.end() == ("done", None)
    assert losses(two) == pytest.approx(losses(one), rel=0.02)


@needs_two
@needs_vllm
def test_two_gpus_share_the_answers_of_grpo_each_with_a_vllm_of_its_own(gpu_stage, reward_module):
    settings = {"startFromSft": False, "maxSteps": 2, "learningRate": 1e-3, "microBatch": 4}
    grpo = gpu_stage(
        "grpo",
        RL_ROWS,
        models=WHOLE,
        gpu={"vllm": True, "vllmMemoryShare": 0.2},
        reward=reward_module(REWARD),
        grpo=settings,
    )
    assert run(grpo, gpus=2) == 0, grpo.log()
    assert grpo.end() == ("done", None)
    assert len(grpo.events("step")) == 2
