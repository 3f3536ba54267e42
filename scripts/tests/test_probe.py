"""The held-out questions that a GRPO run answers beside its training."""

import json
import os
import subprocess
import sys

import pytest
from conftest import RL_ROWS, SCRIPTS, question

PROBE_ROWS = [
    {"id": f"p{i}", "prompt": question(i), "gold_answer": str(i)} for i in range(20, 31)
]  # more than a step has answers
# Pays for anything but right answers: what the checker says does not come from it.
LETTERS = "(row) => ({ letters: new Set(row.completion).size })"
SETTINGS = {"startFromSft": False, "maxSteps": 5, "epochs": 2, "probeSteps": 2, "saveSteps": 2}


@pytest.fixture
def probed(stage, reward_module):
    """probed(folder, rows=…) → a run that is asked these rows as it goes, or none."""

    def make(folder, rows=PROBE_ROWS, **grpo):
        made = stage("grpo", RL_ROWS, folder=folder, reward=reward_module(LETTERS), grpo={**SETTINGS, **grpo})
        if rows:
            path = made.folder / "probe.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            run = json.loads(made.run_file.read_text())
            run["inputs"]["probe"] = {"path": str(path), "sha256": "0", "rows": len(rows)}
            made.run_file.write_text(json.dumps(run))
        return made

    return make


def same_training(one, other):
    """Weights, answers and all that was logged of the steps but seconds and memory, to the last bit."""
    timed = ("econds", "step_time", "tokensPerSecond", "memoryMiB")
    logged = [
        [
            {name: value for name, value in e["metrics"].items() if not any(t in name for t in timed)}
            for e in run.events("step")
        ]
        for run in (one, other)
    ]
    assert logged[0] == logged[1] and logged[0]
    answers = [[e["samples"] for e in run.events("samples")] for run in (one, other)]
    assert answers[0] == answers[1]
    first, second = one.adapter(), other.adapter()
    assert first.keys() == second.keys()
    assert all(first[name].equal(second[name]) for name in first)


# With checkpointing TRL's own trainer answers, otherwise the decoder of small models.
@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_training_is_the_same_to_the_last_bit_with_and_without(probed, checkpointing):
    with_it = probed("with", gradientCheckpointing=checkpointing)
    without = probed("without", rows=None, gradientCheckpointing=checkpointing)
    assert with_it.run() == 0, with_it.log()
    assert without.run() == 0, without.log()
    same_training(with_it, without)
    probes = with_it.events("probe")
    assert [e["step"] for e in probes] == [0, 2, 4, 5]  # before the first step, and after the last one
    for event in probes:
        assert [a["id"] for a in event["answers"]] == [row["id"] for row in PROBE_ROWS]
        for answer in event["answers"]:
            assert answer["paid"] == len(set(answer["completion"]))
            assert answer["right"] == 0
            assert 0 < answer["tokens"] <= 16
    assert without.events("probe") == []


def test_both_ways_to_answer_say_the_same(probed):
    runs = [probed(name, gradientCheckpointing=name == "trl", maxSteps=1) for name in ("decoder", "trl")]
    for run in runs:
        assert run.run() == 0, run.log()
    first, second = ([a["completion"] for a in run.events("probe")[0]["answers"]] for run in runs)
    assert first == second


def test_the_checker_judges_whatever_the_reward_pays(reward_module):
    from sidecar.reward import RewardProcess

    process = RewardProcess(reward_module(LETTERS))
    row = {"id": "a", "question": "", "gold": "8", "tokens": 9}
    tags = "<think>\n4+4=8\n</think>\n<answer>\n{}\n</answer>"
    rows = [{**row, "completion": tags.format(said)} for said in ("8", "9")]
    parts, right = process.judge(rows)
    process.close()
    assert right == [1, 0]
    assert [part["total"] for part in parts] == [len(set(row["completion"])) for row in rows]


def test_a_resumed_run_asks_on_and_two_processes_share_the_questions(probed):
    killed = probed("killed")
    killed.kill_after(3)
    assert killed.run() == 0, killed.log()
    assert {e["step"] for e in killed.events("probe")} == {0, 2, 4, 5}
    shared = probed("shared", microBatch=2)
    command = [sys.executable, str(SCRIPTS / "on_cores.py"), "2", str(SCRIPTS / "grpo.py")]
    done = subprocess.run([*command, str(shared.run_file)], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr[-2000:]
    last = shared.events("probe")[-1]["answers"]
    assert sorted(a["id"] for a in last) == [row["id"] for row in PROBE_ROWS]
