"""A model as ONNX in the layout and by the names that transformers.js reads."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LARGEST_FILE = 1_500_000_000  # bytes of weights beside the graph in one file; protobuf ends at 2 GiB
EXTERNAL = "model.onnx_data"  # as transformers.js calls it
COPIED = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")


def write(source: Path, folder: Path) -> None:
    """
    Writes the graph to `folder`/onnx/model.onnx with weights in float32, and beside it what
    AutoModelForCausalLM and pipeline() of transformers.js read.
    """
    import onnx_ir
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter

    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, use_safetensors=True).eval()
    program = OnnxExporter().export(model, sample_inputs(model), config=OnnxConfig(dynamic=True))
    rename(program.model.graph, model)
    (folder / "onnx").mkdir()
    size = 4 * model.num_parameters()
    external = EXTERNAL if size > LARGEST_FILE else None
    onnx_ir.save(program.model, folder / "onnx" / "model.onnx", external_data=external)
    copy_settings(source, folder, external is not None)


def sample_inputs(model: PreTrainedModel) -> dict[str, object]:
    """Two texts behind three tokens each: no length is 0 or 1, which the trace would take for fixed."""
    import torch
    from transformers.cache_utils import DynamicCache

    batch, past, new = 2, 3, 2
    cache = DynamicCache(config=model.config)
    for layer in range(model.config.num_hidden_layers):
        empty = torch.zeros(batch, model.config.num_key_value_heads, past, head_size(model))
        cache.update(empty, empty.clone(), layer)
    return {
        "input_ids": torch.ones(batch, new, dtype=torch.long),
        "attention_mask": torch.ones(batch, past + new, dtype=torch.long),
        "position_ids": torch.arange(past, past + new).repeat(batch, 1),
        "past_key_values": cache,
    }


def head_size(model: PreTrainedModel) -> int:
    config = model.config
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def rename(graph: object, model: PreTrainedModel) -> None:
    """
    `input.past_key_values.layers.0.keys` → `past_key_values.0.key`, `output.…` → `present.0.key`; and lengths
    by name, heads as numbers: transformers.js makes the empty cache by them.
    """
    import onnx_ir

    cached = re.compile(r"(input|output)\.past_key_values\.layers\.(\d+)\.(key|value)s")
    texts, new = "batch_size", "sequence_length"
    shapes = {
        "input_ids": [texts, new],
        "position_ids": [texts, new],
        "attention_mask": [texts, "total_sequence_length"],
        "logits": [texts, new, model.config.vocab_size],
    }
    for value in [*graph.inputs, *graph.outputs]:
        found = cached.fullmatch(value.name)
        if found:
            side, length = (
                ("past_key_values", "past_sequence_length")
                if found[1] == "input"
                else ("present", "total_sequence_length")
            )
            value.name = f"{side}.{found[2]}.{found[3]}"
            shape = [texts, model.config.num_key_value_heads, length, head_size(model)]
        else:
            shape = shapes[value.name]
        value.shape = onnx_ir.Shape(shape)


def copy_settings(source: Path, folder: Path, is_external: bool) -> None:
    for name in COPIED:
        if (source / name).exists():
            shutil.copyfile(source / name, folder / name)
    # transformers.js looks for the chat template here only.
    template = source / "chat_template.jinja"
    if template.exists():
        update(folder / "tokenizer_config.json", {"chat_template": template.read_text(encoding="utf-8")})
    told = {"dtype": "fp32", **({"use_external_data_format": {"model.onnx": 1}} if is_external else {})}
    update(folder / "config.json", {"transformers.js_config": told})


def update(path: Path, values: dict[str, object]) -> None:
    settings = {**json.loads(path.read_text(encoding="utf-8")), **values}
    path.write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
