"""
A training on a Ray cluster of two nodes, both on this machine and without a GPU. Skipped where ray is absent.
"""

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

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ray = pytest.importorskip(
    "ray", reason="ray is not installed (it comes with the gpu packages): several machines are not tried"
)

ENVIRONMENT = {**os.environ, "ACCELERATE_USE_CPU": "true"}


@pytest.fixture(scope="module")
def cluster():
    """The address of two nodes with a place for one process each."""
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
        yield both.address
        both.shutdown()


def start(address, stage, *script):
    """As lib/run/run-process.ts starts it."""
    script = script or (str(SCRIPTS / "sft.py"),)
    with open(stage.folder / "log.txt", "a") as log:
        return subprocess.Popen(
            [sys.executable, str(SCRIPTS / "on_ray.py"), address, "2", *script, str(stage.run_file)],
            env=ENVIRONMENT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def run(address, stage, *script):
    return start(address, stage, *script).wait(timeout=300)


def wait_until(met, stage, seconds=120):
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
def test_when_one_process_is_killed_none_is_left(cluster, stage, rank):
    killed = stage("sft", SFT_ROWS, sft={"loraDropout": 0.0, "epochs": 500})
    driver = start(cluster, killed)
    wait_until(lambda: len(killed.events("step")) > 2, killed)
    os.kill(of_the_run(killed)[rank], signal.SIGKILL)
    assert driver.wait(timeout=60) == 1
    wait_until(lambda: not of_the_run(killed), killed)
    # The first process writes the events: when it is the one that was killed, lib finds that the run has no
    # end.
    assert [event["status"] for event in killed.events("end")] == ([] if rank == "0" else ["failed"])


def test_where_no_cluster_answers_the_run_ends_by_name(stage):
    lost = stage("sft", SFT_ROWS)
    assert run("127.0.0.1:9", lost) == 1
    assert lost.end() == ("failed", "no_ray")
    assert "gpu.ray = 127.0.0.1:9" in lost.events("end")[0]["message"]
