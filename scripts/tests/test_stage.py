import errno
import json
import os
import signal
import sys
from importlib.util import find_spec

import pytest
from conftest import SFT_ROWS
from pydantic import TypeAdapter
from sidecar.events import EventLog
from sidecar.failure import Failure
from sidecar.runfile import RunFile
from sidecar.stage import outcome, set_environment, start_tracking, tracking
from test_runfile import run_json


@pytest.fixture
def environment(monkeypatch):
    """set_environment's changes end with the test."""
    for name in (
        "HF_HUB_OFFLINE",
        "WANDB_MODE",
        "WANDB_DIR",
        "WANDB_DATA_DIR",
        "WANDB_PROJECT",
        "WANDB_NAME",
        "WANDB_RUN_ID",
        "WANDB_RESUME",
        "WANDB_CONSOLE",
        "WANDB_DISABLE_CODE",
        "OMP_WAIT_POLICY",
        "TRACKIO_DIR",
    ):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    for name in ("wandb", "trackio"):  # what is there now, if another test imported it, comes back
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]


def run_of(profiles, **tracking):
    value = run_json(profiles)
    value["config"] = {**value["config"], "tracking": {**value["config"]["tracking"], **tracking}}
    return TypeAdapter(RunFile).validate_json(json.dumps(value))


def test_models_are_loaded_without_the_network(profiles, environment):
    set_environment(run_of(profiles))
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"


def test_a_hub_id_stands_for_itself_with_its_commit(profiles):
    value = run_json(profiles)
    value["models"]["base"] = {"path": "Qwen/Qwen2.5-1.5B-Instruct", "revision": "a1b2", "sha256": None}
    assert (
        TypeAdapter(RunFile).validate_json(json.dumps(value)).models.base.id
        == "Qwen/Qwen2.5-1.5B-Instruct@a1b2"
    )


def test_wandb_is_off_unless_switched_on(profiles, environment):
    run = run_of(profiles)
    set_environment(run)
    assert os.environ["WANDB_MODE"] == "disabled"
    assert find_spec("wandb") is None  # TRL and transformers ask so
    assert tracking(run)["report_to"] == []


def test_wandb_offline_stays_in_the_run_folder(profiles, environment):
    run = run_of(profiles, service="wandb", wandbMode="offline")
    set_environment(run)
    assert (os.environ["WANDB_MODE"], os.environ["WANDB_DIR"], os.environ["WANDB_PROJECT"]) == (
        "offline",
        "/r",
        "FTModel-Training",
    )
    assert tracking(run)["report_to"] == ["wandb"]
    assert find_spec("wandb") is not None and find_spec("trackio") is None


def test_trackio_stays_in_the_run_folder_and_keeps_wandb_off(profiles, environment):
    run = run_of(profiles, service="trackio")
    set_environment(run)
    assert (os.environ["TRACKIO_DIR"], os.environ["WANDB_MODE"]) == ("/r/trackio", "disabled")
    assert tracking(run) == {
        "report_to": ["trackio"],
        "run_name": "sft-0",
        "project": "FTModel-Training",
        "trackio_space_id": None,
        "trackio_static_space_id": False,
    }


def test_only_the_first_of_several_processes_tracks(profiles, environment, monkeypatch, tmp_path):
    import wandb

    started = []
    monkeypatch.setattr(wandb, "init", lambda **options: started.append(options))
    monkeypatch.setenv("WORLD_SIZE", "2")
    run = run_of(profiles, service="wandb", wandbMode="online")
    for number, report_to in (("0", ["wandb"]), ("1", [])):
        monkeypatch.setenv("RANK", number)
        assert tracking(start_tracking(run, EventLog(tmp_path / "e")))["report_to"] == report_to
    assert started == [{"project": "FTModel-Training", "name": "sft-0"}]
    assert (tmp_path / "e").read_text() == ""


def test_a_cancel_is_heard_before_training_has_begun(stage):
    sft = stage("sft", SFT_ROWS * 2000)
    process = sft.start()
    while not sft.folder.joinpath("events.jsonl").exists():
        assert process.is_alive()
    os.kill(process.pid, signal.SIGTERM)
    process.join(timeout=300)
    # The signal may come before its handler stands; then nothing was begun, and nothing is written.
    assert (process.exitcode, [e["cause"] for e in sft.events()]) in [
        (128 + signal.SIGTERM, ["cancelled"]),
        (-signal.SIGTERM, []),
    ]


def test_a_run_file_of_another_stage_is_refused(stage):
    sft = stage("sft", SFT_ROWS)
    sft.stage = "merge"
    assert sft.run() == 1
    assert sft.end() == ("failed", "bad_run_file")


def test_a_checkpoint_folder_that_cannot_be_made_ends_the_run(stage):
    sft = stage("sft", SFT_ROWS)
    (sft.folder / "checkpoints").write_text("a file stands here")
    assert sft.run() == 1
    assert sft.end() == ("failed", "error")
    assert not (sft.folder / "adapter").exists()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "checkpoint-2"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_named(stage, tmp_path, error):
    def body(*_):
        raise error

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    environment = dict(os.environ)
    try:
        found = outcome("sft", stage("sft", SFT_ROWS).run_file, body, EventLog(tmp_path / "events.jsonl"))
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.environ.clear()
        os.environ.update(environment)
    assert found[0] == "disk_full"
    assert "o space left on" in found[1]


def test_an_error_without_a_number_keeps_its_class_and_words(stage):
    def body(run, events):
        raise OSError("the hub answered nothing\nsecond line")

    sft = stage("sft", SFT_ROWS)
    cause, message = outcome("sft", sft.run_file, body, EventLog(sft.folder / "events.jsonl"))
    assert (cause, message) == ("error", "OSError: the hub answered nothing")


def test_what_a_named_failure_came_from_is_in_the_log(stage, capfd):
    def body(run, events):
        try:
            raise KeyError("layers")
        except KeyError as error:
            raise Failure("bad_model", "the model cannot be loaded") from error

    sft = stage("sft", SFT_ROWS)
    assert outcome("sft", sft.run_file, body, EventLog(sft.folder / "events.jsonl"))[0] == "bad_model"
    assert "KeyError: 'layers'" in capfd.readouterr().err
