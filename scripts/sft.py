"""
Supervised fine-tuning: the Base learns to answer as the Teacher's accepted texts do. Stage 4.

    python scripts/sft.py reports/runs/sft-…/run.json

Differs from Fin-R1 (arXiv 2503.16252), which tunes all weights of a 7B model on 60,091 rows: here a LoRA adapter learns, on a smaller
model and less data. The loss sees the response and its end token only; the prompt is context.

Reads every value from run.json; writes events.jsonl, checkpoints/ and the adapter beside it. Started again on the same run file it
resumes from the newest complete checkpoint and ends with the same weights as a run that was never stopped.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from sidecar.batch import Batch, filled, with_smaller_batch
from sidecar.events import EventLog
from sidecar.failure import Failure
from sidecar.order import dealt_evenly, epochs_in_order
from sidecar.ranks import processes
from sidecar.rows import encode, read_rows
from sidecar.runfile import RunFile
from sidecar.speed import histogram, spare_casts, speed_of
from sidecar.stage import run_stage


def main(run: RunFile, events: EventLog) -> None:
    settings = run.config.sft
    rows = settings.batch_size * settings.gradient_accumulation
    accumulation, rest = divmod(rows, settings.batch_size * processes())
    if rest:
        raise Failure("bad_run_file", f"sft.batchSize: {settings.batch_size} × {processes()} processes must divide batchSize × gradientAccumulation = {rows}")
    with_smaller_batch(Batch(settings.batch_size, accumulation), events, Path(run.run_dir), lambda batch: train(run, events, batch))


def train(run: RunFile, events: EventLog, batch: Batch) -> None:
    # Not at the top: these take seconds, and read the environment that the run file decides.
    from datasets import Dataset
    from transformers import set_seed
    from trl import SFTConfig, SFTTrainer

    from sidecar.flash import use_kernel
    from sidecar.loop import loop_arguments, train_and_save
    from sidecar.model import device_of, load_base, load_tokenizer, new_adapter, trainable_weights
    from sidecar.watch import Watch

    config, settings = run.config, run.config.sft

    # Data
    device = device_of(run)
    rows = read_rows(run.input("train").path, ["id", "prompt", "response"])
    tokenizer = load_tokenizer(run)
    encoded = [encode(tokenizer, config.prompt.system, row["prompt"], row["response"], settings.max_length) for row in rows]
    print(histogram([row.length for row in encoded], settings.max_length))
    kept = keep_answers(encoded, settings.max_length, events)
    order = epochs_in_order(len(kept), settings.epochs, config.seed)
    speed = speed_of(run, device)
    lengths = [len(row.input_ids) for row in kept]

    def dealt(micro: int) -> list[int]:
        return dealt_evenly(order, lengths, Batch(micro, batch.effective // micro), processes())

    if device != "cpu":
        batch = filled(batch, lambda micro: largest_pass([lengths[i] for i in dealt(micro)], micro, padded=speed.kernel is None), batch.micro * settings.max_length)
    data = Dataset.from_list([{"input_ids": kept[i].input_ids, "labels": kept[i].labels} for i in dealt(batch.micro)])
    steps = math.ceil(len(order) / (batch.effective * processes()))
    print(f"{len(kept)} rows × {settings.epochs:g} epochs / ({batch.micro} × {batch.accumulation} × {processes()}) = {steps} steps")

    # Model
    speed.say()
    set_seed(config.seed)
    base = load_base(run, device)
    if speed.kernel:
        use_kernel(base, speed.kernel)
    model = new_adapter(base, settings.lora_rank, settings.lora_alpha, settings.lora_dropout)
    if device != "cpu":
        spare_casts(model)
    before = trainable_weights(model)

    # Trainer
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=data,
        callbacks=[Watch(events, settings.epochs)],
        args=SFTConfig(
            train_sampling_strategy="sequential",
            lr_scheduler_type="cosine",
            max_length=None,  # cut above, and counted
            **loop_arguments(run, settings, batch, steps, device, speed),
        ),
    )
    train_and_save(trainer, run, before, events)


def keep_answers(encoded: list, max_length: int, events: EventLog) -> list:
    """The rows that still hold a piece of their answer; says how many were cut and how many lost all of it."""
    kept = [row for row in encoded if row.answer_tokens > 0]
    cut = sum(row.length > max_length for row in encoded)
    if cut:
        longest = max(row.length for row in encoded)
        events.warning(
            "truncated_rows",
            f"{cut} of {len(encoded)} rows are longer than sft.maxLength = {max_length} tokens and were cut (the longest has {longest}); "
            f"{len(encoded) - len(kept)} of them lost their whole answer and were left out.",
        )
    if not kept:
        raise Failure("no_rows", f"no row keeps any of its answer within sft.maxLength = {max_length} tokens")
    return kept


def largest_pass(lengths: list[int], micro: int, padded: bool) -> int:
    """Tokens of the largest of the passes of `micro` consecutive rows; padded rows all count as the longest of their pass."""
    passes = [lengths[i : i + micro] for i in range(0, len(lengths), micro)]
    return max(max(rows) * len(rows) if padded else sum(rows) for rows in passes)


if __name__ == "__main__":
    sys.exit(run_stage("sft", main))
