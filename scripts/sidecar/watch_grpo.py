"""What GRPO shows beyond the metrics: the answers themselves, with their rewards and advantages."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .events import EventLog
from .failure import Failure
from .runfile import RunFile
from .watch import Watch

DEAD_STEPS = 5  # Magic number: after so many steps without any signal the run says so


def samples_of(logs: dict[str, Any], group_size: int) -> list[dict[str, Any]]:
    """The answers of one step as the samples event holds them; `advantages` are the trainer's own values."""
    extra = logs["extra"]
    columns = zip(
        extra["id"],
        extra["text"],
        extra["parts"],
        extra["total"],
        extra["right"],
        logs["advantages"],
        extra["tokens"],
        strict=True,
    )
    return [
        {
            "id": id,
            "group": i // group_size,
            "completion": text,
            "rewards": parts,
            "reward": total,
            "right": right,
            "advantage": advantage,
            "tokens": tokens,
        }
        for i, (id, text, parts, total, right, advantage, tokens) in enumerate(columns)
    ]


class GrpoWatch(Watch):
    """
    Watch, and the samples event every `sample_every` steps, of several on the same answers at the first.
    tokensPerSecond counts the sampled tokens; seconds/<phase> are phases.py's, and seconds/update is the rest
    of secondsPerStep. `trainer` is set before training.
    """

    def __init__(self, run: RunFile, events: EventLog, epochs: float):
        super().__init__(events, epochs)
        self.run = run
        self.group_size, self.sample_every = run.config.grpo.group_size, run.config.grpo.sample_every
        self.updates = run.config.grpo.updates_per_batch
        self.trainer: Any = None
        self.dead = 0

    def callbacks(self) -> list[TrainerCallback]:
        """
        Itself, what looks inside the steps of grpo.inspectSteps, and what sends the answers to the run's
        tracking service.
        """
        from .inspect_step import StepInspector
        from .track_grpo import answer_tables

        inspectors = [StepInspector(self.run, self)] if self.run.config.grpo.inspect_steps else []
        return [self, *inspectors, *answer_tables(self.run, self)]

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs
    ) -> None:
        super().on_step_end(args, state, control, **kwargs)
        if self.samples_at(state.global_step):
            self.events.samples(state.global_step, samples_of(self.trainer._logs, self.group_size))

    def samples_at(self, step: int) -> bool:
        batch, later = divmod(step - 1, self.updates)
        return later == 0 and (batch == 0 or (batch + 1) % self.sample_every == 0)

    def tokens_of(self, metrics: dict[str, float]) -> float:
        # A further update on the same answers draws none.
        return metrics.get("completions/mean_length", 0) * self.trainer.args.generation_batch_size

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        logs: dict[str, float | None],
        **kwargs,
    ) -> None:
        if "loss" in logs:
            phases = [value for name, value in logs.items() if name.startswith("seconds/")]
            logs["seconds/update"] = self.seconds - sum(phases)
        super().on_log(args, state, control, logs=logs, **kwargs)
        if "frac_reward_zero_std" not in logs:
            return
        self.dead = self.dead + 1 if logs["frac_reward_zero_std"] == 1 else 0
        if self.dead == DEAD_STEPS:
            first = state.global_step - (DEAD_STEPS - 1) * self.updates
            self.events.warning(
                "no_signal_yet",
                f"In steps {first} to {state.global_step} all answers of each group got the same reward: "
                f"nothing can be learned from them.",
            )

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        shares = [log["frac_reward_zero_std"] for log in state.log_history if "frac_reward_zero_std" in log]
        if shares and min(shares) == 1:
            raise Failure(
                "no_signal",
                f"in none of {len(shares)} steps did the answers of any group differ in reward: the policy "
                f"is as it was",
            )
