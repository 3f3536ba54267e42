"""
Held-out questions that the policy answers while it trains: what the reward pays for them, and whether the
checker says that they are right. The training is the same to the last bit with and without (a test compares).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from accelerate.utils import gather_object
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .reward import RewardProcess
from .rows import messages, read_rows
from .watch_grpo import GrpoWatch

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def probe_of(
    watch: GrpoWatch, reward: RewardProcess, tokenizer: PreTrainedTokenizerBase
) -> list[TrainerCallback]:
    """The callback that asks; none where the run file has no questions for it, or grpo.probeSteps is 0."""
    asks = watch.run.config.grpo.probe_steps > 0 and "probe" in watch.run.inputs
    return [Probe(watch, reward, tokenizer)] if asks else []


class Probe(TrainerCallback):
    """
    Writes the probe event before the first step, every grpo.probeSteps and after the last one. Of several
    processes each answers its share. Its seconds are in the event; secondsPerStep is without them.
    """

    def __init__(self, watch: GrpoWatch, reward: RewardProcess, tokenizer: PreTrainedTokenizerBase):
        run = watch.run
        self.watch, self.reward, self.tokenizer = watch, reward, tokenizer
        self.every = run.config.grpo.probe_steps
        self.rows = read_rows(run.input("probe").path, ["id", "prompt", "gold_answer"])
        heads = [messages(run.config.prompt.system, row["prompt"]) for row in self.rows]
        encoded = tokenizer.apply_chat_template(heads, add_generation_prompt=True, return_dict=True)
        self.prompts: list[list[int]] = encoded["input_ids"]

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_
    ) -> None:
        if state.global_step == 0:
            self.ask(0)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_) -> None:
        if state.global_step % self.every == 0 or state.global_step == state.max_steps:
            self.ask(state.global_step)

    def ask(self, step: int) -> None:
        started = time.monotonic()
        accelerator = self.watch.trainer.accelerator
        share = slice(accelerator.process_index, None, accelerator.num_processes)
        answers = gather_object(self.answers_to(self.rows[share], self.prompts[share]))
        self.watch.events.probe(step, time.monotonic() - started, answers)

    def answers_to(self, rows: list[dict[str, Any]], prompts: list[list[int]]) -> list[dict[str, Any]]:
        # No more at once than a step has: memory was planned for these.
        trainer = self.watch.trainer
        width = trainer.args.generation_batch_size // trainer.accelerator.num_processes
        parts = [prompts[first : first + width] for first in range(0, len(prompts), width)]
        ids = [answer for part in parts for answer in trainer.greedy(part)]
        texts = self.tokenizer.batch_decode(ids, skip_special_tokens=True)
        asked = [
            {
                "id": row["id"],
                "question": row["prompt"],
                "gold": row["gold_answer"],
                "completion": text,
                "tokens": len(tokens),
            }
            for row, text, tokens in zip(rows, texts, ids, strict=True)
        ]
        judged = zip(*self.reward.judge(asked), strict=True)
        return [
            {
                "id": row["id"],
                "right": right,
                "paid": parts["total"],
                "tokens": row["tokens"],
                "completion": row["completion"],
            }
            for row, (parts, right) in zip(asked, judged, strict=True)
        ]
