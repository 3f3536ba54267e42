"""How a GRPO run uses its machine: which trainer, passes of how many answers or tokens, vLLM or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from .batch import Batch, filled, passes_of, planned_batch
from .colocate import beside_vllm, vllm_arguments
from .flash import Kernel
from .loop import loop_arguments
from .model import device_of
from .phases import TimedGRPOTrainer
from .rows import Questions
from .runfile import RunFile
from .speed import Speed, setting_line, speed_of

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from peft import PeftModel


@dataclass(frozen=True)
class Plan:
    run: RunFile
    device: str
    speed: Speed
    batch: Batch
    room: int  # tokens a pass, for which memory was planned
    split: int  # times as many passes as that: 1, until memory has run out
    arguments: dict[str, Any]  # GRPOConfig's: the loop, and vLLM

    @property
    def kernel(self) -> Kernel | None:
        return self.speed.kernel

    @property
    def by_vllm(self) -> bool:
        return self.arguments["use_vllm"]

    def passes(self) -> AbstractContextManager[None]:
        """Where memory runs out inside, half of this batch is tried next."""
        return passes_of(self.batch)

    def build(self, model: PeftModel, **arguments: Any) -> TimedGRPOTrainer:
        """The trainer; `arguments`: TRL's."""
        make = partial(self.trainer(model), model=model, **arguments)
        if not self.by_vllm:
            return make()
        return beside_vllm(
            make, model, self.run, self.batch.effective, self.arguments["vllm_max_model_length"]
        )

    def trainer(self, model: PeftModel) -> Callable[..., TimedGRPOTrainer]:
        """Without padding where the kernel for it works, otherwise in a CPU's own way, or as TRL does it."""
        if self.kernel:
            from .packed_grpo import PackedGRPOTrainer

            return partial(PackedGRPOTrainer, room=self.room, share=self.speed.prefixes, split=self.split)
        config = self.run.config
        if self.device == "cpu" and not config.grpo.gradient_checkpointing and not config.models.load_in_4bit:
            from .cpu_grpo import CpuGRPOTrainer
            from .decoder import is_plain

            if is_plain(model.get_base_model()):
                return CpuGRPOTrainer
        return TimedGRPOTrainer


def plan_of(run: RunFile, batch: Batch, fill: bool, questions: Questions) -> Plan:
    """
    `fill`: a pass may hold more answers than the micro-batch, as long as their tokens are no more than
    planned.
    """
    config, device = run.config, device_of(run)
    speed = speed_of(run, device)
    longest = 0 if device == "cpu" else longest_prompt(questions)
    room = planned_batch(run).micro * (config.prepare.max_prompt_tokens + config.grpo.max_tokens)
    split = 1 if fill else batch.accumulation
    if speed.kernel:
        print(f"passes of at most {room} tokens, without padding; {split} times as many as that gives")
        batch = batch.cut(batch.effective)  # the trainer cuts it by tokens
    elif fill and device != "cpu":
        batch = filled(batch, lambda micro: micro * (longest + config.grpo.max_tokens), room)
    vllm = vllm_arguments(run, device, longest)
    speed.print()
    why = "gpu.vllm" if device != "cpu" else "a GPU only"
    print(setting_line("vLLM for the answers, in this process", vllm["use_vllm"], why))
    loop = loop_arguments(run, config.grpo, batch, questions.steps, device, speed)
    # A run that resumes draws answers first: it must not have left others half used.
    loop["save_steps"] += -loop["save_steps"] % config.grpo.updates_per_batch
    return Plan(run, device, speed, batch, room, split, {**vllm, **loop})


def longest_prompt(questions: Questions) -> int:
    """Tokens of the longest prompt in the chat template."""
    prompts = list(questions.data["prompt"])
    encoded = questions.tokenizer.apply_chat_template(prompts, add_generation_prompt=True, return_dict=True)
    return max(len(ids) for ids in encoded["input_ids"])
