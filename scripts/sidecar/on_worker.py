"""
What Ray starts on each machine: a process of the stage, with the environment that `accelerate launch` would
give it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from .ranks import LOOK_EVERY_S, note, noted

END_S = 10  # for the first process to read why another one failed and to write the run's end


def work(task: dict[str, Any]) -> None:
    """Raises RuntimeError when the process fails, and Ray then ends the others."""
    import ray
    from ray.train import get_context
    from ray.train.collective import broadcast_from_rank_zero

    context = get_context()
    rank, size = context.get_world_rank(), context.get_world_size()
    host, port = broadcast_from_rank_zero((ray.util.get_node_ip_address(), free_port()))
    os.environ.update(task["environment"])
    os.environ.update(
        RANK=str(rank), WORLD_SIZE=str(size), LOCAL_RANK="0"
    )  # Ray shows each process its own GPU alone
    os.environ.update(MASTER_ADDR=host, MASTER_PORT=str(port), TORCHELASTIC_RESTART_COUNT="0")

    run_dir = Path(task["run_dir"])
    with open(run_dir / "log.txt", "a") as log:
        child = subprocess.Popen(
            task["command"],
            cwd=Path(task["command"][1]).parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    status = wait(child, cancel_file(run_dir))
    if status == 0 or cancel_file(run_dir).exists():
        return
    if rank > 0:
        if noted(run_dir) is None:
            note(
                run_dir,
                "process_died",
                f"ended with status {status} on {socket.gethostname()} without saying why",
            )
        time.sleep(END_S)
    raise RuntimeError(f"process {rank} of {size} on {socket.gethostname()} ended with status {status}")


def wait(child: subprocess.Popen, cancel: Path) -> int:
    """Its exit status; it is told once when the run is cancelled."""
    told = False
    while (status := child.poll()) is None:
        if not told and cancel.exists():
            child.send_signal(signal.SIGTERM)
            told = True
        time.sleep(LOOK_EVERY_S)
    return status


def cancel_file(run_dir: Path) -> Path:
    return run_dir / "cancel.txt"


def free_port() -> int:
    with socket.create_server(("", 0)) as free:
        return free.getsockname()[1]
