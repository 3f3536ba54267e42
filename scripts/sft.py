"""
Supervised fine-tuning: the Base learns to answer as the Teacher's accepted texts do. Stage 4.

    python scripts/sft.py reports/runs/sft-…/run.json

Differs from Fin-R1 (arXiv 2503.16252), which tunes all weights of a 7B model on 60,091 rows: here a LoRA
adapter learns, on a smaller model and less data. The loss sees the response and its end token only; the
prompt is context.

Reads every value from run.json; writes events.jsonl, checkpoints/ and the adapter beside it. Started again on
the same run file it resumes from the newest complete checkpoint; on a CPU it ends with the same weights as a
run that was never stopped.
"""

from __future__ import annotations

import math
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from sidecar.batch import Batch, filled, in_passes, passes_of
from sidecar.events import EventLog
from sidecar.failure import Failure
from sidecar.order import dealt_evenly, epochs_in_order
from sidecar.ranks import processes
from sidecar.rows import Encoded, encode, read_rows
from sidecar.runfile import RunFile
from sidecar.stage import run_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase


# Magic number: how often the held-out loss is measured in a run; enough to see where a curve turns.
EVALUATIONS = 10


def main(run: RunFile, events: EventLog) -> None:
    in_passes(run, events, partial(train, run, events))


def train(run: RunFile, events: EventLog, batch: Batch, fill: bool) -> None:
    """
    Plan, data, model, trainer. `fill`: a pass may hold more rows than planned, as long as their tokens are
    fewer.
    """
    # Not at the top: these take seconds, and read the environment that the run file decides.
    from sidecar.cpu_sft import sft_trainer_of
    from sidecar.loop import loop_arguments, train_and_save
    from sidecar.model import device_of, load_policy, load_tokenizer
    from sidecar.speed import speed_of
    from sidecar.watch import Watch
    from trl import SFTConfig

    config, settings, device = run.config, run.config.sft, device_of(run)
    speed, tokenizer = speed_of(run, device), load_tokenizer(run)
    rows = whole_rows(encoded_rows(run, tokenizer, "train"), settings.max_length, events)
    held_out = held_out_rows(run, tokenizer, settings.max_length)
    passes = Passes(
        rows, epochs_in_order(len(rows), settings.epochs, config.seed), padded=speed.kernel is None
    )
    if fill and device != "cpu":
        batch = filled(
            batch, lambda micro: passes.largest(batch.cut(micro)), batch.micro * settings.max_length
        )
    steps = math.ceil(len(passes.order) / (batch.effective * processes()))
    print(
        f"{len(rows)} rows × {settings.epochs:g} epochs / ({batch.micro} × {batch.accumulation} × "
        f"{processes()}) = {steps} steps"
    )

    speed.print()
    with passes_of(batch):
        model, before = load_policy(run, device, speed.kernel)
        trainer = sft_trainer_of(model, run, speed.kernel)(
            model=model,
            processing_class=tokenizer,
            train_dataset=as_dataset(passes.dealt(batch)),
            eval_dataset=as_dataset(held_out) if held_out else None,
            callbacks=[Watch(events, settings.epochs)],
            args=SFTConfig(
                train_sampling_strategy="sequential",
                lr_scheduler_type="cosine",
                max_length=None,  # longer rows are left out above, and counted
                eval_strategy="steps" if held_out else "no",
                eval_steps=max(1, steps // EVALUATIONS),
                per_device_eval_batch_size=batch.micro,
                prediction_loss_only=True,  # the logits of a whole vocabulary are never gathered
                **loop_arguments(run, settings, batch, steps, device, speed),
            ),
        )
        trainer.evaluate = with_its_own_dice(trainer.evaluate)
        train_and_save(trainer, run, before, events, autocast_alone=device != "cpu")


def encoded_rows(run: RunFile, tokenizer: PreTrainedTokenizerBase, name: str) -> list[Encoded]:
    rows = read_rows(run.input(name).path, ["id", "prompt", "response"])
    return [encode(tokenizer, run.config.prompt.system, row["prompt"], row["response"]) for row in rows]


def held_out_rows(run: RunFile, tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[Encoded]:
    """Texts as good as those that are trained on, which no step sees: their loss is measured as it goes."""
    if "heldOut" not in run.inputs:
        return []
    return [row for row in encoded_rows(run, tokenizer, "heldOut") if len(row.input_ids) <= max_length]


def with_its_own_dice(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """A run that is measured draws the same dropout as one that is not, and ends with the same weights."""
    import torch

    def measured(*args: Any, **kwargs: Any) -> Any:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            return evaluate(*args, **kwargs)

    return measured


def as_dataset(rows: list[Encoded]) -> Dataset:
    """As arrays: a pass of lists of numbers takes ten milliseconds to become tensors, while the GPU waits."""
    from datasets import Dataset

    examples = [{"input_ids": row.input_ids, "labels": row.labels} for row in rows]
    return Dataset.from_list(examples).with_format("numpy")


def whole_rows(encoded: list[Encoded], max_length: int, events: EventLog) -> list[Encoded]:
    """
    The rows of at most `max_length` tokens: one that is cut has no closing tag and no end token to learn.
    Says how many were left out.
    """
    kept = [row for row in encoded if len(row.input_ids) <= max_length]
    longest = max(len(row.input_ids) for row in encoded)
    if not kept:
        raise Failure(
            "no_rows", f"no row has at most sft.maxLength = {max_length} tokens (the longest has {longest})"
        )
    if left_out := len(encoded) - len(kept):
        events.warning(
            "long_rows",
            f"{left_out} of {len(encoded)} rows are longer than sft.maxLength = {max_length} tokens and "
            f"were left out "
            f"(the longest has {longest}).",
        )
    return kept


class Passes:
    """
    Rows in the order of all epochs, dealt out to processes and passes. `padded`: a row counts as the longest
    of its pass.
    """

    def __init__(self, rows: list[Encoded], order: list[int], padded: bool):
        self.rows, self.order, self.padded = rows, order, padded
        self.lengths = [len(row.input_ids) for row in rows]

    def dealt(self, batch: Batch) -> list[Encoded]:
        return [self.rows[i] for i in dealt_evenly(self.order, self.lengths, batch, processes())]

    def largest(self, batch: Batch) -> int:
        """Tokens of the largest pass."""
        return largest_pass([len(row.input_ids) for row in self.dealt(batch)], batch.micro, self.padded)


def largest_pass(lengths: list[int], micro: int, padded: bool) -> int:
    """
    Tokens of the largest of the passes of `micro` consecutive rows; padded rows all count as the longest of
    their pass.
    """
    passes = [lengths[i : i + micro] for i in range(0, len(lengths), micro)]
    return max(max(rows) * len(rows) if padded else sum(rows) for rows in passes)


if __name__ == "__main__":
    sys.exit(run_stage("sft", main))
