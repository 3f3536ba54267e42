"""
Checkpoints that can be trusted: a seal is written last, and only a folder that matches its seal is resumed
from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

SEAL = "complete.json"


def seal(folder: Path) -> None:
    """Writes the names, sizes and hashes of all files of a finished checkpoint, after they are on disk."""
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SEAL:
            files[path.relative_to(folder).as_posix()] = {
                "bytes": path.stat().st_size,
                "sha256": sha256(path),
            }
            sync(path)
    unfinished = folder / f"{SEAL}.new"
    unfinished.write_text(json.dumps({"files": files}), encoding="utf-8")
    sync(unfinished)
    unfinished.rename(folder / SEAL)
    sync(folder)


def damage(folder: Path) -> str | None:
    """Why a checkpoint cannot be used; None when it is complete."""
    try:
        files = json.loads((folder / SEAL).read_text(encoding="utf-8"))["files"]
    except FileNotFoundError:
        return "it was not finished"
    except (OSError, ValueError, KeyError):
        return f"{SEAL} is damaged"
    for name, expected in files.items():
        path = folder / name
        if not path.is_file():
            return f"{name} is missing"
        if path.stat().st_size != expected["bytes"]:
            return f"{name} has {path.stat().st_size} bytes instead of {expected['bytes']}"
        if sha256(path) != expected["sha256"]:
            return f"{name} has another content than was written"
    return None


def newest_complete(folder: Path) -> tuple[Path | None, list[str]]:
    """
    The complete checkpoint of the highest step, and one sentence for each newer one that was passed over.
    """
    passed_over = []
    numbered = [
        (int(path.name.removeprefix("checkpoint-")), path)
        for path in folder.glob("checkpoint-*")
        if path.name.removeprefix("checkpoint-").isdigit()
    ]
    for _, path in sorted(numbered, reverse=True):
        reason = damage(path)
        if reason is None:
            return path, passed_over
        passed_over.append(f"{path.name} is passed over: {reason}")
    return None, passed_over


def replace_folder(unfinished: Path, final: Path) -> None:
    """
    Puts a finished folder in its place: whoever looks sees the old one or the new one, for an instant none,
    never half of one.
    """
    for path in [*unfinished.rglob("*"), unfinished]:
        if path.is_file():
            path.chmod(0o644)  # safetensors writes files that nobody else may read
        sync(path)
    old = final.with_name(f".{final.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if final.exists():
        final.rename(old)
    unfinished.rename(final)
    sync(final.parent)
    shutil.rmtree(old, ignore_errors=True)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
