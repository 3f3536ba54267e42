"""
The reward: lib's TypeScript scorer in a Node process of our own, asked in batches of JSON lines over stdio.
"""

from __future__ import annotations

import json
import math
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .failure import Failure
from .runfile import RunFile

# Magic number: no scorer takes this long; a reward of the reader's own that never returns must not hang the
# run for ever.
ANSWER_WITHIN_S = 600
LAST_WORDS = 20  # lines of stderr quoted when the process died

Parts = dict[str, float]


@contextmanager
def paid_by(run: RunFile) -> Iterator[RewardProcess]:
    """The run's reward, until what is inside ends. Raises Failure when the run file has none."""
    if run.reward is None:
        raise Failure("bad_run_file", "run.json: reward: GRPO needs one")
    process = RewardProcess(run.reward.command)
    try:
        yield process
    finally:
        process.close()


class RewardProcess:
    """Starts `command` (no shell) and asks it for the rewards of a batch. One question at a time."""

    def __init__(self, command: list[str]):
        self.batch = 0
        self.stderr: deque[str] = deque(maxlen=LAST_WORDS)
        self.answers: queue.Queue[bytes | None] = queue.Queue()
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise Failure(
                "reward_process_died",
                f"the reward process could not be started: {' '.join(command)}: {error.strerror}",
            ) from error
        self.readers = [
            threading.Thread(target=read, daemon=True) for read in (self._read_answers, self._read_stderr)
        ]
        for reader in self.readers:
            reader.start()

    def total(
        self, completions, completion_ids, id, question, gold, log_extra, log_metric, **_
    ) -> list[float]:
        """
        The one reward function that TRL sees. The parts of the reward are logged as rewards/<part>/mean; TRL
        adds rewards/total/mean and /std itself. Text, id, tokens and parts of every answer are kept for
        `GrpoWatch`.

        TRL gets the totals in steps of 2⁻¹⁶, whose sums are exact in float32: eight times 0.3 has a mean
        beside 0.3 there, and answers that were paid alike would get advantages of 3e-4 and count as a group
        with something to learn from.
        """
        texts = [completion[0]["content"] for completion in completions]
        tokens = [len(ids) for ids in completion_ids]
        names = ("id", "question", "gold", "completion", "tokens")
        columns = zip(id, question, gold, texts, tokens, strict=True)
        parts, right = self.judge([dict(zip(names, row, strict=True)) for row in columns])
        totals = [part.pop("total") for part in parts]
        for name in sorted({name for part in parts for name in part}):
            judged = [part[name] for part in parts if name in part]
            log_metric(f"rewards/{name}/mean", sum(judged) / len(judged))
        kept = {"id": id, "text": texts, "tokens": tokens, "parts": parts, "total": totals, "right": right}
        for column, values in kept.items():
            log_extra(column, values)
        return [round(total * 2**16) / 2**16 for total in totals]

    def judge(self, rows: list[dict[str, Any]]) -> tuple[list[Parts], list[int | None]]:
        """
        The named parts of each row's reward, `total` among them: the number that is trained on. Parts that
        the reward did not judge (null) are left out. And what the checker says of each row, whatever the
        reward is: 1, 0, or None where rules could not decide. Raises Failure("reward_failed") for an error or
        a wrong answer, Failure("reward_process_died").
        """
        self.batch += 1
        question = json.dumps({"batch": self.batch, "rows": rows}).encode("ascii") + b"\n"
        # In a thread: a process that reads nothing would hold the writer of a full pipe for ever.
        threading.Thread(target=self._write, args=(question,), daemon=True).start()
        try:
            line = self.answers.get(timeout=ANSWER_WITHIN_S)
        except queue.Empty:
            self.process.kill()
            self.process.wait()
            raise Failure(
                "reward_failed", f"the reward did not answer batch {self.batch} within {ANSWER_WITHIN_S} s"
            ) from None
        if line is None:
            raise self._death()
        return check_answer(line, self.batch, rows)

    def score(self, rows: list[dict[str, Any]]) -> list[Parts]:
        """The parts alone."""
        return self.judge(rows)[0]

    def close(self) -> None:
        """Ends the process; what it still had to say on stderr is in the log."""
        if self.process.poll() is None:
            self.process.stdin.close()  # asks it to end
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _death(self) -> Failure:
        try:
            status = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "unknown: it closed its output and went on"
        self.readers[1].join(timeout=5)
        words = "".join(self.stderr).strip() or "it wrote nothing to stderr"
        return Failure(
            "reward_process_died",
            f"the reward process ended (exit status {status}) at batch {self.batch}:\n{words}",
        )

    def _write(self, question: bytes) -> None:
        with suppress(OSError):  # a closed pipe: the end of its output tells the same
            self.process.stdin.write(question)
            self.process.stdin.flush()

    def _read_answers(self) -> None:
        for line in self.process.stdout:
            self.answers.put(line)
        self.answers.put(None)

    def _read_stderr(self) -> None:
        for line in self.process.stderr:
            text = line.decode("utf-8", "replace")
            self.stderr.append(text)
            sys.stderr.write(text)


def check_answer(line: bytes, batch: int, rows: list[dict[str, Any]]) -> tuple[list[Parts], list[int | None]]:
    """
    The parts and the verdict of each row from one line of the process. Raises Failure("reward_failed") saying
    what is wrong with it.
    """
    try:
        answer = json.loads(line)
    except ValueError:
        raise Failure(
            "reward_failed", f"the reward process wrote something that is no answer: {line[:200]!r}"
        ) from None
    if not isinstance(answer, dict) or answer.get("batch") != batch:
        raise Failure(
            "reward_failed",
            f"the reward process answered another question than batch {batch}: {line[:200]!r}",
        )
    if "error" in answer:
        raise Failure("reward_failed", str(answer["error"]))
    parts = answer.get("rows")
    if not isinstance(parts, list) or len(parts) != len(rows):
        raise Failure(
            "reward_failed",
            f"the reward answered {len(parts) if isinstance(parts, list) else 'no'} rows, {len(rows)} were "
            f"asked",
        )
    checked = [check_parts(row["id"], part) for row, part in zip(rows, parts, strict=True)]
    right = answer.get("right")
    if not isinstance(right, list) or len(right) != len(rows):
        raise Failure(
            "reward_failed", f"the reward process gave no verdict (right) on each of {len(rows)} rows"
        )
    return checked, right


def check_parts(id: str, parts: Any) -> Parts:
    if not isinstance(parts, dict) or "total" not in parts:
        raise Failure(
            "reward_failed", f"row {id}: expected named numbers with a total, found {json.dumps(parts)[:100]}"
        )
    for name, value in parts.items():
        judged = value is not None or name == "total"
        if judged and (
            isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value)
        ):
            raise Failure(
                "reward_failed", f"row {id}: {name}: expected a finite number, found {json.dumps(value)}"
            )
    return {name: float(value) for name, value in parts.items() if value is not None}
