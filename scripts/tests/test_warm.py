"""The Python that trainings are forked from: what it says, and that its children are on their own."""

import json
import os
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


@pytest.fixture
def warm():
    process = subprocess.Popen([sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert json.loads(process.stdout.readline()) == {"ready": True}
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def order(warm, folder: Path, how: str, launcher: tuple[str, ...] = ()) -> Path:
    (folder / "child.py").write_text(CHILD)
    (folder / "run.json").write_text(how)
    (folder / "log.txt").touch()
    names = {name: str(folder / name) for name in ("child.py", "run.json", "log.txt")}
    request = {"command": [*launcher, names["child.py"], names["run.json"]], "log": names["log.txt"]}
    warm.stdin.write(json.dumps({**request, "environment": {"ONLY": "this"}}).encode() + b"\n")
    warm.stdin.flush()
    return folder / "log.txt"


def test_a_forked_process_has_its_own_session_log_and_environment_and_its_end_is_told(warm, tmp_path):
    log = order(warm, tmp_path, "3")
    pid = json.loads(warm.stdout.readline())["pid"]
    assert json.loads(warm.stdout.readline()) == {"pid": pid, "status": 3, "signal": None}
    arguments, leads, environment = json.loads(log.read_text().splitlines()[0])
    assert (arguments, leads, environment) == ([str(tmp_path / "run.json")], True, {"ONLY": "this"})
    order(warm, tmp_path, "kill")
    pid = json.loads(warm.stdout.readline())["pid"]
    assert json.loads(warm.stdout.readline()) == {"pid": pid, "status": 0, "signal": 9}


def test_processes_that_share_a_step_are_forked_from_it_each_with_its_number(warm, tmp_path):
    log = order(warm, tmp_path, "0", (str(SCRIPT.parent / "on_cores.py"), "2"))
    pid = json.loads(warm.stdout.readline())["pid"]
    assert json.loads(warm.stdout.readline()) == {"pid": pid, "status": 0, "signal": None}
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert sorted(environment["RANK"] for _, _, environment in told) == ["0", "1"]
    assert all(arguments == [str(tmp_path / "run.json")] for arguments, _, _ in told)
    assert all(environment["OMP_NUM_THREADS"] == "1" for _, _, environment in told)


def test_it_ends_with_its_kernel_and_what_it_has_forked_goes_on(warm, tmp_path):
    log = order(warm, tmp_path, "wait")
    pid = json.loads(warm.stdout.readline())["pid"]
    deadline = time.monotonic() + 60
    while not log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    warm.stdin.close()
    assert warm.wait(timeout=300) == 0
    os.kill(pid, 0)  # it is there
    os.killpg(pid, 9)
