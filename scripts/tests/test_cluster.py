"""What runs on a cluster's machines and is no part of Ray: one process of a stage, a look at the files."""

import json
import signal
import sys
import time
from pathlib import Path

import pytest
from sidecar.cluster import handed_on, look_around
from sidecar.on_worker import Child, cancel_file, last_event, log_of, work_alone

END = '{"event": "end", "status": "failed", "cause": "no_rows"}'
FAILS = f"open('events.jsonl', 'a').write({END!r} + chr(10)); raise SystemExit(1)"


@pytest.fixture
def task(tmp_path):
    """task(program) → what Ray hands to a worker, whose stage is that Python program."""

    def make(program):
        (tmp_path / "stage.py").write_text(program)
        (tmp_path / "events.jsonl").write_text('{"event": "end", "cause": "of an earlier start"}\n')
        return {
            "command": [sys.executable, str(tmp_path / "stage.py")],
            "run_dir": str(tmp_path),
            "events_from": (tmp_path / "events.jsonl").stat().st_size,
            "environment": {"FROM_THE_DRIVER": "yes"},
        }

    return make


def test_a_process_has_its_place_and_what_the_driver_hands_on(task):
    names = ("RANK", "WORLD_SIZE", "MASTER_PORT", "FROM_THE_DRIVER")
    told = task(f"import os; print([os.environ.get(name) for name in {names}])")
    child = Child(told, RANK=1, WORLD_SIZE=2, MASTER_PORT=7)
    while not child.look():
        pass
    assert log_of(Path(told["run_dir"]), 1).read_text() == "['1', '2', '7', 'yes']\n"


@pytest.mark.parametrize(("handed", "there"), [({}, "None"), ({"ACCELERATE_TORCH_DEVICE": "cpu"}, "cpu")])
def test_a_process_takes_its_device_from_its_rank_and_not_from_rays_worker(task, monkeypatch, handed, there):
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", "cuda:1")
    told = task("import os; print(os.environ.get('ACCELERATE_TORCH_DEVICE'))")
    told["environment"] |= handed
    work_alone(told)
    assert log_of(Path(told["run_dir"]), 0).read_text() == f"{there}\n"


def test_a_failure_that_has_a_name_is_an_end_and_not_a_loss(task):
    named = task(FAILS)
    work_alone(named)
    assert last_event(named, "end")["cause"] == "no_rows"


def test_a_process_that_goes_without_a_word_is_lost(task):
    with pytest.raises(RuntimeError, match="process 0 of 1 on .* was lost: out of luck"):
        work_alone(task("import os, sys; print('out of luck', flush=True); os.kill(os.getpid(), 9)"))


def test_another_process_that_names_its_failure_is_no_loss(task, tmp_path):
    child = Child(task("raise SystemExit(1)"), RANK=1, WORLD_SIZE=2)
    (tmp_path / "failure-1.json").write_text(json.dumps(["reward_failed", "process 1 of 2: row 7"]))
    while not child.look():
        pass


def test_a_cancellation_reaches_the_process(task, tmp_path):
    child = Child(task("import time; time.sleep(600)"), RANK=0, WORLD_SIZE=1)
    assert not child.look()
    cancel_file(tmp_path).touch()
    deadline = time.monotonic() + 300
    while not child.look():
        assert time.monotonic() < deadline
    assert child.process.returncode == -signal.SIGTERM


def test_a_folder_that_a_machine_cannot_write_is_named(tmp_path):
    assert look_around([sys.executable], str(tmp_path)) == ""
    assert look_around([], "/proc/1") == "/proc/1 takes no file (No such file or directory)"


def test_ray_is_told_no_secret(monkeypatch):
    for name in ("HF_HOME", "HF_TOKEN", "WANDB_API_KEY", "FTMODEL_TEACHER_API_KEY", "WANDB_PROJECT"):
        monkeypatch.setenv(name, "x")
    assert {"HF_HOME", "WANDB_PROJECT"} <= set(handed_on())
    assert not {"HF_TOKEN", "WANDB_API_KEY", "FTMODEL_TEACHER_API_KEY"} & set(handed_on())
