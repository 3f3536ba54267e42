"""
Downloads one commit of a model into Hugging Face's cache: configuration, tokenizer, chat template and
safetensors; never pickles or code.

    python scripts/fetch_model.py Qwen/Qwen2.5-1.5B-Instruct 989aa7980e4cf806f80c7fef2b1adb7bc71aa306

Prints a line for each file that is there, and ends with 1 and a JSON object {error, message} as its last line
when it failed. A download that was cut off goes on where it was. HF_ENDPOINT names a mirror, HF_TOKEN opens
gated models, HF_HOME moves the cache.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from supervise import die_with_parent

WANTED = [
    "config.json",
    "generation_config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
]
WANTED += ["added_tokens.json", "special_tokens_map.json", "tekken.json", "*.jinja"]


class Refused(Exception):
    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


def main(model: str, commit: str) -> None:
    die_with_parent()
    from huggingface_hub import constants, hf_hub_download, snapshot_download

    files = [
        file
        for file in snapshot_download(model, revision=commit, allow_patterns=WANTED, dry_run=True)
        if is_read(file.filename)
    ]
    if not any(file.filename.endswith(".safetensors") for file in files):
        raise Refused(
            "no_safetensors",
            f"{model} at {commit} has no weights as safetensors: pickled ones are not loaded",
        )
    missing = [file for file in files if file.will_download]
    total = sum(file.file_size or 0 for file in missing)
    cache = Path(constants.HF_HUB_CACHE)
    cache.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache).free
    if total > free:
        raise Refused("disk_full", f"{gigabytes(total)} to download, {gigabytes(free)} free in {cache}")
    done = 0
    for file in sorted(missing, key=lambda file: file.file_size or 0):
        hf_hub_download(model, file.filename, revision=commit)
        done += file.file_size or 0
        print(f"{gigabytes(done)} of {gigabytes(total)}: {file.filename}", flush=True)


def is_read(name: str) -> bool:
    """
    transformers and vLLM read the folder itself; consolidated.safetensors are the same weights once more, for
    another library.
    """
    return "/" not in name and not name.startswith("consolidated")


def gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Refused as refused:
        print(json.dumps({"error": refused.error, "message": str(refused)}))
        sys.exit(1)
    except (
        Exception
    ) as error:  # huggingface_hub's, requests' and the system's: their own words say more than ours could
        print(json.dumps({"error": type(error).__name__, "message": str(error)}))
        sys.exit(1)
