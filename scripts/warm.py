"""
Holds ready what every training on a CPU loads first, which takes seconds, and forks a process for each.

    python scripts/warm.py LINE     (started by the kernel of a notebook; ends with it)

LINE is the file descriptor of a socket. It writes {"ready": true} there when it has loaded, and reads orders,
a JSON object a line: command (a script and its arguments), log, environment, itself.
Writes a line for each process it starts, {"pid": …}, and one when that ends, {"pid": …, "status": …,
"signal": …}. A forked process leads a session of its own and outlives this one.
An order with `itself`, which may be sent while it loads, is done by this process, whose id is known already:
nothing is written of it, and a copy goes on with the orders.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
from contextlib import suppress
from types import SimpleNamespace

from sidecar.libraries import load
from sidecar.stage import set_environment


def load_all() -> None:
    tracking = SimpleNamespace(service="none")
    set_environment(SimpleNamespace(config=SimpleNamespace(tracking=tracking), run_dir=""))
    load("sft", "grpo", "merge")


def tell(line: int, message: dict[str, int | bool | None]) -> None:
    with suppress(OSError):  # the kernel is gone, and what it has ordered is done all the same
        os.write(line, (json.dumps(message) + "\n").encode())  # one write: a signal may come in between


def reap(line: int) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        tell(line, {"pid": pid, "status": max(code, 0), "signal": -code if code < 0 else None})


def lead() -> None:
    """A session of its own: a training is ended with its group."""
    if os.getsid(0) != os.getpid():
        os.setsid()


def become(line: int, order: dict[str, object]) -> None:
    """The training itself, as if it had been started by its name."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    lead()
    os.close(line)
    log, nothing = os.open(str(order["log"]), os.O_WRONLY | os.O_APPEND), os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(order["environment"])  # type: ignore[arg-type]
    sys.argv = [str(part) for part in order["command"]]
    runpy.run_path(sys.argv[0], run_name="__main__")


def main(line: int) -> None:
    signal.signal(signal.SIGCHLD, lambda *_: reap(line))
    load_all()
    tell(line, {"ready": True})
    for text in open(line, closefd=False):
        order = json.loads(text)
        pid = os.fork()
        if (pid == 0) != order["itself"]:
            return become(line, order)
        if order["itself"]:
            lead()
        else:
            tell(line, {"pid": pid})


if __name__ == "__main__":
    main(int(sys.argv[1]))
