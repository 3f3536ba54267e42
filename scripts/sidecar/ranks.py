"""The processes of one run (accelerate launch): which one this is, and what another one ran into."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

LOOK_EVERY_S = 0.5
EXIT_AGAIN = 75  # EX_TEMPFAIL of sysexits.h


def processes() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    return int(os.environ.get("RANK", "0"))


def launched() -> bool:
    """Whether a launcher started this process: `accelerate launch`, or scripts/on_ray.py."""
    return "TORCHELASTIC_RESTART_COUNT" in os.environ


def restarted() -> bool:
    """Whether the launcher has started all processes once more (lib starts it with --max_restarts 1), which it does after any failure."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def start_all_anew(run_dir: Path, micro: int) -> NoReturn:
    """Ends this process without a word, so that the launcher ends the others and starts all anew, with `micro` rows a pass."""
    unfinished = anew_file(run_dir).with_suffix(f".{rank()}")
    unfinished.write_text(str(micro), encoding="utf-8")
    unfinished.rename(anew_file(run_dir))
    os._exit(EXIT_AGAIN)


def meet_anew() -> None:
    """
    Processes that were started anew meet under a name of their own: in the launcher's store stand the addresses of those that are gone.
    Where the launcher has no store (Ray), a new one comes with the new processes.
    """
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return
    import torch
    from torch.distributed import PrefixStore, TCPStore, init_process_group

    gpu = torch.cuda.is_available() and os.environ.get("ACCELERATE_USE_CPU") != "true"
    if gpu:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    store = TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)
    init_process_group("nccl" if gpu else "gloo", store=PrefixStore("anew", store), rank=rank(), world_size=processes())


def anew(run_dir: Path) -> int | None:
    """The micro-batch with which all processes are started anew; None where that is not so."""
    path = anew_file(run_dir)
    return int(path.read_text(encoding="utf-8")) if path.exists() else None


def anew_file(run_dir: Path) -> Path:
    return run_dir / "micro-batch.txt"


def note(run_dir: Path, cause: str | None, message: str | None) -> None:
    """Leaves why this process ended where the first one, which writes the events, finds it."""
    if cause is None or rank() == 0:
        return
    path = run_dir / f"failure-{rank()}.json"
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps([cause, f"process {rank()} of {processes()}: {message}"]), encoding="utf-8")
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
    In the first of several processes: calls `end(cause, message)` when another one fails, from a thread, since this one may be waiting
    in a collective operation that will never return. What an earlier attempt left is removed.
    """
    if processes() == 1 or rank() != 0:
        return
    for path in [*run_dir.glob("failure-*.json"), *([] if restarted() else [anew_file(run_dir)])]:
        path.unlink(missing_ok=True)

    def look() -> None:
        while (found := noted(run_dir)) is None:
            time.sleep(LOOK_EVERY_S)
        if restarted() or anew(run_dir) is None:
            end(*found)

    threading.Thread(target=look, daemon=True).start()
