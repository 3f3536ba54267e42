"""
A model of exactly a given shape with random weights: right for speed and memory, and it knows nothing.

    python scripts/bench/random_model.py FOLDER CONFIG.JSON [--tokenizer FOLDER] [--device cuda]

CONFIG.JSON holds the fields of a Qwen2 config.json that decide the size. Without --tokenizer one is made up:
bytes as tokens, and as many more as the vocabulary has, so that every number the model may draw is a text.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def main(folder: Path, shape: dict, tokenizer: Path | None, device: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    ends = copy_tokenizer(tokenizer, folder) if tokenizer else make_tokenizer(folder, shape["vocab_size"])
    config = Qwen2Config(
        **{"max_position_embeddings": 32_768, "rope_theta": 1_000_000.0, **shape},
        eos_token_id=ends["eos"],
        pad_token_id=ends["pad"],
        bos_token_id=None,
    )
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)  # 7 billion weights in float32 first would be 30 GB
    try:
        with torch.device(device):
            model = Qwen2ForCausalLM(config)
    finally:
        torch.set_default_dtype(before)
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = ends["eos"], ends["pad"]
    model.save_pretrained(folder, max_shard_size="4GB")
    print(json.dumps({"parameters": model.num_parameters(), "folder": str(folder)}))


def copy_tokenizer(source: Path, folder: Path) -> dict[str, int]:
    for path in source.iterdir():
        if path.is_file() and path.suffix in (".json", ".jinja", ".txt"):
            shutil.copyfile(path, folder / path.name)
    ids = {
        token["content"]: token["id"]
        for token in json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["added_tokens"]
    }
    return {"eos": ids["<|im_end|>"], "pad": ids["<|endoftext|>"]}


def make_tokenizer(folder: Path, size: int) -> dict[str, int]:
    """Byte-level, without merges; the rest of the vocabulary is only ever decoded."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*SPECIAL, *alphabet, *(f"Ġw{i}" for i in range(max(0, size - len(SPECIAL) - len(alphabet))))]
    bpe = Tokenizer(models.BPE(vocab={word: i for i, word in enumerate(words)}, merges=[]))
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=SPECIAL[2],
        pad_token=SPECIAL[0],
        additional_special_tokens=[SPECIAL[1]],
        chat_template=CHATML,
    )
    tokenizer.save_pretrained(folder)
    return {"eos": 2, "pad": 0}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("config", type=Path)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args()
    main(options.folder, json.loads(options.config.read_text()), options.tokenizer, options.device)
