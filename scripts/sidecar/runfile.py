"""run.json as typed values. Every value a stage uses comes from here; what is missing is named, nothing is filled in."""

from __future__ import annotations

import json
import types
import typing
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path

from .failure import Failure


@dataclass(frozen=True)
class ModelRef:
    path: str  # folder or hub id
    revision: str  # of a hub id: its commit
    sha256: str | None  # null for a hub id

    @property
    def folder(self) -> Path:
        """Its files on this machine. Raises Failure for a hub id that has not been downloaded: lib does that before it starts a run."""
        if Path(self.path).is_absolute():
            return Path(self.path)
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(self.path, "config.json", revision=self.revision)
        if not isinstance(found, str):
            raise Failure("bad_model", f"{self.path}@{self.revision} is not in Hugging Face's cache; run the cell again, which downloads it")
        return Path(found).parent

    @property
    def id(self) -> str:
        """What lib calls the model in keys and in origin.json."""
        return self.sha256 or f"{self.path}@{self.revision}"


@dataclass(frozen=True)
class AdapterRef:
    path: str
    sha256: str


@dataclass(frozen=True)
class Models:
    base: ModelRef
    adapter: AdapterRef | None


@dataclass(frozen=True)
class Input:
    path: str
    rows: int


@dataclass(frozen=True)
class Reward:
    command: list[str]


@dataclass(frozen=True)
class ModelSettings:
    base: str
    load_in_4bit: bool


@dataclass(frozen=True)
class Prepare:
    max_prompt_tokens: int


@dataclass(frozen=True)
class Prompt:
    system: str


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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
    mask_truncated: bool
    scale_rewards: bool
    save_steps: int
    gradient_checkpointing: bool
    sample_every: int


@dataclass(frozen=True)
class Evaluate:
    max_tokens: int


@dataclass(frozen=True)
class Deploy:
    parity_prompts: int
    parity_top_tokens: float


@dataclass(frozen=True)
class Gpu:
    vllm: bool
    vllm_sleep: bool
    vllm_memory_share: float
    vllm_correction: bool
    vllm_correction_mode: str  # sequence_mask, sequence_truncate, token_mask, token_truncate
    vllm_correction_max: float
    packed: bool


@dataclass(frozen=True)
class Tracking:
    service: str  # none, wandb, trackio
    wandb_mode: str
    project: str


@dataclass(frozen=True)
class Config:
    profile: str
    seed: int
    models: ModelSettings
    prepare: Prepare
    prompt: Prompt
    sft: Sft
    grpo: Grpo
    evaluate: Evaluate
    gpu: Gpu
    deploy: Deploy
    tracking: Tracking


@dataclass(frozen=True)
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

    def input(self, name: str) -> Input:
        if name not in self.inputs:
            raise Failure("bad_run_file", f"run.json: inputs.{name} is missing")
        return self.inputs[name]


def read_run_file(path: Path) -> RunFile:
    """Reads and checks run.json. Raises Failure("bad_run_file") with the dotted name of the field that is missing or of another type."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure("bad_run_file", f"{path}: {error}") from error
    return build(RunFile, value, "", path.name)


def build(kind: typing.Any, value: typing.Any, where: str, file: str) -> typing.Any:
    """`value` as `kind` (dataclass, dict, list, X | None, int, float, bool, str); names in JSON are camelCase."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return None if value is None else build(next(a for a in arguments if a is not types.NoneType), value, where, file)
    if is_dataclass(kind) and isinstance(value, dict):
        hints = typing.get_type_hints(kind)
        members = {}
        for field in fields(kind):
            name = camel(field.name)
            inner = f"{where}.{name}" if where else name
            if name not in value and field.default is not MISSING:
                continue
            if name not in value:
                raise Failure("bad_run_file", f"{file}: {inner} is missing")
            members[field.name] = build(hints[field.name], value[name], inner, file)
        return kind(**members)
    if origin is dict and isinstance(value, dict):
        return {k: build(arguments[1], v, f"{where}.{k}", file) for k, v in value.items()}
    if origin is list and isinstance(value, list):
        return [build(arguments[0], v, f"{where}[{i}]", file) for i, v in enumerate(value)]
    if kind is float and type(value) in (int, float):
        return float(value)
    if kind in (int, bool, str) and type(value) is kind:  # `type is`: True is no int here
        return value
    wanted = "an object" if is_dataclass(kind) or origin is dict else "a list" if origin is list else kind.__name__
    raise Failure("bad_run_file", f"{file}: {where or 'the file'}: expected {wanted}, found {json.dumps(value)[:80]}")


def camel(name: str) -> str:
    """load_in_4bit → loadIn4bit"""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)
