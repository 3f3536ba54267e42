"""
What makes training fast on this machine: each choice is made once, before the model is loaded, and said in
the log with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .runfile import RunFile

if TYPE_CHECKING:
    from .flash import Kernel


FUSED = "TRL's head scores the answers' tokens in tiles, the logits of a batch are never there at once"


@dataclass(frozen=True)
class Speed:
    """
    `kernel`: attention over rows laid end to end, None pads them. `prefixes`: whether it lets answers share
    their prompt. `arguments`: what the trainer's configuration gets.
    """

    kernel: Kernel | None
    prefixes: bool
    arguments: dict[str, Any]
    lines: list[str]

    def print(self) -> None:
        print(*self.lines, sep="\n", flush=True)


def speed_of(run: RunFile, device: str) -> Speed:
    """What `run` may use on `device`, tried on it."""
    from .flash import reads_prefixes, working_kernel

    grpo = run.stage == "grpo"
    unpacked = "gpu.packed is false" if grpo and not run.config.gpu.packed else None
    padded = "TRL's distillation pads" if run.stage == "on_policy" else unpacked
    kernel, why = (None, padded) if padded else working_kernel(device)
    prefixes = grpo and kernel is not None and reads_prefixes(kernel, device)
    if grpo and kernel is not None:
        why += ", each prompt once for its answers" if prefixes else ", each answer with a prompt of its own"
    liger = device != "cpu" and find_spec("liger_kernel") is not None
    no_liger = "" if liger else "a GPU only" if device == "cpu" else "liger-kernel is not installed"
    checkpointing = run.settings.gradient_checkpointing
    plain = device == "cpu" and kernel is None and not (checkpointing or run.config.models.load_in_4bit)
    own = plain and (grpo or (run.stage == "sft" and run.config.sft.lora_dropout == 0))
    lines = [
        setting_line("FlashAttention, rows without padding", kernel is not None, why),
        setting_line(
            "fused loss", not own, f"sidecar/cpu_{run.stage}.py for a small model" if own else FUSED
        ),
        setting_line("Liger kernels for norms, MLP and rotary embedding", liger, no_liger),
        setting_line(
            "4-bit weights (NF4, double quantisation)", run.config.models.load_in_4bit, "models.loadIn4bit"
        ),
        setting_line("gradient checkpointing", checkpointing, f"{run.section}.gradientCheckpointing"),
    ]
    arguments: dict[str, Any] = {}
    if liger:
        arguments["use_liger_kernel"] = True
    if kernel is not None and not grpo:
        arguments["padding_free"] = True
    return Speed(kernel, prefixes, arguments, lines)


def setting_line(what: str, on: bool, why: str) -> str:
    return f"{'on ' if on else 'off'} {what}{f': {why}' if why else ''}"
