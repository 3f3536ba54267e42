"""
On-policy distillation: the model answers, and learns at every token of its own answers what the Teacher would
have said there. A further way to go on from SFT, beside stage 5.

    python scripts/on_policy.py reports/runs/on_policy-…/run.json

After Agarwal et al. (GKD, arXiv 2306.13649), as Qwen3 (arXiv 2505.09388) and Thinking Machines (On-Policy
Distillation, 2025) train small models. For each token t of an answer, with p the policy and q the Teacher
after the same tokens, both under softmax(logits / temperature), and m = (1 - beta) p + beta q:

    D(t)  = KL(p || q)                                  beta 1, reverse: unlikely things are unlearnt
            KL(q || p)                                  beta 0, forward
            (1 - beta) KL(p || m) + beta KL(q || m)     between
    loss  = mean of D over the tokens of all answers of a step

Differs from GRPO: no reward and no gold answer, a whole distribution a token instead of one number an answer.
The answer itself is held fixed: the gradient does not go through what was drawn. No old texts are mixed in
(GKD's lambda is 1), and nothing holds the policy to where it started.

Teacher and student must have one tokenizer: they are compared token by token.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from sidecar.batch import in_passes
from sidecar.stage import run_stage

if TYPE_CHECKING:
    from sidecar.batch import Batch
    from sidecar.events import EventLog
    from sidecar.runfile import RunFile
    from trl import DistillationConfig


def main(run: RunFile, events: EventLog) -> None:
    in_passes(run, events, partial(train, run, events))


def train(run: RunFile, events: EventLog, batch: Batch, fill: bool) -> None:
    """Data, model, Teacher, trainer, training."""
    # Not at the top: these take seconds, and read the environment that the run file decides.
    from sidecar.batch import passes_of
    from sidecar.distiller import distiller_of
    from sidecar.loop import loop_arguments, train_and_save
    from sidecar.model import device_of, load_policy, load_teacher
    from sidecar.rows import questions_of
    from sidecar.speed import speed_of
    from sidecar.watch import Watch

    questions, device = questions_of(run), device_of(run)
    teacher, speed = load_teacher(run, device), speed_of(run, device)
    speed.print()
    with passes_of(batch):
        policy, before = load_policy(run, device, kernel=None)
        trainer = distiller_of(policy, teacher, run)(
            model=policy,
            teacher_model=teacher,
            processing_class=questions.tokenizer,
            train_dataset=questions.data,
            callbacks=[Watch(events, questions.epochs)],
            args=on_policy_config(
                run, **loop_arguments(run, run.config.on_policy, batch, questions.steps, device, speed)
            ),
        )
        train_and_save(trainer, run, before, events, autocast_alone=False)


def on_policy_config(run: RunFile, **machine: object) -> DistillationConfig:
    """In TRL's words. `machine`: what decides where and how fast, not what is learned."""
    from trl import DistillationConfig

    settings = run.config.on_policy
    return DistillationConfig(
        beta=settings.beta,
        temperature=settings.temperature,
        top_p=1.0,
        top_k=0,
        max_completion_length=settings.max_tokens,
        disable_dropout=True,  # with dropout the trained policy would not be the one that answered
        shuffle_dataset=False,
        lr_scheduler_type={"constant": "constant_with_warmup", "linear": "linear"}[settings.schedule],
        **machine,
    )


if __name__ == "__main__":
    sys.exit(run_stage("on_policy", main))
