"""The supervisor ends what it started, whatever ends first."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

SCRIPT = Path(__file__).parents[1] / "supervise.py"
SLEEPER = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "print('up', flush=True); time.sleep(60)"
)


@pytest.fixture
def supervisor():
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--idle", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.wait()


def send(process: subprocess.Popen, **message) -> None:
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def start_sleeper(process: subprocess.Popen, tmp_path: Path) -> list[psutil.Process]:
    """A child and its child."""
    log = tmp_path / "log"
    send(
        process,
        id="a",
        start={"command": [sys.executable, "-c", SLEEPER], "log": str(log), "env": {"GREETING": "hello"}},
    )
    child = psutil.Process(json.loads(process.stdout.readline())["pid"])
    while not log.exists() or log.read_text() != "up\n":
        time.sleep(0.02)
    return [child, *child.children()]


def assert_gone(processes: list[psutil.Process], seconds: float = 5) -> None:
    assert len(processes) == 2
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []


def test_when_stdin_closes_everything_ends(supervisor, tmp_path):
    family = start_sleeper(supervisor, tmp_path)
    supervisor.stdin.close()
    supervisor.wait(timeout=300)
    assert_gone(family)


def test_stop_ends_a_child_with_its_children_and_says_so(supervisor, tmp_path):
    family = start_sleeper(supervisor, tmp_path)
    send(supervisor, id="a", stop=5)
    assert json.loads(supervisor.stdout.readline()) == {"id": "a", "exit": -signal.SIGTERM}
    assert_gone(family)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_a_killed_supervisor_takes_its_child_along(supervisor, tmp_path):
    child, grandchild = start_sleeper(supervisor, tmp_path)
    os.kill(supervisor.pid, signal.SIGKILL)
    try:
        child.wait(timeout=300)
    finally:
        grandchild.kill()


def test_an_exit_code_is_passed_on_and_a_missing_program_is_an_error(supervisor, tmp_path):
    send(
        supervisor,
        id="a",
        start={
            "command": [sys.executable, "-c", "import sys; sys.exit(3)"],
            "log": str(tmp_path / "log"),
            "env": {},
        },
    )
    assert "pid" in json.loads(supervisor.stdout.readline())
    assert json.loads(supervisor.stdout.readline()) == {"id": "a", "exit": 3}
    send(supervisor, id="b", start={"command": ["/no/such/program"], "log": str(tmp_path / "log"), "env": {}})
    message = json.loads(supervisor.stdout.readline())
    assert message["id"] == "b" and "/no/such/program" in message["error"]


def test_an_idle_supervisor_ends_by_itself():
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--idle", "0.2"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.wait(timeout=300) == 0


FORKED = """
import json, os, sys, time
sys.path.insert(0, sys.argv[1])
import serve, supervise
serve.main = print
serve.torch.cuda._is_in_bad_fork = lambda: sys.argv[2] == "held"
child = supervise.start_serve(["--help"], sys.argv[3], {})
while (status := child.exit_status()) is None:
    time.sleep(0.05)
print(json.dumps([status, "peft" in sys.modules]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="no fork elsewhere")
@pytest.mark.parametrize("gpu, said", [("free", "['--help']"), ("held", "usage: serve.py")])
def test_a_server_is_forked_and_starts_anew_where_the_gpu_was_held_before(gpu, said, tmp_path):
    log = tmp_path / "log"
    command = [sys.executable, "-c", FORKED, SCRIPT.parent, gpu, log]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert json.loads(done.stdout.splitlines()[-1]) == [0, False], done.stderr
    assert log.read_text().startswith(said)
