"""
Holds ready what every training on a CPU loads first, which takes seconds, and forks a process for each.

    python scripts/warm.py          (started by the kernel of a notebook; ends with it)

Writes {"ready": true} when it has loaded. Reads orders, a JSON object a line: command (a script and its
arguments), log, environment.
Writes a line for each process it starts, {"pid": …}, and one when that ends, {"pid": …, "status": …,
"signal": …}. A forked process leads a session of its own and outlives this one.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from types import SimpleNamespace

from sidecar.libraries import load
from sidecar.stage import set_environment


def load_all() -> None:
    tracking = SimpleNamespace(service="none")
    set_environment(SimpleNamespace(config=SimpleNamespace(tracking=tracking), run_dir=""))
    load("sft", "grpo", "merge")


def tell(message: dict[str, int | bool | None]) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())  # one write: a signal may come in between


def reap(*_: object) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        tell({"pid": pid, "status": max(code, 0), "signal": -code if code < 0 else None})


def become(order: dict[str, object]) -> None:
    """The training itself, as if it had been started by its name."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    log, nothing = os.open(str(order["log"]), os.O_WRONLY | os.O_APPEND), os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(order["environment"])  # type: ignore[arg-type]
    sys.argv = [str(part) for part in order["command"]]
    runpy.run_path(sys.argv[0], run_name="__main__")


def main() -> None:
    signal.signal(signal.SIGCHLD, reap)
    load_all()
    tell({"ready": True})
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            return become(json.loads(line))
        tell({"pid": pid})


if __name__ == "__main__":
    main()
