import os
import signal
import time

import pytest
from sidecar.failure import Failure
from sidecar.reward import RewardProcess

ROWS = [
    {
        "id": "a",
        "question": "2 + 2?",
        "gold": "4",
        "completion": "<think>\n2 + 2 = 4\n</think>\n<answer>\n4\n</answer>",
        "tokens": 20,
    },
    {
        "id": "b",
        "question": "2 + 2?",
        "gold": "4",
        "completion": "<think>\n2 + 2 = 5\n</think>\n<answer>\n5\n</answer>",
        "tokens": 20,
    },
    {"id": "c", "question": "2 + 2?", "gold": "4", "completion": "4 \ud800 <|im_end|>", "tokens": 3},
]
LOOP = (
    "import { createInterface } from 'node:readline'; "
    "for await (const line of createInterface({ input: process.stdin })) "
    "{ const { batch, rows } = JSON.parse(line); %s }"
)


def failure(command, batches=1):
    process = RewardProcess(command)
    try:
        with pytest.raises(Failure) as caught:
            for _ in range(batches):
                process.score(ROWS)
        return caught.value
    finally:
        process.close()


def test_libs_scorer_pays_format_and_answer(reward_module):
    process = RewardProcess(
        reward_module(
            "(row) => row.score && { format: row.score.format, accuracy: row.score.accuracy, total: "
            "row.score.total }"
        )
    )
    first, second = process.score(ROWS), process.score(ROWS[:1])
    process.close()
    assert first[0] == {"format": 1.0, "accuracy": 1.0, "total": pytest.approx(1.0)}
    assert first[1] == {"format": 1.0, "accuracy": 0.0, "total": pytest.approx(0.3)}
    assert first[2]["format"] == 0
    assert second == first[:1]
    assert process.process.returncode == 0


def test_a_part_that_was_not_judged_is_left_out(reward_module):
    process = RewardProcess(reward_module("(row) => ({ format: 1, judge: row.id === 'a' ? null : 0.5 })"))
    parts = process.score(ROWS)
    process.close()
    assert parts[0] == {"format": 1.0, "total": 1.0}
    assert parts[1] == {"format": 1.0, "judge": 0.5, "total": 1.5}


def test_a_reward_that_throws_is_reported_in_its_own_words(reward_module):
    found = failure(reward_module("(row) => { throw new Error('no such ratio'); }"))
    assert found.cause == "reward_failed"
    assert "no such ratio" in found.message


def test_a_process_that_dies_is_reported_with_its_last_words(node_program):
    found = failure(node_program(LOOP % "console.error('the disk is gone'); process.exit(7);"))
    assert found.cause == "reward_process_died"
    assert "the disk is gone" in found.message
    assert "7" in found.message


def test_a_process_that_dies_between_two_batches_is_noticed(node_program):
    answers_once = (
        "const answer = { batch, rows: rows.map(() => ({ total: 1 })), right: rows.map(() => 1) }; "
        "process.stdout.write(JSON.stringify(answer) + '\\n', () => process.exit(3));"
    )
    found = failure(node_program(LOOP % answers_once), batches=2)
    assert found.cause == "reward_process_died"


def test_a_module_that_does_not_load_is_a_death_with_the_reason(reward_module):
    found = failure(reward_module("missing.name"))
    assert found.cause == "reward_process_died"
    assert "missing is not defined" in found.message


def test_a_program_that_does_not_exist_is_named():
    with pytest.raises(Failure, match="/no/such/node") as caught:
        RewardProcess(["/no/such/node"])
    assert caught.value.cause == "reward_process_died"


@pytest.mark.parametrize(
    ("says", "quoted"),
    [
        ("console.log('hello')", "no answer"),
        ("console.log(JSON.stringify({ batch: batch + 1, rows: [] }))", "another question"),
        ("console.log(JSON.stringify({ batch, rows: [] }))", "0 rows, 3 were asked"),
        ("console.log(JSON.stringify({ batch, rows: rows.map(() => ({ format: 1 })) }))", "with a total"),
        (
            "console.log(JSON.stringify({ batch, rows: rows.map(() => ({ total: NaN })) }))",
            "row a: total: expected a finite number",
        ),
        ("console.log(JSON.stringify({ batch, rows: rows.map(() => ({ total: 1, x: '1' })) }))", "row a: x"),
        ("console.log(JSON.stringify({ batch, rows: rows.map(() => 1) }))", "named numbers"),
    ],
)
def test_an_answer_that_is_none_stops_the_run(node_program, says, quoted):
    found = failure(node_program(LOOP % says))
    assert found.cause == "reward_failed"
    assert quoted in found.message


def test_a_reward_that_never_answers_is_given_up(node_program, monkeypatch):
    monkeypatch.setattr("sidecar.reward.ANSWER_WITHIN_S", 0.5)
    started = time.monotonic()
    assert failure(node_program(LOOP % "for (;;) {}")).cause == "reward_failed"
    assert time.monotonic() - started < 20


def test_a_reward_that_reads_nothing_is_given_up_too(node_program, monkeypatch):
    """A batch larger than the pipe: it cannot even be sent."""
    monkeypatch.setattr("sidecar.reward.ANSWER_WITHIN_S", 0.5)
    process = RewardProcess(node_program("for (;;) {}"))
    started = time.monotonic()
    with pytest.raises(Failure, match="did not answer batch 1 within"):
        process.score([{"id": "a", "completion": "x" * 2**20}])
    assert time.monotonic() - started < 20
    assert process.process.poll() is not None
    process.close()


def test_the_process_ends_when_the_trainer_is_gone(node_program, tmp_path):
    """Its standard input closes when the trainer is killed; no orphan stays."""
    pid = os.fork()
    if pid == 0:
        process = RewardProcess(node_program(LOOP % "0"))
        (tmp_path / "pid").write_text(str(process.process.pid))
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    node = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 20
    while is_running(node):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
