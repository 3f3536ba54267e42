"""Tracking services beside a training: what they write, and that they cost no run."""

import json
import os
import sqlite3
import subprocess
import sys

import pytest
from conftest import RL_ROWS, SCRIPTS, SFT_ROWS

# A part that is not judged for every answer, only for those to every other question.
PARTS = (
    "(row) => ({ vowels: (row.completion.match(/[aeiou]/g) ?? []).length, "
    "...(Number(row.id.slice(1)) % 2 ? { brevity: 1 / row.tokens } : {}) })"
)
COLUMNS = [
    "step",
    "id",
    "group",
    "question",
    "completion",
    "rewards/brevity",
    "rewards/vowels",
    "reward",
    "advantage",
    "tokens",
]


def test_wandb_offline_writes_into_the_run_folder_and_no_secret_of_the_environment_is_in_any_output(
    stage, monkeypatch
):
    monkeypatch.setenv("MY_API_KEY", "canary-4711")
    sft = stage("sft", SFT_ROWS, sft={"epochs": 1}, tracking={"service": "wandb", "wandbMode": "offline"})
    assert sft.run() == 0, sft.log()
    (record,) = (sft.folder / "wandb").glob("offline-run-*/*.wandb")
    assert record.stat().st_size > 1000
    assert sft.end() == ("done", None)
    assert not [
        path for path in sft.folder.rglob("*") if path.is_file() and b"canary-4711" in path.read_bytes()
    ]


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
    run_alone(
        sft, https_proxy="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9", MY_API_KEY="canary-4711"
    )  # the proxy leads nowhere
    (database,) = (sft.folder / "trackio").glob("FTModel-Training*.db")
    with sqlite3.connect(database) as connection:
        logged = connection.execute("select run_name, step from metrics").fetchall()
    assert {name for name, _ in logged} == {"sft-0123456789ab"}
    assert {step for _, step in logged} >= {1, 2, 3}
    assert not [
        path for path in sft.folder.rglob("*") if path.is_file() and b"canary-4711" in path.read_bytes()
    ]


def grpo_with(stage, reward_module, service, **settings):
    grpo = {"startFromSft": False, "sampleEvery": 2, **settings}
    return stage(
        "grpo",
        RL_ROWS,
        reward=reward_module(PARTS),
        grpo=grpo,
        tracking={"service": service, "wandbMode": "offline"},
    )


def run_alone(run, **environment):
    """
    In a process of its own, as a reader runs it: trackio reads where to write when it is imported. Returns
    all that was printed.
    """
    command = [sys.executable, str(SCRIPTS / f"{run.stage}.py"), str(run.run_file)]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def tables_of_events(grpo):
    """By step, the rows that the tracking service must have."""
    questions = {row["id"]: row["prompt"] for row in RL_ROWS}
    return {
        e["step"]: [
            [
                e["step"],
                s["id"],
                s["group"],
                questions[s["id"]],
                s["completion"],
                s["rewards"].get("brevity"),
                s["rewards"]["vowels"],
                s["reward"],
                s["advantage"],
                s["tokens"],
            ]
            for s in e["samples"]
        ]
        for e in grpo.events("samples")
    }


def test_wandb_gets_the_answers_of_the_samples_events_as_tables_in_the_run_folder(stage, reward_module):
    grpo = grpo_with(stage, reward_module, "wandb")
    printed = run_alone(grpo)
    assert not grpo.events("warning")
    files = list((grpo.folder / "wandb").glob("offline-run-*/files/media/table/completions_*.table.json"))
    tables = [json.loads(file.read_text()) for file in files]
    assert [table["columns"] for table in tables] == [COLUMNS] * 3
    expected = tables_of_events(grpo)
    assert expected.keys() == {1, 2, 4}
    assert {row[COLUMNS.index("rewards/brevity")] is None for rows in expected.values() for row in rows} == {
        True,
        False,
    }
    assert {table["data"][0][0]: table["data"] for table in tables} == expected
    assert list((grpo.folder / "wandb" / "artifacts" / "staging").iterdir()), (
        "the copies that wait to be sent are in the home folder"
    )
    assert "W&B syncing" in printed and "━" not in printed, "a table is printed"
    assert not (grpo.folder / "checkpoints" / "completions").exists()


def test_trackio_gets_the_answers_as_tables_at_the_steps_of_the_metrics(stage, reward_module):
    grpo = grpo_with(stage, reward_module, "trackio")
    printed = run_alone(grpo)
    assert not grpo.events("warning")
    (database,) = (grpo.folder / "trackio").glob("FTModel-Training*.db")
    with sqlite3.connect(database) as connection:
        logged = [
            (step, json.loads(metrics))
            for step, metrics in connection.execute("select step, metrics from metrics")
        ]
    tables = {step: metrics["completions"]["_value"] for step, metrics in logged if "completions" in metrics}
    assert {step: [list(row.values()) for row in rows] for step, rows in tables.items()} == tables_of_events(
        grpo
    )
    assert all(list(row) == COLUMNS for rows in tables.values() for row in rows)
    assert [(step, metrics["train/global_step"]) for step, metrics in logged if "train/loss" in metrics] == [
        (n, n) for n in (1, 2, 3, 4)
    ]
    assert "4 steps" in printed and "━" not in printed, "a table is printed"


def test_a_table_that_cannot_be_made_is_one_warning_and_the_run_goes_on(stage, reward_module, monkeypatch):
    import wandb

    def table(**_):
        raise TypeError("Data row contained incompatible types")

    monkeypatch.setattr(wandb, "Table", table)
    grpo = grpo_with(stage, reward_module, "wandb")
    assert grpo.run() == 0, grpo.log()
    assert [(e["code"], e["message"].split(". ")[0]) for e in grpo.events("warning")] == [
        ("tracking", "wandb took no table of answers: TypeError: Data row contained incompatible types")
    ]
    assert [e["step"] for e in grpo.events("step")] == [1, 2, 3, 4]


@pytest.mark.parametrize("name", ["sft", "grpo"])
def test_wandb_whose_process_is_killed_is_one_warning_and_the_run_goes_on(
    stage, reward_module, monkeypatch, name
):
    import psutil
    from sidecar.events import EventLog

    step = EventLog.step

    def step_and_kill(self, number, metrics):
        step(self, number, metrics)
        if number == 2:
            (core,) = (child for child in psutil.Process().children() if "wandb-core" in child.name())
            core.kill()
            core.wait()

    monkeypatch.setattr(EventLog, "step", step_and_kill)
    run = (
        stage("sft", SFT_ROWS, tracking={"service": "wandb", "wandbMode": "offline"})
        if name == "sft"
        else grpo_with(stage, reward_module, "wandb")
    )
    assert run.run() == 0, run.log()
    assert run.end() == ("done", None)
    assert run.adapter()
    (warning,) = run.events("warning")
    assert (warning["code"], warning["message"].split(":")[0]) == ("tracking", "wandb failed")


@pytest.mark.parametrize(
    ("service", "rank", "tables"), [("wandb", "0", 1), ("wandb", "1", 0), ("none", "0", 0)]
)
def test_tables_are_made_only_by_the_process_that_tracks(
    stage, reward_module, monkeypatch, service, rank, tables
):
    import wandb
    from sidecar.events import EventLog
    from sidecar.runfile import read_run_file
    from sidecar.stage import start_tracking
    from sidecar.track_grpo import answer_tables

    monkeypatch.setattr(wandb, "init", lambda **_: None)
    monkeypatch.setattr(wandb, "log", None)
    monkeypatch.setenv("RANK", rank)
    grpo = grpo_with(stage, reward_module, service)
    run = start_tracking(read_run_file(grpo.run_file), EventLog(grpo.folder / "events.jsonl"))
    assert len(answer_tables(run, watch=None)) == tables
