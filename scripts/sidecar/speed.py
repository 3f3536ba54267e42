"""What makes training fast on this machine: each choice is made once, before the model is loaded, and said in the log with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .runfile import RunFile

if TYPE_CHECKING:
    import torch
    from peft import PeftModel

    from .flash import Kernel


@dataclass(frozen=True)
class Speed:
    """
    `kernel`: attention over rows laid end to end, None pads them. `prefixes`: whether it lets answers share their prompt. `arguments`: what
    the trainer's configuration gets.
    """

    kernel: Kernel | None
    prefixes: bool
    arguments: dict[str, Any]
    lines: list[str]

    def say(self) -> None:
        for line in self.lines:
            print(line, flush=True)


def speed_of(run: RunFile, device: str) -> Speed:
    """What `run` may use on `device`, tried on it."""
    from .flash import reads_prefixes, working_kernel

    grpo = run.stage == "grpo"
    kernel, why = (None, "gpu.packed is false") if grpo and not run.config.gpu.packed else working_kernel(device)
    prefixes = grpo and kernel is not None and reads_prefixes(kernel, device)
    if grpo and kernel is not None:
        why += ", each prompt once for its answers" if prefixes else ", each answer with a prompt of its own"
    liger = device != "cpu" and find_spec("liger_kernel") is not None
    paged = device != "cpu" and run.config.models.load_in_4bit and find_spec("bitsandbytes") is not None
    checkpointing = (run.config.sft if run.stage == "sft" else run.config.grpo).gradient_checkpointing
    fused = device != "cpu" or not grpo or checkpointing or kernel is not None
    lines = [
        said("FlashAttention, rows without padding", kernel is not None, why),
        said("fused loss", fused, "TRL's head scores the answers' tokens in tiles, the logits of a batch are never there at once" if fused else "sidecar/cpu_grpo.py"),
        said("Liger kernels for norms, MLP and rotary embedding", liger, "" if liger else "a GPU only" if device == "cpu" else "liger-kernel is not installed"),
        said("paged 8-bit AdamW", paged, "" if paged else "a GPU only" if device == "cpu" else "models.loadIn4bit is false" if not run.config.models.load_in_4bit else "bitsandbytes is not installed"),
        said("4-bit weights (NF4, double quantisation)", run.config.models.load_in_4bit, "models.loadIn4bit"),
        said("gradient checkpointing", checkpointing, f"{run.stage}.gradientCheckpointing"),
    ]
    arguments: dict[str, Any] = {}
    if liger:
        arguments["use_liger_kernel"] = True
    if paged:
        arguments["optim"] = "paged_adamw_8bit"
    if kernel is not None and not grpo:
        arguments["padding_free"] = True
    return Speed(kernel, prefixes, arguments, lines)


def said(what: str, on: bool, why: str) -> str:
    return f"{'on ' if on else 'off'} {what}{f': {why}' if why else ''}"


def spare_casts(model: PeftModel) -> None:
    """
    LoRA's weights are float32. PEFT casts each input to match, and bf16 autocast casts it back: two passes over the activations a map,
    for nothing. Without the first cast autocast alone decides, and the products are the same.
    """
    for module in model.modules():
        if hasattr(module, "cast_input_dtype_enabled"):
            module.cast_input_dtype_enabled = False


def histogram(lengths: list[int], limit: int, bins: int = 10) -> str:
    """Lengths of the rows as bars of text, before anything is trained; the last line counts those beyond the limit."""
    width = max(1, -(-min(max(lengths), limit) // bins))
    counts = [0] * (-(-limit // width))
    for length in lengths:
        if length <= limit:
            counts[(length - 1) // width] += 1
    while len(counts) > 1 and counts[-1] == 0:
        counts.pop()
    longest = max(1, *counts)
    ordered = sorted(lengths)
    head = f"tokens a row: {len(lengths)} rows, mean {sum(lengths) / len(lengths):.0f}, median {ordered[len(ordered) // 2]}, longest {ordered[-1]}"
    bars = [f"{i * width + 1:>7}–{(i + 1) * width:<7} {count:>6} {'#' * round(40 * count / longest)}" for i, count in enumerate(counts)]
    return "\n".join([head, *bars, f"{'> ' + str(limit):>15} {sum(length > limit for length in lengths):>6} cut"])
