"""
The answers of a GRPO run as tables of its tracking service, beside the metrics that the trainer sends there
itself.
"""

from __future__ import annotations

import importlib
import traceback
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .failure import first_words
from .runfile import RunFile
from .watch_grpo import GrpoWatch, samples_of


def answer_tables(run: RunFile, watch: GrpoWatch) -> list[TrainerCallback]:
    """
    The callback that sends tables, or none where no service was started: it is off, it failed, or another
    process tracks.
    """
    service = run.config.tracking.service
    return [] if service == "none" else [AnswerTables(service, watch)]


class AnswerTables(TrainerCallback):
    """
    Sends what each samples event holds as the table `completions`, a row an answer.

    Not TRL's log_completions: it prints its tables, writes every step's answers to parquet files whatever
    grpo.sampleEvery says, and ends the training when a reward has no parts, or not the same ones for all
    answers.
    """

    def __init__(self, service: str, watch: GrpoWatch):
        self.service: Any = importlib.import_module(service)  # wandb or trackio: both have log and Table
        self.watch = watch
        self.failed = False
        # trackio shows tables by step, and would count one more for each table; W&B counts its rows, and
        # takes none of an earlier step.
        self.counts_steps = service == "trackio"

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        logs: dict[str, Any],
        **_,
    ) -> None:
        """After the service's own callback, which has logged the step's metrics."""
        step = state.global_step
        if (
            self.failed or not self.watch.samples_at(step) or "loss" not in logs
        ):  # without a loss: the summary at the end
            return
        try:
            answers = self.watch.trainer._logs
            questions = [messages[-1]["content"] for messages in answers["prompt"]]
            columns, rows = table_of(step, questions, samples_of(answers, self.watch.group_size))
            table = self.service.Table(columns=columns, data=rows)
            self.service.log(
                {"completions": table, "train/global_step": step},
                **({"step": step} if self.counts_steps else {}),
            )
        except Exception as error:
            self.failed = True
            traceback.print_exc()
            message = (
                f"{self.service.__name__} took no table of answers: {first_words(error)}. "
                "The run goes on without; events.jsonl has them all."
            )
            self.watch.events.warning("tracking", message)


def table_of(
    step: int, questions: list[str], samples: list[dict[str, Any]]
) -> tuple[list[str], list[list[Any]]]:
    """Names of the columns, and the rows: one an answer. A part that the reward did not judge is None."""
    parts = sorted({name for sample in samples for name in sample["rewards"]})
    columns = [
        "step",
        "id",
        "group",
        "question",
        "completion",
        *(f"rewards/{name}" for name in parts),
        "reward",
        "advantage",
        "tokens",
    ]
    rows = [
        [
            step,
            s["id"],
            s["group"],
            question,
            s["completion"],
            *(s["rewards"].get(name) for name in parts),
            s["reward"],
            s["advantage"],
            s["tokens"],
        ]
        for question, s in zip(questions, samples, strict=True)
    ]
    return columns, rows
