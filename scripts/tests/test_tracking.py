"""Tracking services beside a training: what they write, and that they cost no run."""

import os
import sqlite3
import subprocess
import sys

import pytest
from conftest import SCRIPTS, SFT_ROWS


def test_wandb_offline_writes_into_the_run_folder_and_no_secret_of_the_environment_is_in_any_output(stage, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "canary-4711")
    sft = stage("sft", SFT_ROWS, sft={"epochs": 1}, tracking={"service": "wandb", "wandbMode": "offline"})
    assert sft.run() == 0, sft.log()
    (record,) = (sft.folder / "wandb").glob("offline-run-*/*.wandb")
    assert record.stat().st_size > 1000
    assert sft.end() == ("done", None)
    assert not [path for path in sft.folder.rglob("*") if path.is_file() and b"canary-4711" in path.read_bytes()]


@pytest.mark.parametrize(("mode", "advice"), [("online", "wandb login"), ("offline", "scripts/tracking.md")])
def test_wandb_that_cannot_be_started_is_a_warning_and_the_run_goes_on(stage, monkeypatch, mode, advice):
    import wandb

    def init(**_):
        raise wandb.errors.UsageError("No API key configured. Use `wandb login` to log in.")

    monkeypatch.setattr(wandb, "init", init)
    sft = stage("sft", SFT_ROWS, sft={"epochs": 1}, tracking={"service": "wandb", "wandbMode": mode})
    assert sft.run() == 0, sft.log()
    assert sft.end() == ("done", None)
    assert len(sft.events("step")) == 3
    (warning,) = sft.events("warning")
    assert warning["code"] == "tracking"
    assert "UsageError: No API key configured" in warning["message"]
    assert str(sft.folder / "events.jsonl") in warning["message"]
    assert advice in warning["message"]


def test_trackio_that_cannot_be_started_is_a_warning_and_the_run_goes_on(stage, monkeypatch):
    monkeypatch.setitem(sys.modules, "trackio", None)  # as if it were not installed
    sft = stage("sft", SFT_ROWS, sft={"epochs": 1}, tracking={"service": "trackio"})
    assert sft.run() == 0, sft.log()
    assert [e["code"] for e in sft.events("warning")] == ["tracking"]


def test_trackio_writes_into_the_run_folder_and_asks_no_network(stage):
    sft = stage("sft", SFT_ROWS, sft={"epochs": 1}, tracking={"service": "trackio"})
    # A process of its own: trackio reads where to write when it is imported. The proxy leads nowhere.
    environment = {**os.environ, "https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "MY_API_KEY": "canary-4711"}
    done = subprocess.run([sys.executable, str(SCRIPTS / "sft.py"), str(sft.run_file)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    (database,) = (sft.folder / "trackio").glob("FTModel-Training*.db")
    with sqlite3.connect(database) as connection:
        logged = connection.execute("select run_name, step from metrics").fetchall()
    assert {name for name, _ in logged} == {"sft-0123456789ab"}
    assert {step for _, step in logged} >= {1, 2, 3}
    assert not [path for path in sft.folder.rglob("*") if path.is_file() and b"canary-4711" in path.read_bytes()]
