"""
A training on a Ray cluster of two nodes, both on this machine and without a GPU. Skipped where ray is absent.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch
from conftest import SCRIPTS, SFT_ROWS
from sidecar.cluster import handed_on, look_around

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ray = pytest.importorskip(
    "ray", reason="ray is not installed (it comes with the gpu packages): several machines are not tried"
)

ENVIRONMENT = {**os.environ, "ACCELERATE_USE_CPU": "true"}


@pytest.fixture(scope="module")
def cluster(machines):
    return machines.address


@pytest.fixture(scope="module")
def machines():
    """Two nodes with a place for one process each."""
    from ray.cluster_utils import Cluster

    # In /tmp: its sockets' paths may have 107 characters.
    with (
        tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv(
            "RAY_TMPDIR", folder
        )  # ray notes there which cluster runs on this machine: another's note stays as it is
        both = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        both.add_node(num_cpus=1)
        yield both
        both.shutdown()


def start(address, stage, *script, processes=2):
    """As lib/run/process.ts starts it."""
    script = script or (str(SCRIPTS / "sft.py"),)
    with open(stage.folder / "log.txt", "a") as log:
        return subprocess.Popen(
            [
                sys.executable,
                str(SCRIPTS / "on_ray.py"),
                address,
                str(processes),
                *script,
                str(stage.run_file),
            ],
            env=ENVIRONMENT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def run(address, stage, *script):
    return start(address, stage, *script).wait(timeout=600)


def wait_until(met, stage, seconds=300):
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, stage.log()
        time.sleep(0.1)


def of_the_run(stage):
    """The processes that Ray started for it: rank → pid."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (
                (folder / name).read_bytes().split(b"\0") for name in ("cmdline", "environ")
            )
        except OSError:
            continue
        if str(stage.run_file).encode() in command and str(SCRIPTS / "on_ray.py").encode() not in command:
            found[next(value for value in environment if value.startswith(b"RANK="))[5:].decode()] = int(
                folder.name
            )
    return found


def test_two_machines_learn_what_one_process_learns(cluster, stage):
    settings = {"loraDropout": 0.0, "epochs": 1}
    alone, shared = (stage("sft", SFT_ROWS, folder=name, sft=settings) for name in ("alone", "shared"))
    assert alone.run() == 0, alone.log()
    assert run(cluster, shared) == 0, shared.log()
    assert shared.end() == ("done", None)
    assert [event["step"] for event in shared.events("step")] == [1, 2, 3]
    for name, weight in alone.adapter().items():
        assert torch.allclose(weight, shared.adapter()[name], atol=1e-5), name


def test_a_cancelled_run_ends_on_all_machines(cluster, stage):
    cancelled = stage("sft", SFT_ROWS, sft={"loraDropout": 0.0, "epochs": 500})
    driver = start(cluster, cancelled)
    wait_until(lambda: len(cancelled.events("step")) > 2, cancelled)
    os.killpg(driver.pid, signal.SIGTERM)
    assert driver.wait(timeout=60) == 143
    assert cancelled.end() == ("failed", "cancelled")
    wait_until(lambda: not of_the_run(cancelled), cancelled)


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_lost_process_is_tried_again_from_the_newest_checkpoint(cluster, stage, rank):
    settings = {"loraDropout": 0.0, "epochs": 20, "saveSteps": 10}
    whole, lossy = (stage("sft", SFT_ROWS, folder=name, sft=settings) for name in ("whole", "lossy"))
    assert run(cluster, whole) == 0, whole.log()
    driver = start(cluster, lossy)
    wait_until(lambda: lossy.events("checkpoint"), lossy)
    os.kill(of_the_run(lossy)[rank], signal.SIGKILL)
    assert driver.wait(timeout=600) == 0, lossy.log()
    assert lossy.end() == ("done", None)
    assert [event["step"] for event in lossy.events("start")][1:] != [0]
    assert {event["step"] for event in lossy.events("step")} == set(range(1, 61))
    for name, weight in whole.adapter().items():
        assert torch.allclose(weight, lossy.adapter()[name], atol=1e-5), name


def test_a_machine_that_goes_is_replaced_by_one_that_comes(machines, stage):
    lossy = stage("sft", SFT_ROWS, sft={"loraDropout": 0.0, "epochs": 20, "saveSteps": 10})
    driver = start(machines.address, lossy)
    wait_until(lambda: lossy.events("checkpoint"), lossy)
    machines.remove_node(next(iter(machines.worker_nodes)), allow_graceful=False)
    machines.add_node(num_cpus=1)
    assert driver.wait(timeout=600) == 0, lossy.log()
    assert lossy.end() == ("done", None)
    assert len(lossy.events("start")) == 2


def test_a_failure_that_has_a_name_is_not_tried_again(cluster, stage):
    short = stage("sft", SFT_ROWS, sft={"loraDropout": 0.0, "epochs": 1, "maxLength": 16})
    assert run(cluster, short) == 1
    assert short.end() == ("failed", "no_rows")
    assert len(short.events("end")) == 1
    assert not (short.folder / "log-1.txt").read_text().count("no_rows") > 1


def test_too_few_places_are_waited_for_and_named(cluster, stage, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "FTMODEL_RAY_WAIT", "2")
    wide = stage("sft", SFT_ROWS)
    assert start(cluster, wide, processes=3).wait(timeout=60) == 1
    assert wide.end() == ("failed", "no_gpu")
    [waiting] = wide.events("warning")
    assert waiting["message"].startswith("gpu.processes = 3 CPUs; the Ray cluster has 2, 2 of them free")
    assert "lower gpu.processes" in wide.events("end")[0]["message"]


def test_a_run_that_waits_can_be_cancelled(cluster, stage):
    waiting = stage("sft", SFT_ROWS)
    driver = start(cluster, waiting, processes=3)
    wait_until(lambda: waiting.events("warning"), waiting)
    os.killpg(driver.pid, signal.SIGTERM)
    assert driver.wait(timeout=20) == 143
    assert waiting.end() == ("failed", "cancelled")


def test_a_model_that_a_machine_does_not_have_is_named(cluster, stage):
    moved = stage("sft", SFT_ROWS)
    run_file = json.loads(moved.run_file.read_text())
    run_file["models"]["base"]["path"] = "/nowhere/base"
    moved.run_file.write_text(json.dumps(run_file))
    assert run(cluster, moved) == 1
    assert moved.end() == ("failed", "no_ray")
    assert "of the Ray cluster: there is no /nowhere/base" in moved.events("end")[0]["message"]


def test_where_no_cluster_answers_the_run_ends_by_name(stage):
    lost = stage("sft", SFT_ROWS)
    assert run("127.0.0.1:9", lost) == 1
    assert lost.end() == ("failed", "no_ray")
    assert "gpu.ray = 127.0.0.1:9" in lost.events("end")[0]["message"]


def test_a_folder_that_a_machine_cannot_write_is_named(tmp_path):
    assert look_around([sys.executable], str(tmp_path)) == ""
    assert look_around([], "/proc/1") == "/proc/1 takes no file (No such file or directory)"


def test_ray_is_told_no_secret(monkeypatch):
    for name in ("HF_HOME", "HF_TOKEN", "WANDB_API_KEY", "FTMODEL_TEACHER_API_KEY", "WANDB_PROJECT"):
        monkeypatch.setenv(name, "x")
    assert {"HF_HOME", "WANDB_PROJECT"} <= set(handed_on())
    assert not {"HF_TOKEN", "WANDB_API_KEY", "FTMODEL_TEACHER_API_KEY"} & set(handed_on())
