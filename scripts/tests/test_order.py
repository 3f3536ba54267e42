"""The order of the rows, and how several processes share a step of it."""

import random

from sidecar.batch import Batch
from sidecar.order import dealt_evenly, epochs_in_order


def test_each_epoch_holds_every_row_once_in_another_order():
    order = epochs_in_order(50, 2.5, seed=1)
    assert len(order) == 125
    first, second, rest = order[:50], order[50:100], order[100:]
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    assert len(set(rest)) == 25


def test_the_order_is_the_seeds_alone():
    assert epochs_in_order(50, 2, seed=1) == epochs_in_order(50, 2, seed=1)
    assert epochs_in_order(50, 2, seed=1) != epochs_in_order(50, 2, seed=2)
    assert epochs_in_order(3, 0.01, seed=1) != []


def shares_of(step: list[int], batch: Batch, ranks: int) -> list[list[int]]:
    """
    What each process gets of one step: every `ranks`-th batch of `micro` rows, as accelerate deals them out.
    """
    passes = [step[i : i + batch.micro] for i in range(0, len(step), batch.micro)]
    return [[row for rows in passes[rank::ranks] for row in rows] for rank in range(ranks)]


def test_each_process_gets_about_as_many_tokens_and_every_step_keeps_its_rows():
    draw = random.Random(7)
    lengths = [min(2048, round(draw.lognormvariate(6.3, 0.7))) for _ in range(332)]
    order, batch, ranks = epochs_in_order(332, 1, seed=3), Batch(4, 2), 4
    dealt = dealt_evenly(order, lengths, batch, ranks)

    def idle(rows: list[int]) -> float:
        """The mean share of a step's time that the processes wait for the longest of them."""
        steps = [
            [sum(lengths[row] for row in share) for share in shares_of(rows[i : i + 32], batch, ranks)]
            for i in range(0, 320, 32)
        ]
        return sum(1 - sum(tokens) / ranks / max(tokens) for tokens in steps) / len(steps)

    assert idle(dealt) < 0.02 < 0.1 < idle(order)
    for i in range(0, 320, 32):
        assert sorted(dealt[i : i + 32]) == sorted(order[i : i + 32])
    assert dealt[320:] == order[320:]  # not a whole step


def test_one_process_keeps_the_order():
    assert dealt_evenly([3, 1, 2, 0], [9, 1, 5, 3], Batch(1, 2), 1) == [3, 1, 2, 0]


def test_repeated_rows_of_two_epochs_are_dealt_each_time():
    assert sorted(dealt_evenly([0, 1, 0, 1], [5, 9], Batch(2, 1), 2)) == [0, 0, 1, 1]
