"""
run.json as typed values. Every value a stage uses comes from here; what is missing is named, nothing is
filled in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from .failure import Failure


def camel(name: str) -> str:
    """load_in_4bit → loadIn4bit"""
    return re.sub("_(.)", lambda found: found[1].upper(), name)


def record(cls: type) -> type:
    """
    A frozen dataclass whose names are camelCase in JSON, and whose types are taken as they stand: True is no
    int.
    """
    cls.__pydantic_config__ = ConfigDict(strict=True, alias_generator=camel)
    return dataclass(frozen=True)(cls)


@record
class ModelRef:
    path: str  # folder or hub id
    revision: str  # of a hub id: its commit
    sha256: str | None  # null for a hub id

    @property
    def folder(self) -> Path:
        """
        Its files on this machine. Raises Failure for a hub id that has not been downloaded: lib does that
        before it starts a run.
        """
        if Path(self.path).is_absolute():
            return Path(self.path)
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(self.path, "config.json", revision=self.revision)
        if not isinstance(found, str):
            raise Failure(
                "bad_model",
                f"{self.path}@{self.revision} is not in Hugging Face's cache; run the cell again, which "
                f"downloads it",
            )
        return Path(found).parent

    @property
    def id(self) -> str:
        """What lib calls the model in keys and in origin.json."""
        return self.sha256 or f"{self.path}@{self.revision}"


@record
class AdapterRef:
    path: str
    sha256: str


@record
class Models:
    base: ModelRef
    adapter: AdapterRef | None
    teacher: ModelRef | None = None  # where the Teacher takes part in the training


@record
class Input:
    path: str
    rows: int


@record
class Reward:
    command: list[str]


@record
class ModelSettings:
    base: str
    load_in_4bit: bool


@record
class Prepare:
    max_prompt_tokens: int


@record
class Prompt:
    system: str


@record
class Sft:
    lora_rank: int
    lora_alpha: int
    lora_dropout: float
    epochs: float
    batch_size: int
    gradient_accumulation: int
    learning_rate: float
    warmup_share: float
    max_length: int
    gradient_checkpointing: bool
    save_steps: int


@record
class Grpo:
    start_from_sft: bool
    lora_rank: int
    lora_alpha: int
    max_steps: int
    epochs: float
    prompts_per_step: int
    group_size: int
    micro_batch: int
    temperature: float
    max_tokens: int
    learning_rate: float
    warmup_share: float
    beta: float
    kl_gradient: str  # paper, unbiased
    schedule: str  # constant, linear
    mask_truncated: bool
    scale_rewards: bool
    loss: str  # grpo, dr_grpo, dapo, gspo, cispo
    updates_per_batch: int
    save_steps: int
    gradient_checkpointing: bool
    sample_every: int
    probe_steps: int  # 0: never
    inspect_steps: list[int]  # -1: the last


@record
class OnPolicy:
    max_steps: int
    epochs: float
    prompts_per_step: int
    micro_batch: int
    temperature: float
    max_tokens: int
    learning_rate: float
    warmup_share: float
    schedule: str  # constant, linear
    beta: float
    save_steps: int
    gradient_checkpointing: bool


@record
class Evaluate:
    max_tokens: int


@record
class Deploy:
    parity_prompts: int
    parity_top_tokens: float
    exports: list[str]  # gguf, onnx


@record
class Gpu:
    vllm: bool
    vllm_sleep: bool
    vllm_memory_share: float
    vllm_correction: bool
    vllm_correction_mode: str  # sequence_mask, sequence_truncate, token_mask, token_truncate
    vllm_correction_max: float
    packed: bool


@record
class Tracking:
    service: str  # none, wandb, trackio
    wandb_mode: str
    project: str


@record
class Config:
    profile: str
    seed: int
    models: ModelSettings
    prepare: Prepare
    prompt: Prompt
    sft: Sft
    grpo: Grpo
    on_policy: OnPolicy
    evaluate: Evaluate
    gpu: Gpu
    deploy: Deploy
    tracking: Tracking


@record
class RunFile:
    key: str
    stage: str
    config: Config
    inputs: dict[str, Input]
    models: Models
    reward: Reward | None
    output: str
    run_dir: str
    plan: str | None = None  # the memory plan on a GPU, for people; not there on a CPU

    @property
    def section(self) -> str:
        """What the settings of a training are called in the config."""
        return camel(self.stage)

    @property
    def settings(self) -> Sft | Grpo | OnPolicy:
        return getattr(self.config, self.stage)

    def input(self, name: str) -> Input:
        if name not in self.inputs:
            raise Failure("bad_run_file", f"run.json: inputs.{name} is missing")
        return self.inputs[name]


def read_run_file(path: Path) -> RunFile:
    """
    Reads and checks run.json. Raises Failure("bad_run_file") with the dotted name of the field that is
    missing or of another type.
    """
    try:
        run = TypeAdapter(RunFile).validate_json(path.read_bytes())
    except OSError as error:
        raise Failure("bad_run_file", f"{path}: {error}") from error
    except ValidationError as error:
        raise Failure("bad_run_file", f"{path.name}: {first_problem(error)}") from error
    if run.stage == "grpo" and run.config.grpo.start_from_sft != (run.models.adapter is not None):
        problem = "expected an adapter exactly when config.grpo.startFromSft is true"
        raise Failure("bad_run_file", f"{path.name}: models.adapter: {problem}")
    if run.stage == "on_policy" and not (run.models.adapter and run.models.teacher):
        problem = "expected models.adapter, which it goes on from, and models.teacher"
        raise Failure("bad_run_file", f"{path.name}: {problem}")
    return run


def first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {first['msg']}, found {str(first['input'])[:80]}"
