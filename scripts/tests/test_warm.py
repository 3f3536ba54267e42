"""The Python that trainings are forked from: what it says, and that its children are on their own."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "warm.py"
CHILD = """
import json, os, sys
print(json.dumps([sys.argv[1:], os.getsid(0) == os.getpid(), dict(os.environ)]), flush=True)
how = open(sys.argv[1]).read()
if how == "wait": import time; time.sleep(60)
if how == "kill": os.kill(os.getpid(), 9)
sys.exit(int(how))
"""


class Warm:
    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, str(SCRIPT), str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], start_new_session=True)
        theirs.close()
        self.line = ours.makefile("rw", encoding="utf-8")
        ours.close()

    def hear(self) -> dict:
        return json.loads(self.line.readline())

    def order(self, folder: Path, how: str, launcher: tuple[str, ...] = (), itself: bool = False) -> Path:
        (folder / "child.py").write_text(CHILD)
        (folder / "run.json").write_text(how)
        (folder / "log.txt").touch()
        names = {name: str(folder / name) for name in ("child.py", "run.json", "log.txt")}
        request = {"command": [*launcher, names["child.py"], names["run.json"]], "log": names["log.txt"]}
        message = {**request, "environment": {"ONLY": "this"}, "itself": itself}
        self.line.write(json.dumps(message) + "\n")
        self.line.flush()
        return folder / "log.txt"


@pytest.fixture
def loading():
    warm = Warm()
    yield warm
    warm.process.kill()
    warm.process.wait()
    warm.line.close()


@pytest.fixture
def warm(loading):
    assert loading.hear() == {"ready": True}
    return loading


def test_a_forked_process_has_its_own_session_log_and_environment_and_its_end_is_told(warm, tmp_path):
    log = warm.order(tmp_path, "3")
    pid = warm.hear()["pid"]
    assert warm.hear() == {"pid": pid, "status": 3, "signal": None}
    arguments, leads, environment = json.loads(log.read_text().splitlines()[0])
    assert (arguments, leads, environment) == ([str(tmp_path / "run.json")], True, {"ONLY": "this"})
    warm.order(tmp_path, "kill")
    pid = warm.hear()["pid"]
    assert warm.hear() == {"pid": pid, "status": 0, "signal": 9}


def test_processes_that_share_a_step_are_forked_from_it_each_with_its_number(warm, tmp_path):
    log = warm.order(tmp_path, "0", (str(SCRIPT.parent / "on_cores.py"), "2"))
    pid = warm.hear()["pid"]
    assert warm.hear() == {"pid": pid, "status": 0, "signal": None}
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(environment["RANK"] for _, _, environment in told) == ["0", "1"]
    assert all(arguments == [str(tmp_path / "run.json")] for arguments, _, _ in told)
    assert all(environment["OMP_NUM_THREADS"] == "1" for _, _, environment in told)


def test_it_ends_with_its_kernel_and_what_it_has_forked_goes_on(warm, tmp_path):
    log = warm.order(tmp_path, "wait")
    pid = warm.hear()["pid"]
    deadline = time.monotonic() + 60
    while not log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    warm.line.close()
    assert warm.process.wait(timeout=300) == 0
    os.kill(pid, 0)  # it is there
    os.killpg(pid, 9)


def test_what_is_ordered_while_it_loads_it_does_itself_and_a_copy_waits_for_the_next(loading, tmp_path):
    (tmp_path / "second").mkdir()
    log = loading.order(tmp_path, "3", itself=True)
    assert loading.hear() == {"ready": True}
    assert loading.process.wait(timeout=300) == 3
    arguments, leads, environment = json.loads(log.read_text())
    assert (arguments, leads, environment) == ([str(tmp_path / "run.json")], True, {"ONLY": "this"})
    loading.order(tmp_path / "second", "0")
    pid = loading.hear()["pid"]
    assert loading.hear() == {"pid": pid, "status": 0, "signal": None}


def test_what_was_ordered_while_it_loads_is_done_although_the_kernel_is_gone(loading, tmp_path):
    log = loading.order(tmp_path, "0", itself=True)
    loading.line.close()
    assert loading.process.wait(timeout=300) == 0
    assert json.loads(log.read_text())[1] is True
