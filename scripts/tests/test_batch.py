import json
import subprocess
import sys

import pytest
import torch
from conftest import SCRIPTS
from sft import largest_pass
from sidecar.batch import Batch, filled, halve, passes_of, with_smaller_batch
from sidecar.events import EventLog
from sidecar.failure import Failure


@pytest.mark.parametrize(
    ("batch", "smaller"),
    [
        (Batch(2, 8), Batch(1, 16)),
        (Batch(64, 1), Batch(32, 2)),
        (Batch(3, 4), Batch(1, 12)),
        (Batch(9, 2), Batch(3, 6)),
        (Batch(10, 1), Batch(5, 2)),
        (Batch(1, 8), None),
    ],
)
def test_the_micro_batch_is_halved_and_the_effective_batch_stays(batch, smaller):
    assert halve(batch) == smaller
    assert smaller is None or smaller.effective == batch.effective


@pytest.mark.parametrize(("room", "micro"), [(16_384, 16), (12_000, 16), (11_199, 8), (100, 2)])
def test_passes_are_filled_up_to_the_room_that_was_planned_and_the_effective_batch_stays(room, micro):
    batch = filled(Batch(2, 8), lambda rows: rows * 700, room)
    assert batch == Batch(micro, 16 // micro)


def test_a_pass_of_rows_end_to_end_is_their_sum_and_a_padded_one_its_longest_row_each_time():
    lengths = [10, 30, 20, 5, 7]
    assert largest_pass(lengths, 2, padded=False) == 40
    assert largest_pass(lengths, 2, padded=True) == 60
    assert largest_pass(lengths, 5, padded=False) == 72


class Attempts:
    """Runs out of memory while the micro-batch is above `fits`."""

    def __init__(self, fits, error=None):
        out = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore")
        self.fits, self.error, self.seen = fits, error or out, []

    def __call__(self, batch, fill):
        self.seen.append((batch, fill))
        if batch.micro > self.fits:
            raise self.error


def test_out_of_memory_is_known_in_the_words_of_cuda_cublas_and_nccl_and_no_other_error_is(tmp_path):
    for words in (
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "NCCL error: Call to CUDA function failed.\nLast error:\nFailed to CUDA calloc async 4 bytes",
    ):
        attempts = Attempts(fits=4, error=RuntimeError(words))
        with_smaller_batch(Batch(8, 2), EventLog(tmp_path / "e"), attempts)
        assert attempts.seen == [(Batch(8, 2), True), (Batch(4, 4), False)]
    with pytest.raises(RuntimeError, match="illegal"):
        with_smaller_batch(
            Batch(8, 2),
            EventLog(tmp_path / "e"),
            Attempts(fits=4, error=RuntimeError("CUDA error: an illegal memory access")),
        )


def test_out_of_memory_halves_once_and_says_so(tmp_path):
    attempts = Attempts(fits=4)
    with_smaller_batch(Batch(8, 2), EventLog(tmp_path / "e"), attempts)
    assert attempts.seen == [(Batch(8, 2), True), (Batch(4, 4), False)]
    (warning,) = [json.loads(line) for line in (tmp_path / "e").read_text().splitlines()]
    assert warning["code"] == "out_of_memory"
    assert "4 × 4 = 16" in warning["message"]


def test_what_is_halved_is_the_pass_that_memory_ran_out_with_not_the_planned_one(tmp_path):
    seen = []

    def attempt(batch, fill):
        used = filled(batch, lambda rows: rows * 10, 100) if fill else batch
        seen.append(used)
        with passes_of(used):
            if used.micro > 4:
                raise torch.OutOfMemoryError("CUDA out of memory")

    with_smaller_batch(Batch(1, 8), EventLog(tmp_path / "e"), attempt)
    assert seen == [Batch(8, 1), Batch(4, 2)]


def test_of_several_processes_none_tries_again(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    attempts = Attempts(fits=4)
    with pytest.raises(
        Failure, match=r"Tried to allocate 2 GiB Set a smaller batch for each GPU \(sft.batchSize"
    ):
        with_smaller_batch(Batch(8, 2), EventLog(tmp_path / "e"), attempts)
    assert len(attempts.seen) == 1


@pytest.mark.parametrize(("batch", "tried"), [(Batch(8, 2), 2), (Batch(1, 2), 1)])
def test_it_is_not_halved_twice_and_a_single_row_not_at_all(tmp_path, batch, tried):
    attempts = Attempts(fits=0)
    with pytest.raises(Failure) as caught:
        with_smaller_batch(batch, EventLog(tmp_path / "e"), attempts)
    assert caught.value.cause == "out_of_memory"
    assert len(attempts.seen) == tried


def test_a_process_that_must_leave_starts_anew_in_place_with_half_the_batch(tmp_path):
    """
    As GRPO with vLLM does: the second attempt runs under the same pid with nothing of the first one in
    memory.
    """
    program = f"""
import os, torch
from pathlib import Path
from sidecar.batch import Batch, with_smaller_batch
from sidecar.events import EventLog

def attempt(batch, fill):
    with open({str(tmp_path / "seen")!r}, "a") as file:
        print(os.getpid(), batch.micro, batch.accumulation, os.environ.get("RANK"), file=file)
    os.environ["RANK"] = "0"  # as TRL does for vLLM
    if batch.micro > 4:
        raise torch.OutOfMemoryError("CUDA out of memory")

events = EventLog(Path({str(tmp_path / "e")!r}))
with_smaller_batch(Batch(8, 2), events, attempt, lambda: print("left", flush=True))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=SCRIPTS)
    assert (done.returncode, done.stdout) == (0, "left\n"), done.stderr
    (first, *was), (second, *now) = [line.split() for line in (tmp_path / "seen").read_text().splitlines()]
    assert (was, now) == (["8", "2", "None"], ["4", "4", "None"])
    assert first == second


def test_a_process_that_started_anew_does_not_halve_again(tmp_path, monkeypatch):
    monkeypatch.setenv("FTMODEL_MICRO_BATCH", "4")
    attempts = Attempts(fits=0)
    with pytest.raises(Failure, match="passes of 4 rows, too"):
        with_smaller_batch(Batch(8, 2), EventLog(tmp_path / "e"), attempts)
    assert attempts.seen == [(Batch(4, 4), False)]


def test_with_enough_memory_nothing_is_said(tmp_path):
    with_smaller_batch(Batch(8, 2), EventLog(tmp_path / "e"), Attempts(fits=8))
    assert (tmp_path / "e").read_text() == ""
