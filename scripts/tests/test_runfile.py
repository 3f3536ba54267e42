import json

import pytest
from sidecar.failure import Failure
from sidecar.runfile import Config, RunFile, build, read_run_file


def run_json(profiles, profile="tiny"):
    ref = {"path": "/m", "revision": "main", "sha256": "ab"}
    return {
        "key": "sft-0", "stage": "sft", "label": "x", "config": profiles[profile], "inputs": {"train": {"path": "/d", "sha256": "0", "rows": 3}},
        "models": {"base": ref, "adapter": None}, "reward": None, "output": "/o", "runDir": "/r", "created": "now",
    }  # fmt: skip


@pytest.mark.parametrize("profile", ["tiny", "gpu"])
def test_both_profiles_of_lib_hold_every_field_that_the_sidecar_reads(profiles, profile):
    run = build(RunFile, run_json(profiles, profile), "", "run.json")
    assert run.config.sft.lora_rank == profiles[profile]["sft"]["loraRank"]
    assert run.config.models.load_in_4bit is profiles[profile]["models"]["loadIn4bit"]
    assert run.models.adapter is None


@pytest.mark.parametrize("field", [("sft", "learningRate"), ("grpo", "warmupShare"), ("models", "loadIn4bit"), ("tracking", "wandbMode")])
def test_a_missing_field_is_named_and_not_filled_in(profiles, field):
    value = json.loads(json.dumps(profiles["tiny"]))
    del value[field[0]][field[1]]
    with pytest.raises(Failure, match=f"{field[0]}.{field[1]} is missing") as caught:
        build(Config, value, "config", "run.json")
    assert caught.value.cause == "bad_run_file"


@pytest.mark.parametrize(("value", "found"), [("many", '"many"'), (True, "true"), (2.5, "2.5"), (None, "null")])
def test_a_field_of_another_type_is_named_with_what_was_found(profiles, value, found):
    config = json.loads(json.dumps(profiles["tiny"]))
    config["sft"]["loraRank"] = value
    with pytest.raises(Failure, match=f"config.sft.loraRank: expected int, found {found}"):
        build(Config, config, "config", "run.json")


def test_a_whole_number_may_stand_for_a_real_one(profiles):
    config = json.loads(json.dumps(profiles["tiny"]))
    config["sft"]["epochs"] = 2
    assert build(Config, config, "config", "run.json").sft.epochs == 2.0


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"'])
def test_a_run_file_that_is_no_object_is_a_bad_run_file(tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(Failure) as caught:
        read_run_file(path)
    assert caught.value.cause == "bad_run_file"


def test_an_input_that_the_stage_needs_is_named_when_it_is_absent(profiles):
    with pytest.raises(Failure, match="inputs.parity is missing"):
        build(RunFile, run_json(profiles), "", "run.json").input("parity")
