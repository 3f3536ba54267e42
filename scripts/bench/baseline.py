"""
What the baselines share: their arguments, their rows, the adapter that they train, and how their figures are
taken. To import it is enough to import the sidecar, too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from sidecar.model import TARGETS
from sidecar.rows import encode, messages, read_rows

if TYPE_CHECKING:
    from peft import LoraConfig
    from sidecar.rows import Encoded

WARM_UP = 3  # steps of SFT that are not timed


def parser_of(doc: str) -> argparse.ArgumentParser:
    """What each takes: a model's folder and a file of rows. `doc`: the script's own."""
    parser = argparse.ArgumentParser(description=doc.strip().splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("rows")
    return parser


def sft_parser(doc: str, batch: int, steps: int) -> argparse.ArgumentParser:
    parser = parser_of(doc)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--device", default="cuda")
    return parser


def sft_rows(tokenizer: Any, path: str, length: int) -> list[Encoded]:
    """The rows of at most `length` tokens, prompt and response."""
    rows = read_rows(path, ["prompt", "response"])
    encoded = [encode(tokenizer, "", row["prompt"], row["response"]) for row in rows]
    return [row for row in encoded if len(row.input_ids) <= length]


def chats_of(path: str, system: str = "") -> list[list[dict[str, str]]]:
    """Each question as messages."""
    return [messages(system, row["prompt"]) for row in read_rows(path, ["prompt"])]


def lora(**more: Any) -> LoraConfig:
    from peft import LoraConfig

    return LoraConfig(r=16, lora_alpha=32, target_modules=TARGETS, task_type="CAUSAL_LM", **more)


def sft_figures(tokens: list[int], seconds: list[float], device: str) -> dict[str, Any]:
    """Of the timed steps: tokens a second of all of them and of each; torch's peak in GiB; the device."""
    import torch

    return {
        "tokensPerSecond": sum(tokens) / sum(seconds),
        "steps": [n / s for n, s in zip(tokens, seconds, strict=True)],
        "memoryGiB": memory_gib(device),
        "device": torch.cuda.get_device_name() if device != "cpu" else "cpu",
    }


def memory_gib(device: str) -> float | None:
    """torch's peak; None on a CPU."""
    import torch

    return torch.cuda.max_memory_allocated() / 2**30 if device != "cpu" else None


def mean_rate(rates: list[float]) -> float:
    """Of equal amounts of work, one after the other: the harmonic mean."""
    return len(rates) / sum(1 / rate for rate in rates)
