"""
GRPO's answers by vLLM inside the trainer's process: TRL's arguments for it, how it gets the policy, and what
to do when it has no room.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .failure import Failure
from .ranks import processes, rank
from .runfile import RunFile
from .speed import setting_line

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel
    from trl.generation.vllm_generation import VLLMGeneration

    from .phases import TimedGRPOTrainer


def beside_vllm(
    build: Callable[[], TimedGRPOTrainer], model: PeftModel, run: RunFile, answers: int, length: int
) -> TimedGRPOTrainer:
    """
    The trainer that `build` makes, with vLLM in this process: `answers` of a step at once, prompt and answer
    of at most `length` tokens. Raises Failure when vLLM finds no room.
    """
    own_master_port()
    want_whole_answers()
    limit_cache(model, answers, length, run.config.gpu.vllm_memory_share)
    try:
        trainer = build()
    except (RuntimeError, ValueError) as error:
        if failure := as_out_of_memory(error):
            raise failure from error
        raise
    sync_without_merging(trainer)
    seed_sampler(run.config.seed)
    return trainer


def vllm_arguments(run: RunFile, device: str, longest_prompt: int) -> dict[str, Any]:
    """
    GRPOConfig's arguments (names of TRL 1.16); none where the model itself generates: on a CPU, and with
    gpu.vllm off.

    vLLM holds bf16 weights of its own and gets the base with the adapter in it before each generation. NF4
    weights would have to be dequantised for that each time, so 4-bit training goes without vLLM. Raises
    Failure for that, and when vLLM is absent.
    """
    gpu = run.config.gpu
    if device == "cpu" or not gpu.vllm:
        return {"use_vllm": False}
    if run.config.models.load_in_4bit:
        raise Failure(
            "bad_run_file",
            "gpu.vllm needs bf16 weights: set models.loadIn4bit to false, or gpu.vllm to false",
        )
    if find_spec("vllm") is None:
        raise Failure(
            "no_vllm",
            "gpu.vllm needs the package vllm, which is not installed: install the gpu packages, or set "
            "gpu.vllm to false",
        )
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
        "vllm_importance_sampling_mode": gpu.vllm_correction_mode,
        "vllm_importance_sampling_clip_max": gpu.vllm_correction_max,
        "vllm_importance_sampling_clip_min": None,
        # TRL decodes whole answers itself; a token's log-probability needs no object of its own
        "generation_kwargs": {"detokenize": False, "flat_logprobs": True},
    }


def own_master_port() -> None:
    """
    A port of its own for vLLM's process group, where this process is the only one (the launcher of several
    has told them theirs). TRL takes 29500 for every run that finds it free, and of two that start together on
    one machine the second fails half a minute later.
    """
    if processes() > 1:
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free.getsockname()[1]))


# What vLLM takes beside weights and cache: its context, a prefill of 4,096 tokens, the captured graphs (as
# lib/gpu/memory.ts).
BESIDE = int(2.5 * 2**30)


# The vLLM that whole_answers.py has been compared with.
KNOWN = "0.25.1"


def want_whole_answers() -> None:
    """Has vLLM report an answer once, where it is the version whose scheduler is known."""
    installed = version("vllm")
    if installed != KNOWN:
        why = f"sidecar/whole_answers.py knows vLLM {KNOWN}, this is {installed}"
        print(setting_line("answers scheduled as a whole", False, why))
        return
    from .whole_answers import use_whole_answers

    use_whole_answers()


def limit_cache(model: PreTrainedModel | PeftModel, answers: int, length: int, share: float) -> None:
    """
    Gives vLLM cache for `answers` of `length` tokens, all that can be there at once, where its share of the
    GPU holds that. It then measures nothing at its start, which goes wrong when another process takes or
    frees memory at that moment. TRL 1.16 hands no such argument on.
    """
    import torch
    from trl.generation import vllm_generation

    shape = model.config
    width = shape.num_key_value_heads * (
        getattr(shape, "head_dim", None) or shape.hidden_size // shape.num_attention_heads
    )
    cache = 2 * shape.num_hidden_layers * width * 2 * answers * length  # keys and values in bf16
    weights = sum(parameter.numel() for parameter in model.parameters()) * 2
    scores = 4 * answers * shape.vocab_size  # float32 of a step, in whole_answers.py
    if cache + weights + scores + BESIDE <= share * torch.cuda.get_device_properties(0).total_memory:
        vllm_generation.LLM = partial(vllm_generation.LLM, kv_cache_memory_bytes=cache)


def sync_without_merging(trainer: TimedGRPOTrainer) -> None:
    """
    Has the policy sent to vLLM without merging the adapter into the trained model itself, as TRL 1.16 does
    before every generation.
    """
    generation = trainer.vllm_generation

    def sync() -> None:
        with trainer.phase("sync"):
            send_policy(generation)

    generation.sync_weights = sync


def seed_sampler(seed: int) -> None:
    """
    Seeds what vLLM draws by: the random numbers of this process, which it has set to a seed of its own when
    it was made (TRL gives it the process's number). Not a seed for each request, with which the answers to
    one prompt would all be the same.
    """
    from transformers import set_seed

    set_seed(seed + rank())


def send_policy(generation: VLLMGeneration) -> None:
    """
    What VLLMGeneration.sync_weights does in its colocated mode, in one call of load_weights instead of one
    for each weight.
    """
    from trl.generation.vllm_generation import empty_cache

    if generation.enable_sleep_mode:
        empty_cache()
        generation.llm.wake_up(tags=["weights"])
        generation._llm_weights_sleeping = False
    generation.llm.llm_engine.model_executor.driver_worker.model_runner.model.load_weights(
        merged_weights(generation.model)
    )
    generation.llm.reset_prefix_cache()


def merged_weights(model: PeftModel) -> Iterator[tuple[str, torch.Tensor]]:
    """
    The base's weights under their own names, with the trained adapter in them. The model stays as it is: an
    adapter that is merged into bf16 weights and taken out again leaves its rounding behind, more at every
    step (https://github.com/huggingface/trl/issues/6688).
    """
    import torch

    modules = dict(model.named_modules())
    for name, parameter in model.named_parameters():
        if model.prefix in name:  # LoRA's own
            continue
        weight = parameter.detach()
        if name.endswith(".base_layer.weight"):
            with torch.no_grad():
                weight = (
                    weight + modules[name.removesuffix(".base_layer.weight")].get_delta_weight("default")
                ).to(weight.dtype)
        yield name.removeprefix("base_model.model.").replace(".base_layer", ""), weight


def as_out_of_memory(error: Exception) -> Failure | None:
    """
    What vLLM says when its share of the GPU is too small or taken, as a cause of its own; None for every
    other error.
    """
    text = str(error)
    if "gpu_memory_utilization" not in text and "cache blocks" not in text:
        return None
    return Failure(
        "out_of_memory",
        f"vLLM has no room beside the trainer: {text.splitlines()[0]} Set gpu.vllmSleep to true, another "
        f"gpu.vllmMemoryShare, or gpu.vllm to false.",
    )
