import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest
import torch
from conftest import RL_ROWS, SCRIPTS, SFT_ROWS
from sidecar import ranks
from sidecar.events import EventLog
from stages import accelerate

VOWELS = "(row) => ({ vowels: (row.completion.match(/[aeiou]/g) ?? []).length / 16 })"


def launch(stage, processes=2, script=None):
    """
    As lib/run/process.ts starts it on a machine with GPUs; here the processes are on the CPU and meet
    through gloo.
    """
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [
            sys.executable,
            *accelerate(processes),
            *(script or [str(SCRIPTS / f"{stage.stage}.py")]),
            str(stage.run_file),
        ],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    (stage.folder / "log.txt").write_text(done.stdout + done.stderr)
    return done.returncode


def test_two_processes_share_a_step_and_learn_what_one_learns(stage):
    settings = {"loraDropout": 0.0, "epochs": 1}
    alone, shared = (stage("sft", SFT_ROWS, folder=name, sft=settings) for name in ("alone", "shared"))
    assert alone.run() == 0, alone.log()
    assert launch(shared) == 0, shared.log()
    assert shared.end() == ("done", None)
    # One process speaks, the effective batch is the config's, and so are the steps.
    assert (
        [e["step"] for e in shared.events("step")] == [e["step"] for e in alone.events("step")] == [1, 2, 3]
    )
    losses = [[e["metrics"]["loss"] for e in run.events("step")] for run in (alone, shared)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    for name, weight in alone.adapter().items():
        assert torch.allclose(weight, shared.adapter()[name], atol=1e-5), name


def on_cores(stage, kill_at=None):
    """Two processes as lib/run/process.ts starts them on a CPU; killed with the checkpoint `kill_at`."""
    command = [sys.executable, str(SCRIPTS / "on_cores.py"), "2", str(SCRIPTS / f"{stage.stage}.py")]
    with open(stage.folder / "log.txt", "a") as log:
        process = subprocess.Popen([*command, str(stage.run_file)], stdout=log, stderr=log)
    deadline = time.monotonic() + 300
    while kill_at is not None and not any(e["step"] >= kill_at for e in stage.events("checkpoint")):
        assert process.poll() is None and time.monotonic() < deadline, stage.log()
        time.sleep(0.01)
    if kill_at is not None:
        process.kill()
    return process.wait(timeout=300)


def learnt(stage, name):
    return [e["metrics"][name] for e in stage.events("step")]


def test_a_grpo_step_that_two_processes_share_answers_pays_and_learns_as_one_does(
    stage, reward_module, sft_adapter
):
    settings = {"maxSteps": 4, "microBatch": 8, "saveSteps": 2, "epochs": 2}
    reward = reward_module(VOWELS)
    alone, shared, killed = (
        stage("grpo", RL_ROWS, folder=name, adapter=sft_adapter, reward=reward, grpo=settings)
        for name in ("alone", "shared", "killed")
    )
    assert alone.run() == 0, alone.log()
    assert on_cores(shared) == 0, shared.log()
    assert shared.end() == ("done", None)
    texts = [
        [[s["completion"] for s in e["samples"]] for e in run.events("samples")] for run in (alone, shared)
    ]
    assert texts[0] == texts[1] and len(texts[0][0]) == 8
    for name in ("loss", "grad_norm", "kl", "entropy", "reward", "completions/mean_length"):
        assert learnt(shared, name) == pytest.approx(learnt(alone, name), rel=1e-3, abs=1e-6), name
    for name, weight in alone.adapter().items():
        assert torch.allclose(weight, shared.adapter()[name], atol=1e-4), name

    on_cores(killed, kill_at=2)
    assert not killed.events("end")
    assert on_cores(killed) == 0, killed.log()
    assert [e["step"] for e in killed.events("start")] == [0, 2]
    for name, weight in shared.adapter().items():
        assert torch.allclose(weight, killed.adapter()[name], atol=1e-6), name


def test_a_failure_of_one_of_two_processes_on_cores_ends_the_run_by_its_cause(stage, node_program):
    program = """
        import { createInterface } from "node:readline";
        for await (const line of createInterface({ input: process.stdin })) {
          const { batch, rows } = JSON.parse(line);
          if (process.env.RANK === "1") { console.error("Error: out of ideas"); process.exit(9); }
          const [paid, right] = [rows.map((row, i) => ({ total: i })), rows.map(() => 0)];
          console.log(JSON.stringify({ batch, rows: paid, right }));
        }"""
    grpo = stage("grpo", RL_ROWS, reward=node_program(program), grpo={"startFromSft": False, "microBatch": 8})
    assert on_cores(grpo) != 0
    assert grpo.end() == ("failed", "reward_process_died")
    assert "process 1 of 2" in grpo.events("end")[0]["message"]
    assert "out of ideas" in grpo.events("end")[0]["message"]


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("sft", {"batchSize": 3, "gradientAccumulation": 1}, "sft.batchSize: 3 × 2 processes"),
    ],
)
def test_a_micro_batch_that_the_processes_cannot_share_is_refused(
    stage, monkeypatch, reward_module, name, settings, says
):
    monkeypatch.setenv("WORLD_SIZE", "2")
    run = stage(
        name,
        SFT_ROWS if name == "sft" else RL_ROWS,
        reward=reward_module(VOWELS),
        **{name: {"startFromSft": False, **settings} if name == "grpo" else settings},
    )
    assert run.run() == 1
    assert run.end() == ("failed", "bad_run_file")
    assert says in run.events("end")[-1]["message"]


def test_the_failure_of_another_process_ends_the_run_by_its_cause(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "3")
    ended = []
    monkeypatch.setenv("RANK", "0")
    ranks.watch_others(tmp_path, lambda *found: ended.append(found))
    monkeypatch.setenv("RANK", "1")
    ranks.note(tmp_path, "cancelled", "followed somebody else")
    monkeypatch.setenv("RANK", "2")
    ranks.note(tmp_path, "reward_failed", "row 7")
    deadline = time.monotonic() + 5
    while not ended and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ended == [("reward_failed", "process 2 of 3: row 7")]


def test_the_first_process_and_one_that_is_done_leave_no_note(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    ranks.note(tmp_path, "error", "told in events.jsonl")
    monkeypatch.setenv("RANK", "1")
    ranks.note(tmp_path, None, None)
    assert ranks.noted(tmp_path) is None


SMALL = """
import os, runpy, sys

import torch
import trl

scripts, run_file = sys.argv[1:]
step = trl.SFTTrainer.training_step


def training_step(self, *args, **options):
    large = self.args.per_device_train_batch_size > 1
    if os.environ["RANK"] == "1" and large and self.state.global_step == 2:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    return step(self, *args, **options)


trl.SFTTrainer.training_step = training_step
load = torch.load
# of several processes on a CPU each is "cpu:0" to transformers
torch.load = lambda *args, **options: load(*args, **{**options, "map_location": "cpu"})
sys.path.insert(0, scripts)
sys.argv = [scripts + "/sft.py", run_file]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_out_of_memory_on_one_of_two_gpus_ends_the_run_by_name_and_keeps_its_checkpoints(stage, tmp_path):
    settings = {"loraDropout": 0.0, "epochs": 1, "saveSteps": 1, "batchSize": 4, "gradientAccumulation": 1}
    # processes on CPU cores share a batch: two rows each
    shared = stage("sft", SFT_ROWS, sft=settings)
    script = tmp_path / "small.py"
    script.write_text(SMALL)
    assert launch(shared, script=[str(script), str(SCRIPTS)]) != 0
    assert shared.end() == ("failed", "out_of_memory")
    assert "process 1 of 2: CUDA out of memory" in shared.events("end")[0]["message"]
    assert "sft.batchSize" in shared.events("end")[0]["message"]
    assert [event["step"] for event in shared.events("checkpoint")] == [1, 2]


def test_a_failure_of_all_processes_ends_the_run_once(stage):
    broken = stage("sft", SFT_ROWS, sft={"batchSize": 3, "gradientAccumulation": 1})
    assert launch(broken) != 0
    assert [event["cause"] for event in broken.events("end")] == ["bad_run_file"]


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_a_run_for_a_ray_cluster_without_ray_says_what_to_do(stage):
    lost = stage("sft", SFT_ROWS)
    done = subprocess.run(
        [
            sys.executable,
            str(SCRIPTS / "on_ray.py"),
            "auto",
            "2",
            str(SCRIPTS / "sft.py"),
            str(lost.run_file),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert lost.end() == ("failed", "no_ray")
    assert "install the gpu packages, or leave gpu.ray empty" in lost.events("end")[0]["message"]


def test_the_end_is_written_once(tmp_path):
    events = EventLog(tmp_path / "events.jsonl")
    events.end("reward_failed", "first")
    events.end("cancelled", "second")
    assert [json.loads(line)["cause"] for line in (tmp_path / "events.jsonl").read_text().splitlines()] == [
        "reward_failed"
    ]


@pytest.mark.parametrize(("met", "said"), [(True, ""), (False, "taken down\n")])
def test_a_process_that_vllm_is_in_ends_before_it_is_taken_down(tmp_path, met, said):
    """vLLM makes a process group, of this process alone."""
    meeting = f"dist.init_process_group('gloo', init_method='file://{tmp_path}/meet', rank=0, world_size=1)"
    program = f"""
import atexit, sys
import torch.distributed as dist
from sidecar.ranks import leave
atexit.register(print, "taken down")
{meeting if met else ""}
leave()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout) == (0, said), ended.stderr
