"""
In which order rows are trained on: drawn once from the seed, so that a resumed run sees the same rows as one
that was never stopped.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from .batch import Batch


def epochs_in_order(rows: int, epochs: float, seed: int) -> list[int]:
    """
    round(rows × epochs) indices: one permutation of all rows after the other, the last one cut. (At least one
    row.)
    """
    wanted = max(1, round(rows * epochs))
    order: list[int] = []
    draw = random.Random(seed)
    while len(order) < wanted:
        permutation = list(range(rows))
        draw.shuffle(permutation)
        order += permutation
    return order[:wanted]


def dealt_evenly(order: list[int], lengths: Sequence[int], batch: Batch, ranks: int) -> list[int]:
    """
    The same rows in every optimizer step, dealt to `ranks` processes so that each gets about as many tokens:
    a step takes as long as its largest share. `lengths`: tokens of each row. A last step that is not full
    stays as it is.
    """
    step = batch.effective * ranks
    full = len(order) - len(order) % step if ranks > 1 else 0
    dealt: list[int] = []
    for start in range(0, full, step):
        shares: list[list[int]] = [[] for _ in range(ranks)]
        places = range(start, start + step)
        for place in sorted(places, key=lambda place: -lengths[order[place]]):
            room = (share for share in shares if len(share) < batch.effective)
            min(room, key=lambda share: sum(lengths[order[other]] for other in share)).append(place)
        for share in shares:
            share.sort()  # not the longest rows first: passes of like size
        # Pass by pass and process by process, as accelerate deals out batches
        dealt += [
            order[place]
            for first in range(0, batch.effective, batch.micro)
            for share in shares
            for place in share[first : first + batch.micro]
        ]
    return dealt + order[full:]
