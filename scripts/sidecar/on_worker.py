"""
What Ray starts on each machine: a process of the stage, with the environment that `accelerate launch` would
give it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from .cluster import free_port
from .ranks import TRIED_AGAIN, noted

LOOK_EVERY_S = 1.0
END_S = 10  # for a process that was told to end, or whose first one has


def work(task: dict[str, Any]) -> None:
    """
    Runs the stage's own entry point and tells Ray of its steps. Returns when the run has ended, by its own
    account. Raises RuntimeError when this process was lost: Ray then ends the others and starts all again.
    """
    from ray.train import get_context, report
    from ray.train.collective import broadcast_from_rank_zero

    context = get_context()
    rank, size = context.get_world_rank(), context.get_world_size()
    run_dir = Path(task["run_dir"])
    if rank == 0:
        for left in run_dir.glob("failure-*.json"):  # by an attempt that was lost
            left.unlink()
    host, port = broadcast_from_rank_zero((os.environ["MASTER_ADDR"], free_port()))
    child = start(
        task,
        {
            "RANK": str(rank),
            "WORLD_SIZE": str(size),
            "LOCAL_RANK": str(context.get_local_rank()),
            "LOCAL_WORLD_SIZE": str(context.get_local_world_size()),
            "MASTER_ADDR": host,
            "MASTER_PORT": str(port),
            "TORCHELASTIC_RESTART_COUNT": "0",
            TRIED_AGAIN: "1",
        },
    )
    try:
        over, told, reported = False, False, 0
        while not over:
            time.sleep(LOOK_EVERY_S)
            if not told and cancel_file(run_dir).exists():
                child.send_signal(signal.SIGTERM)
                told = True
            status = child.poll()
            if status is not None and not accounted_for(task, status, rank):
                last = last_line(log_of(run_dir, rank))
                raise RuntimeError(f"process {rank} of {size} on {socket.gethostname()} was lost: {last}")
            # all of them report, or none: it is where Ray has them meet
            step = newest_step(task) if rank == 0 else None
            over, step = broadcast_from_rank_zero((rank == 0 and status is not None, step))
            if step is not None and step["step"] > reported:
                report({"step": step["step"], **step["metrics"]})
                reported = step["step"]
        child.wait(timeout=END_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        child.kill()


def start(task: dict[str, Any], place: dict[str, str]) -> subprocess.Popen:
    log = log_of(Path(task["run_dir"]), int(place["RANK"]))
    with open(log, "a") as file:
        return subprocess.Popen(
            task["command"],
            cwd=Path(task["command"][1]).parent,
            env={**os.environ, **task["environment"], **place},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )


def accounted_for(task: dict[str, Any], status: int, rank: int) -> bool:
    """Whether the run says how a process came to its end: well, cancelled, or by a failure with a name."""
    run_dir = Path(task["run_dir"])
    if status == 0 or cancel_file(run_dir).exists() or ended(task) is not None:
        return True
    return rank > 0 and noted(run_dir) is not None


def ended(task: dict[str, Any]) -> dict[str, Any] | None:
    """The run's `end`, if it was written since this start."""
    return last_event(task, "end")


def newest_step(task: dict[str, Any]) -> dict[str, Any] | None:
    return last_event(task, "step")


def last_event(task: dict[str, Any], kind: str) -> dict[str, Any] | None:
    with open(Path(task["run_dir"]) / "events.jsonl", "rb") as file:
        file.seek(task["events_from"])
        lines = [line for line in file.read().splitlines(keepends=True) if line.endswith(b"\n")]
    for line in reversed(lines):
        if (event := json.loads(line))["event"] == kind:
            return event
    return None


def last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def log_of(run_dir: Path, rank: int) -> Path:
    """A file for each process: on a shared file system two must not append to one."""
    return run_dir / ("log.txt" if rank == 0 else f"log-{rank}.txt")


def cancel_file(run_dir: Path) -> Path:
    return run_dir / "cancel.txt"
