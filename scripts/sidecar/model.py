"""The base model, its tokenizer, and the LoRA adapter that is trained on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .adapter_check import check_adapter, shapes_of
from .checkpoint import replace_folder
from .failure import Failure, first_words, is_out_of_memory
from .runfile import ModelRef, RunFile

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from .flash import Kernel

# Every linear map of a decoder layer, as in QLoRA (arXiv 2305.14314); the embeddings and the head stay as
# they are.
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
FORMAT_SAMPLE = "<think>\n1\n</think>\n<answer>\n1\n</answer>"


def device_of(run: RunFile) -> str:
    """
    The tiny profile trains on the CPU, so that it does the same everywhere; gpu needs a GPU and says so
    before anything is loaded.
    """
    import torch

    if run.config.profile == "tiny":
        return "cpu"
    if not torch.cuda.is_available():
        raise Failure(
            "no_gpu",
            f"profile {run.config.profile} trains on a GPU and torch {torch.__version__} finds none (or "
            f"its driver is too old); profile tiny trains on the CPU",
        )
    return "cuda"


def dtype_of(device: str) -> torch.dtype:
    """Weights are bf16 on disk. A CPU computes in float32; a GPU in bf16."""
    import torch

    return torch.float32 if device == "cpu" else torch.bfloat16


def tokenizer_of(model: ModelRef) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(model.folder, padding_side="left", trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise Failure(
            "bad_model", f"the tokenizer of {model.path} cannot be loaded: {str(error).splitlines()[0]}"
        ) from error


def load_tokenizer(run: RunFile) -> PreTrainedTokenizerBase:
    base, tokenizer = run.models.base, tokenizer_of(run.models.base)
    if tokenizer.chat_template is None:
        raise Failure("bad_model", f"the tokenizer of {base.path} has no chat template")
    back = tokenizer.decode(
        tokenizer(FORMAT_SAMPLE, add_special_tokens=False)["input_ids"], skip_special_tokens=True
    )
    if back != FORMAT_SAMPLE:
        raise Failure(
            "bad_model", f"the tokenizer of {base.path} does not give the format's tags back: {back!r}"
        )
    return tokenizer


def load_teacher(run: RunFile, device: str) -> PreTrainedModel:
    """
    The Teacher, frozen, in the precision of the base. Raises Failure("other_tokenizer") before its weights
    are read unless a token means the same to both.
    """
    base, teacher = run.models.base, run.models.teacher
    if difference := difference_of(base, teacher):
        raise Failure(
            "other_tokenizer",
            f"the Teacher {teacher.path} reads other tokens than the base {base.path}: {difference}. They "
            f"are compared token by token: set models.teacher to a model of the base's family, and of its "
            f"vocabulary",
        )
    return load_model(run, teacher, device).eval().requires_grad_(False)


def difference_of(base: ModelRef, teacher: ModelRef) -> str | None:
    """What a token is to one of them and not to the other; None where they agree."""
    from transformers import AutoConfig

    ours, theirs = (tokenizer_of(model).get_vocab() for model in (base, teacher))
    for token, number in sorted(ours.items(), key=lambda item: item[1]):  # the file's order, not the hash's
        if theirs.get(token) != number:
            return f"{token!r} is {number} to the base, and {theirs.get(token)} to the Teacher"
    sizes = [AutoConfig.from_pretrained(model.folder).vocab_size for model in (base, teacher)]
    return None if sizes[0] == sizes[1] else f"a vocabulary of {sizes[1]} instead of {sizes[0]}"


def load_base(run: RunFile, device: str) -> PreTrainedModel:
    """As `load_model`."""
    return load_model(run, run.models.base, device)


def load_model(run: RunFile, base: ModelRef, device: str) -> PreTrainedModel:
    """
    A model in the device's precision; in NF4 with double quantisation where the config says so. Raises
    Failure when weights are missing.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    options: dict[str, Any] = {"dtype": dtype_of(device), "attn_implementation": "sdpa"}
    if device != "cpu":
        options["device_map"] = {"": current_device()}
    if run.config.models.load_in_4bit:
        options["quantization_config"] = nf4(device)
        options.setdefault("device_map", {"": "cpu"})
    try:
        model, found = AutoModelForCausalLM.from_pretrained(
            base.folder, use_safetensors=True, trust_remote_code=False, output_loading_info=True, **options
        )
    except SafetensorError as error:
        for path in sorted(base.folder.glob("*.safetensors")):
            shapes_of(path)  # names the damaged file
        raise Failure(
            "bad_model", f"the weights of {base.path} are damaged ({error}); download or copy them again"
        ) from error
    except (
        OSError,
        ValueError,
        RuntimeError,
        KeyError,
        ImportError,
        ArithmeticError,
    ) as error:  # a config.json that does not fit the weights
        if is_out_of_memory(error) or "CUDA" in str(error):  # the GPU's fault, not the model's
            raise
        raise Failure("bad_model", f"the model {base.path} cannot be loaded: {first_words(error)}") from error
    if absent := sorted(found["missing_keys"]):  # transformers fills them with random numbers and goes on
        named = ", ".join(absent[:3]) + (f" and {len(absent) - 3} more" if len(absent) > 3 else "")
        raise Failure(
            "bad_model",
            f"the weights of {base.path} are incomplete: config.json asks for {named}, which no file "
            f"holds; download or copy them again",
        )
    return model


def load_policy(
    run: RunFile, device: str, kernel: Kernel | None
) -> tuple[PeftModel, dict[str, torch.Tensor]]:
    """
    What is trained: the run's adapter on its base, or a new one, drawn by the run's seed; and copies of its
    weights. `kernel`: attention over rows without padding.
    """
    from transformers import set_seed

    set_seed(run.config.seed)
    base = load_base(run, device)
    if kernel:
        from .flash import use_kernel

        use_kernel(base, kernel)
    sft, grpo = run.config.sft, run.config.grpo
    if run.models.adapter:
        model = trained_adapter(base, run)  # has the rank that SFT gave it
    elif run.stage == "sft":
        model = new_adapter(base, sft.lora_rank, sft.lora_alpha, sft.lora_dropout)
    else:
        model = new_adapter(base, grpo.lora_rank, grpo.lora_alpha, dropout=0.0)
    return model, trainable_weights(model)


def nf4(device: str) -> Any:
    """
    4-bit weights by QLoRA's recipe: NF4, the quantisation constants quantised again, arithmetic in the
    device's precision.
    """
    from importlib.util import find_spec

    from transformers import BitsAndBytesConfig

    if find_spec("bitsandbytes") is None:
        raise Failure(
            "no_bitsandbytes",
            "models.loadIn4bit needs the package bitsandbytes, which is not installed; set it to false or "
            "install the gpu packages",
        )
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype_of(device),
    )


def keep_float32(model: PeftModel, before: dict[str, torch.Tensor]) -> None:
    """
    Gives the trained weights back what they were before the trainer was made: over a base in 4 bit TRL rounds
    them to bf16. There an update of GRPO's size is lost, and a run resumed from a checkpoint, whose adapter
    PEFT loads in float32, would be another one.
    """
    for name, weight in model.named_parameters():
        if weight.requires_grad and weight.dtype != before[name].dtype:
            weight.data = before[name].to(weight.device, copy=True)


def current_device() -> int:
    """The GPU of this process: each process of accelerate launch has its own."""
    import os

    return int(os.environ.get("LOCAL_RANK", "0"))


def new_adapter(base: PreTrainedModel, rank: int, alpha: int, dropout: float) -> PeftModel:
    """
    A fresh LoRA adapter: its second factor is zero, so the model starts as the base. Draws from torch's
    random numbers.
    """
    from peft import LoraConfig, get_peft_model

    return get_peft_model(
        base,
        LoraConfig(
            r=rank,
            lora_alpha=alpha,
            lora_dropout=dropout,
            target_modules=TARGETS,
            bias="none",
            task_type="CAUSAL_LM",
        ),
    )


def trained_adapter(base: PreTrainedModel, run: RunFile) -> PeftModel:
    """
    The adapter of the run file on its base, to be trained on. Raises Failure when it belongs to another base.
    """
    from peft import PeftModel

    check_adapter(run)
    # is_trainable defaults to False: the run would train nothing and its curves would look alive.
    model = PeftModel.from_pretrained(base, run.models.adapter.path, is_trainable=True)
    model.peft_config["default"].base_model_name_or_path = str(
        run.models.base.folder
    )  # where it is here: PEFT looks into it
    return model


def save_adapter(model: PeftModel, run: RunFile) -> None:
    """Writes the trained adapter (not the frozen reference) as safetensors, in one piece or not at all."""
    final = Path(run.output)
    unfinished = final.with_name(f".{final.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(
        unfinished, selected_adapters=["default"], safe_serialization=True, save_embedding_layers=False
    )
    (unfinished / "README.md").unlink(missing_ok=True)  # an empty form
    config = unfinished / "adapter_config.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    # The base by its name: a path of this machine would make another hash of the same adapter elsewhere.
    base = run.models.base
    settings["base_model_name_or_path"], settings["revision"] = (
        (run.config.models.base, None) if base.sha256 else (base.path, base.revision)
    )
    config.write_text(json.dumps(settings, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    replace_folder(unfinished, final)


def trainable_weights(model: PeftModel) -> dict[str, torch.Tensor]:
    """Copies of what is trained; Raises Failure when that is nothing."""
    weights = {
        name: p.detach().float().cpu().clone() for name, p in model.named_parameters() if p.requires_grad
    }
    if not weights:
        raise Failure("nothing_trained", "no parameter of the model is trainable")
    return weights


def assert_changed(model: PeftModel, before: dict[str, torch.Tensor]) -> None:
    """Raises Failure when training left every weight as it was."""
    if all(weight.equal(before[name]) for name, weight in trainable_weights(model).items()):
        raise Failure("nothing_trained", "training changed no weight of the adapter")
