"""
events.jsonl: what a run says while it runs. The schema is RunEvent in lib/records.ts; times are Unix seconds.
"""

from __future__ import annotations

import errno
import json
import math
import os
import threading
import time
from pathlib import Path
from typing import Any

from .ranks import rank


class EventLog:
    """
    Appends one JSON object a line, each with one write. `step` is the last optimizer step that was logged.
    """

    def __init__(self, path: Path):
        # Of several processes (accelerate launch) the first one speaks.
        self.speaks = rank() == 0
        self.ended = threading.Lock()
        self.step_done = 0
        self.file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        torn = self._cut_torn_tail() if self.speaks else 0
        if torn:
            self.warning(
                "torn_event",
                f"The last line of {path.name} was cut off by a crash; its {torn} bytes were dropped.",
            )

    def start(
        self,
        *,
        step: int,
        total_steps: int,
        device: str,
        trainable: int,
        total: int,
        versions: dict[str, str],
    ) -> None:
        self.step_done = step
        self._write(
            "start",
            step=step,
            totalSteps=total_steps,
            device=device,
            trainableParameters=trainable,
            totalParameters=total,
            versions=versions,
        )

    def step(self, step: int, metrics: dict[str, float]) -> None:
        """Metrics after an optimizer step. JSON has no NaN: what is not finite is written as null."""
        self.step_done = step
        self._write(
            "step",
            step=step,
            metrics={name: value if math.isfinite(value) else None for name, value in metrics.items()},
        )

    def samples(self, step: int, samples: list[dict[str, Any]]) -> None:
        self._write("samples", step=step, samples=samples)

    def probe(self, step: int, seconds: float, answers: list[dict[str, Any]]) -> None:
        self._write("probe", step=step, seconds=round(seconds, 3), answers=answers)

    def warning(self, code: str, message: str) -> None:
        self._write("warning", code=code, message=message)

    def checkpoint(self, step: int, path: str) -> None:
        self._write("checkpoint", step=step, path=path)

    def end(self, cause: str | None, message: str | None) -> None:
        """The last line, once: of two threads the first one is heard."""
        if not self.ended.acquire(blocking=False):
            return
        self._write(
            "end",
            status="done" if cause is None else "failed",
            cause=cause,
            message=message,
            step=self.step_done,
        )

    def _write(self, event: str, **fields: Any) -> None:
        if not self.speaks:
            return
        # ASCII: half a surrogate in a model's text must not stop the run
        line = json.dumps({"event": event, "time": round(time.time(), 3), **fields}, allow_nan=False)
        line = line.encode("ascii") + b"\n"
        if (written := os.write(self.file, line)) < len(
            line
        ):  # a disk that is nearly full: the next event must not grow out of half a line
            os.ftruncate(self.file, os.fstat(self.file).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "events.jsonl")

    def _cut_torn_tail(self) -> int:
        """
        Removes a last line without its newline, so that the next event does not grow out of it. Returns the
        bytes cut.
        """
        size = os.fstat(self.file).st_size
        keep = size
        while keep > 0:
            start = max(0, keep - 65536)
            newline = os.pread(self.file, keep - start, start).rfind(b"\n")
            if newline != -1:
                keep = start + newline + 1
                break
            keep = start
        if keep < size:
            os.ftruncate(self.file, keep)
        return size - keep
