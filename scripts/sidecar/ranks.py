"""The processes of one run (accelerate launch): which one this is, and what another one ran into."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

LOOK_EVERY_S = 0.5
TRIED_AGAIN = "FTMODEL_TRIED_AGAIN"  # set by a launcher that starts all processes again when one is lost
MEET_IN = "FTMODEL_MEET_IN"  # the file through which scripts/on_cores.py has its processes meet


def processes() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    return int(os.environ.get("RANK", "0"))


def launched() -> bool:
    """Whether a launcher did: `accelerate launch`, scripts/on_ray.py or scripts/on_cores.py."""
    return "TORCHELASTIC_RESTART_COUNT" in os.environ


def meet() -> None:
    """
    Joins the processes of scripts/on_cores.py. The others' launchers leave that to accelerate, whose meeting
    is a server on all interfaces.
    """
    if MEET_IN not in os.environ:
        return
    import torch.distributed

    store = torch.distributed.FileStore(os.environ[MEET_IN], processes())
    torch.distributed.init_process_group("gloo", store=store, rank=rank(), world_size=processes())


def note(run_dir: Path, cause: str | None, message: str | None) -> None:
    """Leaves why this process ended where the first one, which writes the events, finds it."""
    if cause is None or rank() == 0:
        return
    path = run_dir / f"failure-{rank()}.json"
    unfinished = path.with_suffix(".new")
    unfinished.write_text(
        json.dumps([cause, f"process {rank()} of {processes()}: {message}"]), encoding="utf-8"
    )
    unfinished.rename(path)


def noted(run_dir: Path) -> tuple[str, str] | None:
    """Why another process ended; a cancelled one only followed somebody else."""
    for path in sorted(run_dir.glob("failure-*.json")):
        cause, message = json.loads(path.read_text(encoding="utf-8"))
        if cause != "cancelled":
            return cause, message
    return None


def watch_others(run_dir: Path, end: Callable[[str, str], None]) -> None:
    """
    In the first of several processes: calls `end(cause, message)` when another one fails, from a thread,
    since this one may be waiting in a collective operation that will never return. What an earlier attempt
    left was removed by lib before it started any of them.
    """
    if processes() == 1 or rank() != 0:
        return

    def look() -> None:
        while (found := noted(run_dir)) is None:
            time.sleep(LOOK_EVERY_S)
        end(*found)

    threading.Thread(target=look, daemon=True).start()


def leave() -> None:
    """
    Ends this process without Python's own end, which it must not be given where it is one of several on CPU
    cores (threads of libraries that still run then abort it now and then), and need not be where vLLM is in
    it: taking that down takes longer than a notebook waits for what it started. All that it had to do is on
    disk.
    """
    torch = sys.modules.get("torch")
    group = torch and torch.distributed
    if not (group and group.is_initialized()):
        return
    if not launched() or group.get_backend() == "gloo":
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
