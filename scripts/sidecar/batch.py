"""How an effective batch is cut into what fits into memory at once."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .events import EventLog
from .failure import Failure, is_out_of_memory
from .ranks import anew, meet_anew, processes, restarted, start_all_anew

HALVED = "FTMODEL_MICRO_BATCH"  # tells a process that started anew what it had come to
STARTED_WITH = dict(os.environ)  # without what TRL and vLLM add (RANK, WORLD_SIZE): it would make the next one a process of several


@dataclass(frozen=True)
class Batch:
    """`micro` rows a forward pass and process, `accumulation` passes an optimizer step."""

    micro: int
    accumulation: int

    @property
    def effective(self) -> int:
        return self.micro * self.accumulation


def halve(batch: Batch) -> Batch | None:
    """The same effective batch with at most half the micro-batch; None when a single row is already too much."""
    if batch.micro == 1:
        return None
    micro = next(m for m in range(batch.micro // 2, 0, -1) if batch.effective % m == 0)
    return Batch(micro, batch.effective // micro)


def filled(batch: Batch, tokens_of: Callable[[int], int], room: int) -> Batch:
    """
    The same effective batch in as few passes as `room` tokens allow.

    A micro-batch is planned for rows of the greatest length, and most are shorter; a GPU that gets small passes waits for Python to launch
    their kernels. `tokens_of(micro)`: tokens of the largest pass of `micro` rows.
    """
    larger = (micro for micro in range(batch.effective, batch.micro, -1) if batch.effective % micro == 0)
    micro = next((micro for micro in larger if tokens_of(micro) <= room), batch.micro)
    if micro > batch.micro:
        print(f"{micro} rows a pass instead of {batch.micro}: none of them has more than {room} tokens, for which memory was planned", flush=True)
    return Batch(micro, batch.effective // micro)


def with_smaller_batch(batch: Batch, events: EventLog, run_dir: Path, attempt: Callable[[Batch], None], leave: Callable[[], None] | None = None) -> None:
    """
    Runs `attempt`; when the GPU's memory runs out, once more with half the micro-batch. `attempt` resumes from its checkpoints.

    With `leave` this process first calls it and then starts anew, in place: what vLLM holds cannot be given back otherwise. Of several
    processes the launcher starts all anew, since the others wait for this one where nothing can reach them.
    """
    import torch

    halved = os.environ.get(HALVED) or (restarted() and anew(run_dir))
    if halved:
        before, batch = batch, Batch(int(halved), batch.effective // int(halved))
        if restarted():
            meet_anew()
            warn(events, before, batch)
    try:
        return attempt(batch)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        message = str(error).split("\n")[0]
    # Outside the handler: inside, the traceback would keep the tensors alive.
    smaller = halve(batch)
    if halved:
        raise too_much(batch, message)
    if smaller is None:
        raise Failure("out_of_memory", f"a single row does not fit into the GPU's memory: {message}")
    if processes() > 1:
        if leave:
            leave()
        start_all_anew(run_dir, smaller.micro)
    warn(events, batch, smaller)
    if leave:
        leave()
        os.execve(sys.executable, sys.orig_argv, {**STARTED_WITH, HALVED: str(smaller.micro)})
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    try:
        attempt(smaller)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        message = str(error).split("\n")[0]
        raise too_much(smaller, message) from None


def warn(events: EventLog, before: Batch, now: Batch) -> None:
    events.warning(
        "out_of_memory",
        f"The GPU's memory ran out with passes of {before.micro} of the longest rows; going on with {now.micro} × {now.accumulation} = "
        f"{now.effective} (the effective batch is the same) from the newest checkpoint.",
    )


def too_much(batch: Batch, message: str) -> Failure:
    return Failure("out_of_memory", f"out of memory with passes of {batch.micro} of the longest rows, too: {message}")
