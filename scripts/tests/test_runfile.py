import json

import pytest
from sidecar.failure import Failure
from sidecar.runfile import read_run_file


def run_json(profiles, profile="tiny"):
    ref = {"path": "/m", "revision": "main", "sha256": "ab"}
    return {
        "key": "sft-0",
        "stage": "sft",
        "label": "x",
        "config": profiles[profile],
        "inputs": {"train": {"path": "/d", "sha256": "0", "rows": 3}},
        "models": {"base": ref, "adapter": None},
        "reward": None,
        "output": "/o",
        "runDir": "/r",
        "created": "now",
    }


@pytest.fixture
def read(tmp_path, profiles):
    """What the sidecar reads of a run file; `change` edits its config."""

    def read(change=lambda config: None, profile="tiny"):
        config = json.loads(json.dumps(profiles[profile]))
        change(config)
        path = tmp_path / "run.json"
        path.write_text(json.dumps(run_json({profile: config}, profile)))
        return read_run_file(path)

    return read


@pytest.mark.parametrize("profile", ["tiny", "small", "gpu"])
def test_every_profile_of_lib_holds_every_field_that_the_sidecar_reads(read, profiles, profile):
    run = read(profile=profile)
    assert run.config.sft.lora_rank == profiles[profile]["sft"]["loraRank"]
    assert run.config.models.load_in_4bit is profiles[profile]["models"]["loadIn4bit"]
    assert run.models.adapter is None


@pytest.mark.parametrize(
    ("group", "field"),
    [("sft", "learningRate"), ("grpo", "warmupShare"), ("models", "loadIn4bit"), ("tracking", "wandbMode")],
)
def test_a_missing_field_is_named_and_not_filled_in(read, group, field):
    with pytest.raises(Failure, match=f"run.json: config.{group}.{field} is missing") as caught:
        read(lambda config: config[group].pop(field))
    assert caught.value.cause == "bad_run_file"


@pytest.mark.parametrize("value", ["many", True, 2.5, None])
def test_a_field_of_another_type_is_named_with_what_was_found(read, value):
    with pytest.raises(Failure, match=f"config.sft.loraRank: Input should be a valid integer.*found {value}"):
        read(lambda config: config["sft"].update(loraRank=value))


def test_a_whole_number_may_stand_for_a_real_one(read):
    assert read(lambda config: config["sft"].update(epochs=2)).config.sft.epochs == 2.0


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"'])
def test_a_run_file_that_is_no_object_is_a_bad_run_file(tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(Failure) as caught:
        read_run_file(path)
    assert caught.value.cause == "bad_run_file"


def test_an_input_that_the_stage_needs_is_named_when_it_is_absent(read):
    with pytest.raises(Failure, match="inputs.parity is missing"):
        read().input("parity")
