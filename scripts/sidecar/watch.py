"""
What is looked at while a trainer runs: metrics after each step, checkpoints as they are written.
"""

from __future__ import annotations

import importlib.metadata
import math
import platform
import resource
import shutil
import time
from pathlib import Path

import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .checkpoint import seal
from .events import EventLog
from .failure import Failure

PACKAGES = ["torch", "transformers", "trl", "peft", "accelerate"]
ON_A_GPU = ["bitsandbytes", "vllm", "liger-kernel"]  # named where they are installed


class Watch(TrainerCallback):
    """
    Writes the events of a run. Adds to the metrics that TRL logs: secondsPerStep (one optimizer step, without
    the writing of checkpoints), tokensPerSecond (prompts and responses; GRPO: the sampled answers) and
    memoryMiB (the most that this process had in use so far: resident on a CPU, allocated on a GPU). An
    evaluation adds heldOutLoss (nats per token). `epochs` is how often the data that the trainer takes for
    one epoch holds each row.
    """

    def __init__(self, events: EventLog, epochs: float):
        self.events = events
        self.epochs = epochs
        self.started = time.monotonic()
        self.seconds = 0.0
        self.tokens_before = 0.0

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, *, model, **_
    ) -> None:
        trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
        total = sum(p.numel() for name, p in model.named_parameters() if ".ref." not in name)
        if trainable == 0:
            raise Failure("nothing_trained", "no parameter of the model is trainable")
        self.events.start(
            step=state.global_step,
            total_steps=state.max_steps,
            device=torch.cuda.get_device_name(args.device) if args.device.type == "cuda" else "cpu",
            trainable=trainable,
            total=total,
            versions=versions(),
        )

    def on_step_begin(self, *_, **__) -> None:
        self.started = time.monotonic()

    def on_step_end(self, *_, **__) -> None:
        self.seconds = time.monotonic() - self.started

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        logs: dict[str, float | None],
        **_,
    ) -> None:
        if "eval_loss" in logs:
            self.events.step(state.global_step, {"heldOutLoss": float(logs["eval_loss"])})
        if "loss" not in logs:  # an evaluation, or the summary at the end
            return
        metrics = {name: float(value) for name, value in logs.items() if value is not None}
        if not math.isfinite(metrics["loss"]):
            raise Failure("non_finite_loss", f"the loss of step {state.global_step} is {metrics['loss']}")
        metrics["epoch"] *= self.epochs
        metrics["secondsPerStep"] = self.seconds
        metrics["tokensPerSecond"] = self.tokens_of(metrics) / max(self.seconds, 1e-9)
        metrics["memoryMiB"] = peak_memory(args.device)
        self.events.step(state.global_step, metrics)

    def tokens_of(self, metrics: dict[str, float]) -> float:
        """Of the last step; TRL counts from the (re)start on."""
        before, self.tokens_before = self.tokens_before, metrics["num_tokens"]
        return self.tokens_before - before

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_) -> None:
        if torch.distributed.is_initialized():
            # each process writes its random numbers into the folder that is sealed here
            torch.distributed.barrier()
        if not state.is_world_process_zero:
            return
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        # GRPO's frozen reference is copied from the SFT adapter at every start. Saved beside the policy it
        # makes transformers restore the reference alone: the policy would start again from SFT, with the
        # optimizer of step N.
        shutil.rmtree(folder / "ref", ignore_errors=True)
        seal(folder)
        self.events.checkpoint(state.global_step, str(folder))


def versions() -> dict[str, str]:
    installed = {
        distribution.name.lower().replace("_", "-")
        for distribution in importlib.metadata.distributions()
        if distribution.name
    }
    names = [*PACKAGES, *(name for name in ON_A_GPU if name in installed)]
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def peak_memory(device: torch.device) -> float:
    """MiB."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if platform.system() == "Darwin" else peak / 2**10  # bytes there, KiB elsewhere
