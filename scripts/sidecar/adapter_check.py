"""Whether an adapter fits its base, from the files of both and without reading a weight."""

from __future__ import annotations

import json
from pathlib import Path

from .failure import Failure
from .runfile import RunFile


def check_adapter(run: RunFile) -> None:
    """
    Raises Failure unless the adapter fits the base: by origin.json, which lib writes, or else by the base
    that it names; and tensor by tensor. Reads no weights.
    """
    folder, base = Path(run.models.adapter.path), run.models.base
    weights = folder / "adapter_model.safetensors"
    if not weights.is_file() or not (folder / "adapter_config.json").is_file():
        raise Failure(
            "bad_model", f"{folder} holds no adapter (adapter_config.json and adapter_model.safetensors)"
        )
    origin = folder / "origin.json"
    found = json.loads(origin.read_text(encoding="utf-8")).get("base") if origin.is_file() else None
    if found is None:
        check_named_base(run)
    elif found != base.id:
        raise Failure(
            "adapter_of_another_base",
            f"{folder} was trained on base {found[:60]}, not on {base.path} ({base.id[:60]})",
        )
    factors = shapes_of(weights)
    if not factors:
        raise Failure("bad_model", f"{weights} holds no weights; train or copy the adapter again")
    shapes = {}
    for path in sorted(base.folder.glob("*.safetensors")):
        shapes |= shapes_of(path)
    for name, shape in factors.items():
        if ".lora_A" not in name and ".lora_B" not in name:
            raise Failure(
                "bad_model",
                f"{folder}: {name} is no factor of a linear map; an adapter that also trains whole modules "
                f"or embeddings is not supported here",
            )
        module, _, factor = name.removeprefix("base_model.model.").partition(".lora_")
        target = shapes.get(f"{module}.weight")  # (out, in)
        fits = target is not None and (shape[1] == target[1] if factor[0] == "A" else shape[0] == target[0])
        if not fits:
            raise Failure(
                "adapter_of_another_base",
                f"{folder}: {name} of shape {shape} does not fit {base.path}, whose weight is "
                f"{target or 'absent'}",
            )


def check_named_base(run: RunFile) -> None:
    """
    Raises Failure when adapter_config.json names a model that is called otherwise than the base. Models of
    one size have the same shapes.
    """
    file, base = Path(run.models.adapter.path) / "adapter_config.json", run.models.base.path
    try:
        found = json.loads(file.read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (ValueError, AttributeError) as error:
        raise Failure(
            "bad_model", f"{file} is damaged ({error}); download or copy the adapter again"
        ) from error
    # The folders above may be another machine's. save_adapter writes the name that the config has.
    if (
        isinstance(found, str)
        and found
        and Path(found).name not in (Path(base).name, Path(run.config.models.base).name)
    ):
        raise Failure(
            "adapter_of_another_base",
            f"{file}: base_model_name_or_path: expected {base}, found {found}; set models.base to the base "
            f"that the adapter was trained on, or, "
            f"if it is the same base under another name, correct base_model_name_or_path",
        )


def shapes_of(path: Path) -> dict[str, list[int]]:
    """
    The shape of each tensor of a .safetensors file, without reading the weights. Raises Failure when the file
    is damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_slice(name).get_shape() for name in file.keys()}
    except SafetensorError as error:
        raise Failure(
            "bad_model", f"{path.parent}: {path.name} is damaged ({error}); download or copy the folder again"
        ) from error
