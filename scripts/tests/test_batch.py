import json

import pytest
import torch
from sidecar.batch import Batch, halve, with_smaller_batch
from sidecar.events import EventLog
from sidecar.failure import Failure


@pytest.mark.parametrize(
    ("batch", "smaller"),
    [(Batch(2, 8), Batch(1, 16)), (Batch(64, 1), Batch(32, 2)), (Batch(3, 4), Batch(1, 12)), (Batch(9, 2), Batch(3, 6)), (Batch(10, 1), Batch(5, 2)), (Batch(1, 8), None)],
)
def test_the_micro_batch_is_halved_and_the_effective_batch_stays(batch, smaller):
    assert halve(batch) == smaller
    assert smaller is None or smaller.effective == batch.effective


class Attempts:
    """Runs out of memory while the micro-batch is above `fits`."""

    def __init__(self, fits):
        self.fits, self.seen = fits, []

    def __call__(self, batch):
        self.seen.append(batch)
        if batch.micro > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore")


def test_out_of_memory_halves_once_and_says_so(tmp_path):
    attempts = Attempts(fits=4)
    with_smaller_batch(Batch(8, 2), EventLog(tmp_path / "e"), attempts)
    assert attempts.seen == [Batch(8, 2), Batch(4, 4)]
    (warning,) = [json.loads(line) for line in (tmp_path / "e").read_text().splitlines()]
    assert warning["code"] == "out_of_memory"
    assert "4 × 4 = 16" in warning["message"]


@pytest.mark.parametrize(("batch", "tried"), [(Batch(8, 2), 2), (Batch(1, 2), 1)])
def test_it_is_not_halved_twice_and_a_single_row_not_at_all(tmp_path, batch, tried):
    attempts = Attempts(fits=0)
    with pytest.raises(Failure) as caught:
        with_smaller_batch(batch, EventLog(tmp_path / "e"), attempts)
    assert caught.value.cause == "out_of_memory"
    assert len(attempts.seen) == tried


def test_with_enough_memory_nothing_is_said(tmp_path):
    with_smaller_batch(Batch(8, 2), EventLog(tmp_path / "e"), Attempts(fits=8))
    assert (tmp_path / "e").read_text() == ""
