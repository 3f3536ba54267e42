"""A base that is not whole ends the run by name, before anything is trained."""

import json

import pytest
from conftest import SFT_ROWS
from safetensors.torch import load_file, save_file


def test_a_model_that_is_missing_is_named(stage, tmp_path):
    sft = stage("sft", SFT_ROWS, base=tmp_path / "nowhere")
    assert sft.run() == 1
    assert sft.end() == ("failed", "bad_model")
    assert "nowhere" in sft.events("end")[-1]["message"]


@pytest.mark.parametrize("keep", [0, 5, -1])
def test_a_truncated_model_is_named_with_its_file(stage, make_base, keep):
    base = make_base()
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    sft = stage("sft", SFT_ROWS, base=base)
    assert sft.run() == 1
    assert sft.end() == ("failed", "bad_model")
    message = sft.events("end")[-1]["message"]
    assert f"{base}: model.safetensors is damaged" in message
    assert "download or copy" in message


@pytest.mark.parametrize(
    "how",
    [
        "a tensor left out",
        "a layer more in the config",
        "another size in the config",
        "no size in the config",
    ],
)
def test_weights_that_the_config_asks_for_and_no_file_holds_are_named_instead_of_made_up(
    stage, make_base, how
):
    base = make_base()
    weights, config = base / "model.safetensors", base / "config.json"
    if how == "a tensor left out":
        save_file(
            {name: tensor for name, tensor in load_file(weights).items() if "layers.1.mlp" not in name},
            weights,
            metadata={"format": "pt"},
        )
    else:
        changed = {
            "a layer more in the config": {"num_hidden_layers": 3, "layer_types": ["full_attention"] * 3},
            "another size in the config": {"intermediate_size": 96},
            "no size in the config": {"hidden_size": 0},
        }[how]
        config.write_text(json.dumps({**json.loads(config.read_text()), **changed}))
    sft = stage("sft", SFT_ROWS, base=base)
    assert sft.run() == 1
    assert sft.end() == ("failed", "bad_model")
    message = sft.events("end")[-1]["message"]
    assert str(base) in message
    if how == "a tensor left out":
        assert "model.layers.1.mlp.down_proj.weight" in message
    assert not (sft.folder / "adapter").exists()
