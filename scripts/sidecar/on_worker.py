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
# Ray Train names each worker's device in it, and accelerate then leaves the current device at the first GPU:
# Triton's kernels fail in every other process.
NOT_INHERITED = "ACCELERATE_TORCH_DEVICE"
END_S = 10  # for a process whose first one has ended


def work(task: dict[str, Any]) -> None:
    """
    One of a training's processes, which tells Ray of its steps. Returns when the run has ended, by its own
    account. Raises RuntimeError when this process was lost: Ray then ends the others and starts all again.
    """
    from ray.train import get_context, report
    from ray.train.collective import broadcast_from_rank_zero

    context = get_context()
    rank = context.get_world_rank()
    if rank == 0:
        for left in Path(task["run_dir"]).glob("failure-*.json"):  # by an attempt that was lost
            left.unlink()
    host, port = broadcast_from_rank_zero((os.environ["MASTER_ADDR"], free_port()))
    child = Child(
        task,
        RANK=rank,
        WORLD_SIZE=context.get_world_size(),
        LOCAL_RANK=context.get_local_rank(),
        LOCAL_WORLD_SIZE=context.get_local_world_size(),
        MASTER_ADDR=host,
        MASTER_PORT=port,
    )
    try:
        over, reported = False, 0
        while not over:
            has_ended = child.look()
            # all of them report, or none: it is where Ray has them meet
            step = last_event(task, "step") if rank == 0 else None
            over, step = broadcast_from_rank_zero((has_ended, step))
            if step is not None and step["step"] > reported:
                report({"step": step["step"], **step["metrics"]})
                reported = step["step"]
        child.process.wait(timeout=END_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        child.process.kill()


def work_alone(task: dict[str, Any]) -> None:
    """A stage that is one process. Returns and raises as `work`."""
    child = Child(task, RANK=0, WORLD_SIZE=1)
    try:
        while not child.look():
            pass
    finally:
        child.process.kill()


class Child:
    """A process of the stage, at its place among the others; it ends with this one at the latest."""

    def __init__(self, task: dict[str, Any], **place: Any) -> None:
        self.task, self.rank, self.size = task, place["RANK"], place["WORLD_SIZE"]
        self.run_dir = Path(task["run_dir"])
        self.told = False
        environment = {"TORCHELASTIC_RESTART_COUNT": "0", TRIED_AGAIN: "1"}
        environment |= {name: str(value) for name, value in place.items()}
        inherited = {name: value for name, value in os.environ.items() if name != NOT_INHERITED}
        with open(log_of(self.run_dir, self.rank), "a") as log:
            self.process = subprocess.Popen(
                task["command"],
                cwd=Path(task["command"][1]).parent,
                env={**inherited, **task["environment"], **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def look(self) -> bool:
        """
        Whether it has ended by now, by the run's own account; tells it of a cancellation. Raises RuntimeError
        when it was lost.
        """
        time.sleep(LOOK_EVERY_S)
        if not self.told and cancel_file(self.run_dir).exists():
            self.process.send_signal(signal.SIGTERM)
            self.told = True
        status = self.process.poll()
        if status is not None and not self.accounted_for(status):
            last = last_line(log_of(self.run_dir, self.rank))
            place = f"process {self.rank} of {self.size} on {socket.gethostname()}"
            raise RuntimeError(f"{place} was lost: {last}")
        return status is not None

    def accounted_for(self, status: int) -> bool:
        """Whether the run says how it came to its end: well, cancelled, or by a failure with a name."""
        if status == 0 or cancel_file(self.run_dir).exists() or last_event(self.task, "end") is not None:
            return True
        return self.rank > 0 and noted(self.run_dir) is not None


def last_event(task: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """The run's newest event of this kind, if one was written since this start."""
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
