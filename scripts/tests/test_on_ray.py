"""
The whole line and single runs on a Ray cluster, whose machines are nodes on this one and without a GPU.
Skipped where ray is absent.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch
from conftest import RL_ROWS, SCRIPTS, SFT_ROWS
from line_on_ray import count, files, line, rows, said, texts, until
from safetensors.torch import load_file

# Read when ray is imported. A token as the docs advise: without it ray would leave one in the home folder.
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_agent_register_timeout_ms": "100000",  # 15 s are too few for a busy machine
    "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S": "0",
}
ray = pytest.importorskip(
    "ray", reason="ray is not installed (it comes with the gpu packages): several machines are not tried"
)

WAITS = f"""
import sys, time
sys.path.insert(0, {str(SCRIPTS)!r})
from sidecar.stage import run_stage

def wait(run, events):
    events.step(1, {{}})
    time.sleep(600)

run_stage("merge", wait)
"""
LOST = """
import os, sys
print("out of luck", file=sys.stderr)
os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def machines():
    """Two nodes with a place for one process each."""
    from ray.cluster_utils import Cluster

    # In /tmp: its sockets' paths may have 107 characters.
    with (
        tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        # ray notes there which cluster runs on this machine: another's note stays as it is
        patch.setenv("RAY_TMPDIR", folder)
        # jsonschema, which ray loads, would build a grammar of IRIs there: a second of each of its processes
        (Path(folder) / "rfc3987_syntax.py").write_text("raise ImportError\n")
        patch.setenv("PYTHONPATH", before_python_path(folder))
        both = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        both.add_node(num_cpus=1)
        yield both
        both.shutdown()


def before_python_path(folder):
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


@pytest.fixture(scope="module")
def lines(machines, tmp_path_factory):
    """
    Workspaces of the eight stages: on this machine alone; on two, one of which goes and another comes while
    texts are written, in both trainings and in the evaluation; on three.
    """
    alone, two, three = (tmp_path_factory.mktemp(name) for name in ("alone", "two", "three"))
    undisturbed = line(alone)
    lossy = line(two, machines.address, 2)
    for written, least in (
        ("data/processed/teacher/completions.jsonl", 8),
        ("reports/runs/sft-*/checkpoints/*/complete.json", 1),
        ("reports/runs/grpo-*/checkpoints/*/complete.json", 1),
        ("reports/runs/eval-*/answers.jsonl", 4),
    ):
        until(lambda: lossy.poll() is not None or count(two, written) >= least, two)  # noqa: B023
        assert lossy.poll() is None, said(two)
        machines.remove_node(next(iter(machines.worker_nodes)), allow_graceful=False)
        with open(two / "line.txt", "a") as log:
            log.write(f"a machine went at {count(two, written)} of {written}\n")
        machines.add_node(num_cpus=1)
    assert lossy.wait(timeout=1800) == 0, said(two)
    assert undisturbed.wait(timeout=1800) == 0, said(alone)
    machines.add_node(num_cpus=1)
    assert line(three, machines.address, 3).wait(timeout=1800) == 0, said(three)
    return {"alone": alone, "two": two, "three": three}


@pytest.mark.parametrize("cluster", ["two", "three"])
def test_the_line_on_a_cluster_leaves_what_one_machine_leaves(lines, cluster):
    alone, shared = lines["alone"], lines[cluster]
    assert files(shared) == files(alone)
    for name in ("distilled", "sft", "rl", "test", "filter_details"):
        path = f"data/processed/{name}.jsonl"
        assert rows(shared, path) == rows(alone, path) != [], name
    for name in ("sft_lora", "grpo_lora"):
        here, there = (
            load_file(line / "ckpts" / name / "adapter_model.safetensors") for line in (alone, shared)
        )
        for weight, value in here.items():
            assert torch.allclose(value, there[weight], atol=1e-4), (name, weight)


@pytest.mark.parametrize("cluster", ["two", "three"])
def test_no_row_is_lost_or_twice_though_machines_go(lines, cluster):
    for pattern in ("data/processed/teacher/completions.jsonl", "reports/runs/eval-*/answers.jsonl"):
        here, there = (rows(line, pattern) for line in (lines["alone"], lines[cluster]))
        assert texts(here) == texts(there) != [], pattern
        for path in lines[cluster].glob(pattern):
            keys = [json.loads(row)["key"] for row in path.read_text().splitlines()]
            assert len(set(keys)) == len(keys), path


def test_a_copy_that_goes_leaves_its_requests_to_the_others(lines):
    """Its machine went between the first answer and the last one, of which none is missing (see above)."""
    told = (lines["two"] / "line.txt").read_text()
    for role, written in (
        ("teacher", "data/processed/teacher/completions.jsonl"),
        ("base", "reports/runs/eval-*/answers.jsonl"),
    ):
        [log] = lines["two"].glob(f"reports/servers/{role}-*.log")
        assert re.search(r"^copy \d: answers at", log.read_text(), re.MULTILINE), role
        went = re.search(rf"^a machine went at (\d+) of {re.escape(written)}$", told, re.MULTILINE)
        assert 0 < int(went[1]) < count(lines["two"], written), role


@pytest.mark.parametrize(("training", "interval"), [("sft", 4), ("grpo", 2)])
def test_a_machine_that_goes_costs_the_steps_since_the_last_checkpoint(lines, training, interval):
    events = rows(lines["two"], f"reports/runs/{training}-*/events.jsonl")
    _, again = (i for i, event in enumerate(events) if event["event"] == "start")
    done = max(event["step"] for event in events[:again] if event["event"] == "step")
    assert 0 <= done - events[again]["step"] <= interval
    assert events[again]["step"] > 0
    assert len([event for event in events if event["event"] == "end"]) == 1


def start(machines, stage, script="sft.py", processes=2):
    """As lib/run/process.ts starts it."""
    command = [sys.executable, str(SCRIPTS / "on_ray.py"), machines.address, str(processes)]
    with open(stage.folder / "log.txt", "a") as log:
        return subprocess.Popen(
            [*command, str(SCRIPTS / script), str(stage.run_file)],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def run(*arguments, **options):
    return start(*arguments, **options).wait(timeout=600)


def wait_until(met, stage, driver=None):
    deadline = time.monotonic() + 600
    while not met():
        assert time.monotonic() < deadline and (driver is None or driver.poll() is None), stage.log()
        time.sleep(0.1)


def of_the_run(stage):
    """The processes that Ray started for it."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if str(stage.run_file).encode() in command and str(SCRIPTS / "on_ray.py").encode() not in command:
            found.append(path.parent.name)
    return found


def test_a_cancelled_run_ends_where_it_is(machines, stage, tmp_path):
    (tmp_path / "waits.py").write_text(WAITS)
    cancelled = stage("merge", RL_ROWS)
    driver = start(machines, cancelled, tmp_path / "waits.py", processes=1)
    wait_until(lambda: cancelled.events("step"), cancelled, driver)
    os.killpg(driver.pid, signal.SIGTERM)
    assert driver.wait(timeout=300) == 143
    assert cancelled.end() == ("failed", "cancelled")
    wait_until(lambda: not of_the_run(cancelled), cancelled)


def test_what_is_lost_again_and_again_ends_with_its_last_words(machines, stage, tmp_path):
    (tmp_path / "lost.py").write_text(LOST)
    lost = stage("merge", RL_ROWS)
    assert run(machines, lost, tmp_path / "lost.py", processes=1) == 1
    assert lost.end() == ("failed", "error")
    assert "was lost: out of luck" in lost.events("end")[0]["message"]
    assert lost.log().count("out of luck\n") >= 4


def test_too_few_places_are_waited_for_and_named(machines, stage, monkeypatch):
    monkeypatch.setenv("FTMODEL_RAY_WAIT", "2")
    wide = stage("sft", SFT_ROWS)
    assert run(machines, wide, processes=9) == 1
    assert wide.end() == ("failed", "no_gpu")
    [waiting] = wide.events("warning")
    there = alive(machines)
    asked = f"gpu.processes = 9 CPUs; the Ray cluster has {there}, {there} of them free"
    assert waiting["message"].startswith(asked)
    assert "lower gpu.processes" in wide.events("end")[0]["message"]


def test_a_run_that_waits_can_be_cancelled(machines, stage):
    waiting = stage("sft", SFT_ROWS)
    driver = start(machines, waiting, processes=9)
    wait_until(lambda: waiting.events("warning"), waiting, driver)
    os.killpg(driver.pid, signal.SIGTERM)
    assert driver.wait(timeout=300) == 143
    assert waiting.end() == ("failed", "cancelled")


def test_a_cluster_without_gpus_is_named(machines, stage, profiles, monkeypatch):
    monkeypatch.setenv("FTMODEL_RAY_WAIT", "0")
    large = stage("sft", SFT_ROWS, profile="gpu")
    assert run(machines, large) == 1
    assert large.end() == ("failed", "no_gpu")
    assert "gpu.processes = 2 GPUs; the Ray cluster has 0" in large.events("end")[0]["message"]


def test_a_ray_of_another_version_is_named(machines, stage, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("import ray\nray.__version__ = '2.1.0'\n")
    monkeypatch.setenv("PYTHONPATH", before_python_path(tmp_path))
    other = stage("sft", SFT_ROWS)
    assert run(machines, other) == 1
    assert other.end() == ("failed", "no_ray")
    assert "Version mismatch" in other.events("end")[0]["message"]


def test_a_machine_that_sees_other_files_is_named(machines, stage, base, tmp_path):
    """One that has not the first run's model, and may not write into the second one's folder."""
    models = tmp_path / "models"
    first = stage("sft", SFT_ROWS, folder="first", base=shutil.copytree(base, models / "base"))
    second = stage("sft", SFT_ROWS, folder="second")
    mounts = f"mount -t tmpfs none {models} && mount --bind -o ro {second.folder} {second.folder}"
    apart = ["unshare", "--mount", "sh", "-c"]
    if subprocess.run([*apart, mounts], capture_output=True).returncode != 0:
        pytest.skip("no mount namespaces here: a machine that sees other files cannot be played")
    join = f"{sys.executable} -m ray.scripts.scripts start --address={machines.address} --num-cpus=1 --block"
    before = alive(machines)
    odd = subprocess.Popen([*apart, f"{mounts} && exec {join}"])
    try:
        wait_until(lambda: alive(machines) > before, first)
        assert run(machines, first, processes=1) == 1
        assert first.end() == ("failed", "no_ray")
        assert f"of the Ray cluster: there is no {models}/base" in first.events("end")[0]["message"]
        assert run(machines, second, processes=1) == 1
        assert f"{second.folder} takes no file (Read-only" in second.events("end")[0]["message"]
    finally:
        odd.terminate()
        odd.wait()


def alive(machines):
    return sum(node["Alive"] for node in machines.global_state.node_table())


def test_where_no_cluster_answers_the_run_ends_by_name(stage):
    lost = stage("sft", SFT_ROWS)
    command = [sys.executable, str(SCRIPTS / "on_ray.py"), "127.0.0.1:9", "1", str(SCRIPTS / "sft.py")]
    assert subprocess.run([*command, str(lost.run_file)]).returncode == 1
    assert lost.end() == ("failed", "no_ray")
    assert "gpu.ray = 127.0.0.1:9" in lost.events("end")[0]["message"]
