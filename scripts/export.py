"""
Writes the merged model as files that other programs read, each checked against the model itself. Stage 7.

    python scripts/export.py reports/runs/export-…/run.json

`gguf/model.gguf` is for llama.cpp and what stands on it (Ollama, LM Studio), with tokenizer and chat
template inside, and `gguf/Modelfile` for Ollama; weights keep their type. `onnx/` is a folder for
transformers.js, in Node and in a browser; its weights are float32, which every processor computes.

Both are checked on the greedy answers of the model in float32 to a few test questions, from the conversation
on: the chat template, the tokens, the most likely token and the log-probabilities at each place of the
answer. llama.cpp, as the package xllamacpp brings it, is asked here. transformers.js is asked by lib, which
finds the answers in reference.json and the logits in reference.safetensors of the run's folder, and publishes
no file that is another model.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

from sidecar.checkpoint import replace_folder
from sidecar.events import EventLog
from sidecar.failure import Failure
from sidecar.gguf_file import tensors
from sidecar.modelfile import modelfile
from sidecar.reference import Reference, write_reference
from sidecar.rows import messages, read_rows
from sidecar.runfile import RunFile
from sidecar.stage import run_stage

MOST_PROMPTS = 16  # magic number: some hundred tokens tell another model apart, and a CPU writes them


def main(run: RunFile, events: EventLog) -> None:
    from sidecar.watch import versions

    formats = run.config.deploy.exports
    source = run.models.base.folder
    config = exportable(source)
    prompts = [row["prompt"] for row in read_rows(run.input("parity").path, ["prompt"])]
    chats = [messages(run.config.prompt.system, prompt) for prompt in prompts[:MOST_PROMPTS]]
    events.start(
        step=0,
        total_steps=len(formats),
        device="cpu",
        trainable=0,
        total=sum(math.prod(part.get_shape()) for _, part in tensors(source)),
        versions=versions(),
    )
    final = Path(run.output)
    unfinished = final.with_name(f".{final.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        reference = write_reference(source, chats, Path(run.run_dir))
        for step, name in enumerate(formats, start=1):
            folder = unfinished / name
            folder.mkdir(parents=True)
            begun = time.monotonic()
            write = {"gguf": write_gguf, "onnx": write_onnx}[name]
            metrics = write(source, config, folder, reference, events)
            events.step(step, {**metrics, f"{name}Seconds": time.monotonic() - begun})
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)  # gigabytes that nobody would look for
        raise
    replace_folder(unfinished, final)


def exportable(source: Path) -> dict[str, object]:
    """config.json of a model that both formats can say; Failure("not_exportable") for another one."""
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    rope = config.get("rope_parameters") or {}
    wanted = {
        "model_type": (config.get("model_type"), "qwen2"),
        "use_sliding_window": (config.get("use_sliding_window", False), False),
        "hidden_act": (config.get("hidden_act"), "silu"),
        "rope_parameters.rope_type": (rope.get("rope_type", "default"), "default"),
        "rope_scaling": (config.get("rope_scaling"), None),
        "quantization_config": (config.get("quantization_config"), None),
    }
    for field, (found, expected) in wanted.items():
        if found != expected:
            raise Failure(
                "not_exportable",
                f"{source / 'config.json'}, {field}: expected {json.dumps(expected)}, found "
                f"{json.dumps(found)[:60]}. Exports are made and checked for Qwen2 alone; serve this model "
                "(deploy), or set deploy.exports to none",
            )
    return config


def write_gguf(
    source: Path, config: dict[str, object], folder: Path, reference: Reference, events: EventLog
) -> dict[str, float]:
    from sidecar.gguf_file import write

    path = folder / "model.gguf"
    with needing("gguf"):
        is_float32 = write(source, config, path)
    metrics = {"ggufIsFloat32": int(is_float32)}
    told = modelfile(reference)
    if told is not None:
        (folder / "Modelfile").write_text(told, encoding="utf-8")
    try:
        import xllamacpp  # noqa: F401
    except ImportError:
        events.warning(
            "unchecked",
            "gguf/model.gguf is written but not checked: the package xllamacpp, which brings llama.cpp, is "
            "not installed (npm start installs it)",
        )
        return metrics
    from sidecar.llama import compare

    parity = asdict(compare(path, reference))
    return metrics | {f"gguf{name[:1].upper()}{name[1:]}": value for name, value in parity.items()}


def write_onnx(
    source: Path, config: dict[str, object], folder: Path, reference: Reference, events: EventLog
) -> dict[str, float]:
    from sidecar.onnx_file import write

    with needing("onnx and onnxscript"):
        write(source, folder)
    return {"onnxIsFloat32": 1}


class needing:
    """Failure("no_package") where a package that an export stands on is not installed."""

    def __init__(self, packages: str):
        self.packages = packages

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, ImportError):
            raise Failure(
                "no_package", f"this export needs {self.packages}, which npm start installs: {error}"
            ) from error


if __name__ == "__main__":
    sys.exit(run_stage("export", main))
