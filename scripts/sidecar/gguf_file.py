"""A Qwen2 model as one GGUF file: weights, tokenizer and chat template, as llama.cpp reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .failure import Failure

if TYPE_CHECKING:
    from gguf import GGUFWriter

# How llama.cpp cuts a text into words before it merges, by the patterns of tokenizer.json. The two kinds here
# are Qwen2's and that of the tiny models: every digit by itself, then GPT-2's words.
QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
WORDS = {(QWEN2,): "qwen2", (r"\d", "GPT-2"): "smollm", ("GPT-2",): "gpt-2"}


def write(source: Path, config: dict[str, Any], path: Path) -> bool:
    """
    Writes `path`. Matrices keep their type (float32 or bfloat16), vectors are float32 as llama.cpp wants
    them. One tensor is in memory at a time. Returns whether all of it is float32. Raises
    Failure("not_exportable") for a tokenizer that llama.cpp does not know.
    """
    import gguf
    import numpy as np
    import torch

    writer = gguf.GGUFWriter(path, "qwen2")
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config["num_hidden_layers"])
    types = {torch.float32: gguf.GGMLQuantizationType.F32, torch.bfloat16: gguf.GGMLQuantizationType.BF16}
    stored = {"F32": torch.float32, "BF16": torch.bfloat16}
    kept: dict[str, torch.dtype] = {}
    for name, part in tensors(source):
        shape, dtype = part.get_shape(), part.get_dtype()
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if target is None or dtype not in stored:
            raise Failure("not_exportable", f"{source}: {name} of type {dtype} is no weight of Qwen2")
        if name == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue  # the embeddings once more
        kept[name] = stored[dtype] if len(shape) > 1 else torch.float32
        size = int(np.prod(shape)) * kept[name].itemsize
        writer.add_tensor_info(target, shape, np.dtype(np.float32), size, raw_dtype=types[kept[name]])
    is_float32 = torch.bfloat16 not in kept.values()
    try:
        add_shape(writer, config, source.name, is_float32)
        add_tokenizer(writer, source, config)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for name, part in tensors(source):
            if name in kept:
                writer.write_tensor_data(part[:].to(kept[name]).contiguous().view(torch.uint8).numpy())
    finally:
        writer.close()
    return is_float32


def tensors(source: Path) -> Iterator[tuple[str, Any]]:
    """The weights of a folder, always in the same order; `part[:]` reads one."""
    from safetensors import safe_open

    for path in sorted(source.glob("*.safetensors")):
        with safe_open(path, "pt") as file:
            for name in file.keys():
                yield name, file.get_slice(name)


def add_shape(writer: GGUFWriter, config: dict[str, Any], name: str, is_float32: bool) -> None:
    import gguf

    rope = config.get("rope_parameters") or {}
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32 if is_float32 else gguf.LlamaFileType.MOSTLY_BF16)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    # transformers 5 writes it inside rope_parameters, 4 at the top
    writer.add_rope_freq_base(rope.get("rope_theta") or config["rope_theta"])


def add_tokenizer(writer: GGUFWriter, source: Path, config: dict[str, Any]) -> None:
    import gguf
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    file = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    model, added = file["model"], file["added_tokens"]
    words = WORDS.get(tuple(patterns(file["pre_tokenizer"])))
    if model["type"] != "BPE" or words is None:
        raise Failure(
            "not_exportable",
            f"{source / 'tokenizer.json'}: expected a byte-level BPE that cuts words as Qwen2 or the tiny "
            f"models do, found {model['type']} with {json.dumps(file['pre_tokenizer'])[:200]}. llama.cpp "
            "would read other tokens than the model learnt",
        )
    kinds = gguf.TokenType
    # A vocabulary may have more rows than tokens; llama.cpp wants a name for each.
    tokens = [(f"[PAD{i}]", kinds.UNUSED) for i in range(config["vocab_size"])]
    for text, i in model["vocab"].items():
        tokens[i] = (text, kinds.NORMAL)
    for token in added:
        kind = kinds.CONTROL if token["special"] else kinds.USER_DEFINED
        tokens[token["id"]] = (token["content"], kind)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(words)
    writer.add_token_list([text for text, _ in tokens])
    writer.add_token_types([kind for _, kind in tokens])
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]])
    writer.add_add_bos_token(False)
    for token, add in (
        (tokenizer.bos_token_id, writer.add_bos_token_id),
        (tokenizer.eos_token_id, writer.add_eos_token_id),
        (tokenizer.pad_token_id, writer.add_pad_token_id),
    ):
        if token is not None:
            add(token)
    writer.add_chat_template(tokenizer.chat_template)


def patterns(step: dict[str, Any] | None) -> list[str]:
    """The patterns by which a pre-tokenizer of tokenizer.json cuts a text, in order."""
    if step is None:
        return []
    if step["type"] == "Sequence":
        return [pattern for part in step["pretokenizers"] for pattern in patterns(part)]
    if step["type"] == "ByteLevel":
        return ["GPT-2"] if step.get("use_regex", True) else []
    if step["type"] == "Split":
        return [step["pattern"].get("Regex", json.dumps(step["pattern"]))]
    return [step["type"]]
