"""In which order rows are trained on: drawn once from the seed, so that a resumed run sees the same rows as one that was never stopped."""

from __future__ import annotations

import random


def epochs_in_order(rows: int, epochs: float, seed: int) -> list[int]:
    """round(rows × epochs) indices: one permutation of all rows after the other, the last one cut. (At least one row.)"""
    wanted = max(1, round(rows * epochs))
    order: list[int] = []
    draw = random.Random(seed)
    while len(order) < wanted:
        permutation = list(range(rows))
        draw.shuffle(permutation)
        order += permutation
    return order[:wanted]
