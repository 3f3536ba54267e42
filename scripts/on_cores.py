"""
One stage's processes on the cores of this machine, a thread each: what `accelerate launch` does on GPUs,
without a server that other machines could reach.

    python scripts/on_cores.py PROCESSES scripts/STAGE.py RUN.JSON

They are forked from this one, which loads what they need, so that it is loaded once. They meet in a file and
talk through the loopback interface. When one fails, or this process is told to end,
all end.
"""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from sidecar.ranks import MEET_IN
from warm import load_all

LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


def main(processes: int, command: list[str]) -> int:
    """
    The exit status of the first process that failed; 0 when all ended well. In one of the processes, it does
    not return.
    """
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")  # read where torch is loaded
    load_all()
    folder = tempfile.mkdtemp()
    shared = {
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "ACCELERATE_USE_CPU": "true",
        "ACCELERATE_TORCH_DEVICE": "cpu",  # not cpu:0, from which torch loads no checkpoint
        "GLOO_SOCKET_IFNAME": LOOPBACK,
        "TORCHELASTIC_RESTART_COUNT": "0",
        MEET_IN: str(Path(folder) / "meeting"),
    }
    started = []
    for rank in range(processes):
        pid = os.fork()
        if pid == 0:
            become(command, {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})
        started.append(pid)
    try:
        return ended(started)
    finally:
        shutil.rmtree(folder)


def become(command: list[str], environment: dict[str, str]) -> NoReturn:
    """One of the processes, as if it had been started by its name."""
    import torch

    torch.set_num_threads(1)  # where torch was loaded before it was known
    os.environ.update(environment)
    sys.argv = command
    runpy.run_path(command[0], run_name="__main__")
    sys.exit(0)


def ended(children: list[int]) -> int:
    def end_all(*_: object) -> None:
        for child in running:
            with suppress(ProcessLookupError):  # it ended a moment ago
                os.kill(child, signal.SIGTERM)

    running, first = set(children), 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end_all)
    while running:
        pid, status = os.wait()
        running.remove(pid)
        code = os.waitstatus_to_exitcode(status)
        if code != 0 and first == 0:
            first = code
            end_all()
    return first if first >= 0 else 128 - first


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
