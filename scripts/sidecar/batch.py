"""How an effective batch is cut into what fits into memory at once."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .events import EventLog
from .failure import Failure, is_out_of_memory
from .ranks import processes
from .runfile import RunFile

HALVED = "FTMODEL_MICRO_BATCH"  # tells a process that started anew what it had come to
STARTED_WITH = dict(
    os.environ
)  # without what TRL and vLLM add (RANK, WORLD_SIZE): it would make the next one a process of several


@dataclass(frozen=True)
class Batch:
    """`micro` rows a forward pass and process, `accumulation` passes an optimizer step."""

    micro: int
    accumulation: int

    @property
    def effective(self) -> int:
        return self.micro * self.accumulation

    def cut(self, micro: int) -> Batch:
        """The same effective batch in passes of `micro` rows."""
        return Batch(micro, self.effective // micro)


def planned_batch(run: RunFile) -> Batch:
    """
    The share of each process in a step of the run file. Raises Failure when the processes cannot share it. On
    CPU cores, whose memory is one, the processes share a micro-batch, too.
    """
    sft, grpo, on_policy = run.config.sft, run.config.grpo, run.config.on_policy
    if run.stage == "sft":
        micro, rows = sft.batch_size, sft.batch_size * sft.gradient_accumulation
        names = f"sft.batchSize: {micro}", "batchSize × gradientAccumulation"
    elif run.stage == "on_policy":
        micro, rows = on_policy.micro_batch, on_policy.prompts_per_step
        names = f"onPolicy.microBatch: {micro}", "promptsPerStep"
    else:
        micro, rows = grpo.micro_batch, grpo.prompts_per_step * grpo.group_size
        names = f"grpo.microBatch: {micro}", "promptsPerStep × groupSize"
    if run.config.profile == "tiny":
        micro = max(1, micro // processes())
    accumulation, rest = divmod(rows, micro * processes())
    if rest:
        raise Failure("bad_run_file", f"{names[0]} × {processes()} processes must divide {names[1]} = {rows}")
    return Batch(micro, accumulation)


def halve(batch: Batch) -> Batch | None:
    """
    The same effective batch with at most half the micro-batch; None when a single row is already too much.
    """
    if batch.micro == 1:
        return None
    micro = next(m for m in range(batch.micro // 2, 0, -1) if batch.effective % m == 0)
    return batch.cut(micro)


def filled(batch: Batch, tokens_of: Callable[[int], int], room: int) -> Batch:
    """
    The same effective batch in as few passes as `room` tokens allow.

    A micro-batch is planned for rows of the greatest length, and most are shorter; a GPU that gets small
    passes waits for Python to launch their kernels. `tokens_of(micro)`: tokens of the largest pass of `micro`
    rows.
    """
    larger = (micro for micro in range(batch.effective, batch.micro, -1) if batch.effective % micro == 0)
    micro = next((micro for micro in larger if tokens_of(micro) <= room), batch.micro)
    if micro > batch.micro:
        print(
            f"{micro} rows a pass instead of {batch.micro}: none of them has more than {room} tokens, for "
            f"which memory was planned",
            flush=True,
        )
    return batch.cut(micro)


@contextmanager
def passes_of(batch: Batch) -> Iterator[None]:
    """Where the GPU's memory runs out inside, the error carries the batch that it ran out with."""
    try:
        yield
    except RuntimeError as error:
        error.batch = batch
        raise


def in_passes(
    run: RunFile,
    events: EventLog,
    attempt: Callable[[Batch, bool], None],
    leave: Callable[[], None] | None = None,
) -> None:
    """`with_smaller_batch` from the planned batch on; `leave` is called where vLLM holds the GPU's memory."""
    by_vllm = run.config.profile != "tiny" and run.config.gpu.vllm
    with_smaller_batch(planned_batch(run), events, attempt, leave if by_vllm else None)


def with_smaller_batch(
    batch: Batch,
    events: EventLog,
    attempt: Callable[[Batch, bool], None],
    leave: Callable[[], None] | None = None,
) -> None:
    """
    Runs `attempt(batch, True)`; when the GPU's memory runs out, once more with at most half the micro-batch
    that it ran out with. The flag says whether passes may be filled beyond the planned micro-batch. `attempt`
    resumes from its checkpoints.

    With `leave` this process first calls it and then starts anew, in place: what vLLM holds cannot be given
    back otherwise. Raises Failure when memory runs out again, for a single row, and in one of several
    processes: the others wait for it where nothing can reach them.
    """
    import torch

    halved = os.environ.get(HALVED)
    if halved:
        return last_attempt(attempt, batch.cut(int(halved)))
    try:
        return attempt(batch, True)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        died, message = getattr(error, "batch", batch), first_line(error)
    # Outside the handler: inside, the traceback would keep the tensors alive.
    if processes() > 1:
        raise Failure(
            "out_of_memory",
            f"{message} Set a smaller batch for each GPU (sft.batchSize, grpo.microBatch, "
            f"onPolicy.microBatch); what the checkpoints hold is kept.",
        )
    smaller = halve(died)
    if smaller is None:
        raise Failure("out_of_memory", f"a single row does not fit into the GPU's memory: {message}")
    events.warning(
        "out_of_memory",
        f"The GPU's memory ran out with passes of {died.micro} rows; going on with {smaller.micro} × "
        f"{smaller.accumulation} = {smaller.effective} (the effective batch is the same) from the newest "
        f"checkpoint.",
    )
    if leave:
        leave()
        os.execve(sys.executable, sys.orig_argv, {**STARTED_WITH, HALVED: str(smaller.micro)})
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    last_attempt(attempt, smaller)


def last_attempt(attempt: Callable[[Batch, bool], None], batch: Batch) -> None:
    try:
        attempt(batch, False)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        message = first_line(error)
        raise Failure(
            "out_of_memory", f"out of memory with passes of {batch.micro} rows, too: {message}"
        ) from None


def first_line(error: Exception) -> str:
    return str(error).split("\n")[0]
