"""GRPO's answers by vLLM inside the trainer's process: TRL's arguments for it, and what to do when it has no room."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from .failure import Failure
from .runfile import RunFile


def vllm_arguments(run: RunFile, device: str, longest_prompt: int) -> dict[str, Any]:
    """
    GRPOConfig's arguments (names of TRL 1.16); none where the model itself generates: on a CPU, and with gpu.vllm off.

    vLLM holds bf16 weights of its own, into which TRL merges the adapter before each generation. Merged into NF4 weights the adapter
    would be rounded with them, more at every step, so 4-bit training goes without vLLM. Raises Failure for that, and when vLLM is absent.
    """
    gpu = run.config.gpu
    if device == "cpu" or not gpu.vllm:
        return {"use_vllm": False}
    if run.config.models.load_in_4bit:
        raise Failure("bad_run_file", "gpu.vllm needs bf16 weights: set models.loadIn4bit to false, or gpu.vllm to false")
    if find_spec("vllm") is None:
        raise Failure("no_vllm", "gpu.vllm needs the package vllm, which is not installed: install the gpu packages, or set gpu.vllm to false")
    return colocated(run, longest_prompt)


def colocated(run: RunFile, longest_prompt: int) -> dict[str, Any]:
    gpu = run.config.gpu
    return {
        "use_vllm": True,
        "vllm_mode": "colocate",  # no server: nothing to bind, nothing to authenticate
        "vllm_gpu_memory_utilization": gpu.vllm_memory_share,
        "vllm_enable_sleep_mode": gpu.vllm_sleep,
        "vllm_max_model_length": longest_prompt + run.config.grpo.max_tokens,
        "vllm_tensor_parallel_size": 1,
        "vllm_importance_sampling_correction": gpu.vllm_correction,
    }


def no_room(error: Exception) -> Failure | None:
    """What vLLM says when its share of the GPU is too small or taken, as a cause of its own; None for every other error."""
    text = str(error)
    if "gpu_memory_utilization" not in text and "cache blocks" not in text:
        return None
    return Failure(
        "out_of_memory",
        f"vLLM has no room beside the trainer: {text.splitlines()[0]} Set gpu.vllmSleep to true, another gpu.vllmMemoryShare, or gpu.vllm to false.",
    )
