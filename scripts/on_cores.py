"""
One stage's processes on the cores of this machine, a thread each: what `accelerate launch` does on GPUs,
without a server that other machines could reach.

    python scripts/on_cores.py PROCESSES scripts/STAGE.py RUN.JSON

They meet in a file and talk through the loopback interface. When one fails, or this process is told to end,
all end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from sidecar.ranks import MEET_IN

LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


def main(processes: int, command: list[str]) -> int:
    """The exit status of the first process that failed; 0 when all ended well."""
    with tempfile.TemporaryDirectory() as folder:
        shared = {
            "WORLD_SIZE": str(processes),
            "LOCAL_WORLD_SIZE": str(processes),
            "ACCELERATE_USE_CPU": "true",
            "ACCELERATE_TORCH_DEVICE": "cpu",  # not cpu:0, from which torch loads no checkpoint
            "GLOO_SOCKET_IFNAME": LOOPBACK,
            "TORCHELASTIC_RESTART_COUNT": "0",
            MEET_IN: str(Path(folder) / "meeting"),
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }
        started = [
            subprocess.Popen(
                [sys.executable, *command],
                env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            )
            for rank in range(processes)
        ]
        return ended(started)


def ended(children: list[subprocess.Popen]) -> int:
    def end_all(*_: object) -> None:
        for child in children:
            child.send_signal(signal.SIGTERM)  # nothing, for one that has ended

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end_all)
    running, first = {child.pid: child for child in children}, 0
    while running:
        pid, status = os.wait()
        child = running.pop(pid)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0 and first == 0:
            first = child.returncode
            end_all()
    return first if first >= 0 else 128 - first


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
