"""What the stages import, which is most of the time until their first step: loaded without detours."""

from __future__ import annotations

import gc
from importlib import import_module

NEEDED = {
    "sft": ("datasets", "peft", "sidecar.cpu_sft", "sidecar.loop", "sidecar.watch"),
    "grpo": ("datasets", "peft", "sidecar.cpu_grpo", "sidecar.loop", "sidecar.watch_grpo"),
    "on_policy": ("datasets", "peft", "sidecar.distiller", "sidecar.loop", "sidecar.watch"),
    "merge": ("peft",),
    "export": ("transformers",),
}


def load(*stages: str) -> None:
    """
    Starts no thread: a process may be forked afterwards, and shares with its parent what is loaded.

    A garbage collection walks through all objects there are, and would come again and again while their
    number grows: a fifth of the time. What is loaded stays, so later ones pass over it.
    """
    gc.disable()
    try:
        for name in dict.fromkeys(name for stage in stages for name in NEEDED[stage]):
            import_module(name)
    finally:
        gc.freeze()
        gc.enable()
