"""Answers behind their prompts as a decoder reads them: end to end, a prompt once for all its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True)
class Rows:
    """
    Prompts that differ, and behind them all answers, end to end: T tokens. An answer's last token is left
    out, as it says nothing. R sequences: the prompts, and the answers behind one of them.
    """

    tokens: Tensor  # (T,)
    positions: Tensor  # (T,)
    own: Tensor  # (R, Q) places of each sequence's tokens, padded on the right
    keys: Tensor  # (R, P + Q) places of the tokens that it may see: its prompt's, padded left, and its own
    mask: Tensor  # (R, 1, Q, P + Q): 0 where a token sees one of them, −inf elsewhere
    back: Tensor  # (T,) places of the tokens in a flattened (R, Q)
    says: Tensor  # (N,) places of the tokens that say one of an answer, in the order of the answers
    said: Tensor  # (N,) what they say
    prefix: Tensor  # (B, P) places of each answer's prompt, padded on the left
    prefix_mask: Tensor  # (B, P)
    last: Tensor  # (B,) place of the last token of each answer's prompt


def rows_of(prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]) -> Rows:
    """Answer n stands behind prompt n; prompts that are the same are read once."""
    unique = list(dict.fromkeys(map(tuple, prompts)))
    number = {prompt: i for i, prompt in enumerate(unique)}
    which = [number[tuple(prompt)] for prompt in prompts]
    tails = [answer[:-1] for answer in answers if len(answer) > 1]
    behind = [n for n, answer in zip(which, answers, strict=True) if len(answer) > 1]
    parts = [*unique, *tails]
    starts = [0, *accumulate(map(len, parts))]
    places = [torch.arange(start, start + len(part)) for start, part in zip(starts, parts, strict=False)]
    first = [0] * len(unique) + [len(unique[n]) for n in behind]
    own, own_mask = padded(places)
    nothing = torch.empty(0, dtype=torch.long)
    prefixes = [nothing] * len(unique) + [places[n] for n in behind]
    prefix, prefix_mask = padded(prefixes, left=True)
    causal = torch.ones(own.size(1), own.size(1), dtype=torch.bool).tril()
    seen = torch.cat([prefix_mask[:, None].expand(-1, own.size(1), -1), causal.expand(len(parts), -1, -1)], 2)
    tail = iter(places[len(unique) :])
    says = [
        torch.cat([places[n][-1:], next(tail) if len(answer) > 1 else nothing]) if len(answer) else nothing
        for n, answer in zip(which, answers, strict=True)
    ]
    of_answers, of_answers_mask = padded([places[n] for n in which], left=True)
    return Rows(
        tokens=torch.tensor([token for part in parts for token in part]),
        positions=torch.cat(
            [torch.arange(at, at + len(part)) for at, part in zip(first, parts, strict=True)]
        ),
        own=own,
        keys=torch.cat([prefix, own], 1),
        mask=torch.zeros(seen.shape).masked_fill_(~seen, -torch.inf)[:, None],
        back=own_mask.flatten().nonzero().squeeze(1),
        says=torch.cat(says),
        said=torch.tensor([token for answer in answers for token in answer], dtype=torch.long),
        prefix=of_answers,
        prefix_mask=of_answers_mask,
        last=torch.tensor([starts[n + 1] - 1 for n in which]),
    )


def padded(places: list[Tensor], left: bool = False) -> tuple[Tensor, Tensor]:
    """(R, most), with place 0 where there is none, and where there is one."""
    side = "left" if left else "right"
    whole = pad_sequence(places, batch_first=True, padding_value=-1, padding_side=side)
    return whole.clamp(min=0), whole >= 0
