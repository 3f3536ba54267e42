"""
What a step did to every token of its answers: for the steps of grpo.inspectSteps a file in the run's folder,
such as steps/0010.json. lib/inside reads and shows it.

For each token t of an answer, all under softmax(logits / temperature):

    sampled    log q(t), of vLLM where it answered; null where the trainer did, whose q is `before`
    before     log p(t) of the policy that answered, as the loss had it
    after      log p(t) of the policy after the optimizer's step
    reference  log o(t) of the policy that the run started from; null without a KL (beta 0)
    weight     of gpu.vllmCorrection; null without
    slope      d loss / d log p(t), the loss being the mean over all answers of the step, as autograd found it
               before the gradient's norm is clipped

An answer that was left out of the loss (grpo.maskTruncated) has tokens, and null for all of these. The
training's numbers are what they are without: a hook reads the gradient as it passes. The cost is one forward
pass over the step's answers, timed in the file as `seconds`; secondsPerStep is without it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import gather_object
from tokenizers.decoders import DecodeStream
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .runfile import RunFile

if TYPE_CHECKING:
    from .phases import TimedGRPOTrainer
    from .watch_grpo import GrpoWatch

ROW = "row"  # of a batch: the place of each answer among those that this process generated
DIGITS = 7  # Magic number: about what float32 holds


@dataclass
class Pass:
    """Some answers of the step as they were trained on at once."""

    inputs: dict[str, torch.Tensor]
    before: torch.Tensor | None = None  # (B, C)
    slopes: torch.Tensor | None = None  # (B, C)

    def keep(self, log_probs: torch.Tensor) -> None:
        self.before = log_probs.detach()

        def keep_slopes(gradient: torch.Tensor) -> None:
            self.slopes = gradient

        log_probs.register_hook(keep_slopes)

    def rows(self, after: torch.Tensor, first: int, processes: int) -> list[dict[str, Any]]:
        """The answers, each with its place among all of the step; `first`: that of this process's first."""
        ids, lengths = self.inputs["completion_ids"], self.inputs["completion_mask"].sum(1).tolist()
        columns = {
            "sampled": self.inputs.get("sampling_per_token_logps"),
            "before": self.before,
            "after": after,
            "reference": self.inputs.get("ref_per_token_logps"),
            "weight": self.inputs.get("importance_sampling_ratio"),  # (B, 1) or (B, C)
            "slope": self.slopes / processes,  # the gradients of processes are averaged
        }
        return [
            {
                "place": first + int(row),
                "ids": ids[i].tolist(),
                **{
                    name: numbers(values[i].expand(ids.size(1))[:length])
                    if length and values is not None
                    else None
                    for name, values in columns.items()
                },
            }
            for i, (row, length) in enumerate(zip(self.inputs[ROW], lengths, strict=True))
        ]


class StepInspector(TrainerCallback):
    """Looks at the loss of a wanted step while it is computed, and at the policy after it."""

    def __init__(self, run: RunFile, watch: GrpoWatch):
        self.run, self.watch = run, watch
        self.folder = Path(run.run_dir) / "steps"
        self.passes: list[Pass] | None = None  # of a step that is looked at
        self.learning_rate = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        trainer = self.watch.trainer
        answer, score = trainer._generate_and_score_completions, trainer._get_per_token_logps_and_entropies
        loss = trainer._compute_loss

        def numbered(*args: Any) -> dict[str, Any]:
            batch = answer(*args)
            return {**batch, ROW: torch.arange(len(batch["completion_ids"]))}

        def seen(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
            if self.passes is not None:
                self.passes.append(Pass(inputs))
                self.learning_rate = trainer.optimizer.param_groups[0]["lr"]
            return loss(model, inputs)

        def scored(*args: Any, **kwargs: Any) -> tuple:
            found = score(*args, **kwargs)
            if self.passes and self.passes[-1].before is None and found[0].requires_grad:
                self.passes[-1].keep(found[0])
            return found

        trainer._generate_and_score_completions = numbered
        trainer._compute_loss = seen
        trainer._get_per_token_logps_and_entropies = scored

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        step, wanted = state.global_step + 1, self.run.config.grpo.inspect_steps
        self.passes = [] if step in wanted or (step == state.max_steps and -1 in wanted) else None

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        passes, self.passes = self.passes, None
        if passes is None:
            return
        started, trainer = time.perf_counter(), self.watch.trainer
        machine = trainer.accelerator
        first = machine.process_index * sum(len(one.inputs[ROW]) for one in passes)
        rows = gather_object(
            [
                row
                for one in passes
                for row in one.rows(trainer.policy_log_probs(one.inputs), first, machine.num_processes)
            ]
        )
        seconds = time.perf_counter() - started
        if state.is_world_process_zero:
            self.write(state.global_step, rows, seconds)

    def write(self, step: int, rows: list[dict[str, Any]], seconds: float) -> None:
        trainer, grpo = self.watch.trainer, self.run.config.grpo
        whole = {
            "step": step,
            "learningRate": self.learning_rate,
            "temperature": grpo.temperature,
            "beta": grpo.beta,
            "klGradient": grpo.kl_gradient,
            "clip": [1 - trainer.epsilon_low, 1 + trainer.epsilon_high],
            "seconds": round(seconds, 4),
            "questions": questions_of(trainer, sorted(rows, key=lambda row: row["place"]), grpo.group_size),
        }
        self.folder.mkdir(exist_ok=True)
        file = self.folder / f"{step:04}.json"
        unfinished = file.with_suffix(".unfinished")
        # ASCII and no NaN: as events.jsonl
        unfinished.write_text(json.dumps(whole, allow_nan=False, separators=(",", ":")), encoding="ascii")
        unfinished.replace(file)


def questions_of(
    trainer: TimedGRPOTrainer, rows: list[dict[str, Any]], group_size: int
) -> list[dict[str, Any]]:
    """The step's questions with their answers: what the samples event says, and `rows` token by token."""
    from .watch_grpo import samples_of

    golds = dict(zip(trainer.train_dataset["id"], trainer.train_dataset["gold"], strict=True))
    tokenizer = trainer.processing_class
    questions: list[dict[str, Any]] = []
    for row, sample in zip(rows, samples_of(trainer._logs, group_size), strict=True):
        place, id = row.pop("place"), sample["id"]
        if place % group_size == 0:
            prompt = trainer._logs["prompt"][place][-1]["content"]
            questions.append({"id": id, "question": prompt, "gold": golds[id], "answers": []})
        row["ids"] = row["ids"][: sample["tokens"]]
        told = {name: sample[name] for name in ("rewards", "reward", "advantage")}
        questions[-1]["answers"].append({**told, **row, **pieces(tokenizer, row["ids"])})
    return questions


def pieces(tokenizer: Any, ids: list[int]) -> dict[str, list]:
    """
    The text of each token, which together are the answer's: a character of several tokens stands with the
    last of them; and the places of special ones.
    """
    special = set(tokenizer.all_special_ids)
    stream = DecodeStream(skip_special_tokens=False)
    texts = [stream.step(tokenizer.backend_tokenizer, id) or "" for id in ids]
    return {"texts": texts, "special": [i for i, id in enumerate(ids) if id in special]}


def numbers(values: torch.Tensor) -> list[float | None]:
    """What is not finite (a token that vLLM could not score) is None."""
    finite = values.isfinite().tolist()
    return [
        float(f"{value:.{DIGITS}g}") if known else None
        for value, known in zip(values.tolist(), finite, strict=True)
    ]
