"""
Every request samples by its own temperature, top-p and seed.

transformers' continuous batching takes temperature and the choice between greedy and sampled decoding from
the first request a server sees, and draws from one global generator, so that an answer depends on whatever
else is in the batch. Here the next token is read off the cumulative distribution at a number hashed from
(seed, position): the same request gives the same answer, whoever shares its batch (up to the last bits of the
logits, which depend on the shape of the batch).
"""

from __future__ import annotations

import hashlib
import random
from functools import lru_cache
from typing import NamedTuple

import torch
from transformers.generation.continuous_batching.model_runner import ModelRunner


class Sampling(NamedTuple):
    temperature: float  # 0 is greedy
    top_p: float
    seed: int


def tag_request(request_id: str, body: dict) -> str:
    """
    The request's id with its sampling behind it: the one thing that travels from the request to the batch.
    Defaults are OpenAI's.
    """
    temperature = body.get("temperature")
    top_p = body.get("top_p")
    seed = body.get("seed")
    sampling = Sampling(
        1.0 if temperature is None else float(temperature),
        1.0 if top_p is None else float(top_p),
        random.getrandbits(63) if seed is None else int(seed),
    )
    if not 0 <= sampling.temperature <= 100 or not 0 < sampling.top_p <= 1:
        raise ValueError(
            f"temperature must be in [0, 100] and top_p in (0, 1], got {sampling.temperature} and "
            f"{sampling.top_p}"
        )
    return f"{request_id}#{sampling.temperature!r}#{sampling.top_p!r}#{sampling.seed}"


@lru_cache(maxsize=4096)
def sampling_of(request_id: str) -> Sampling:
    _, temperature, top_p, seed = request_id.rsplit("#", 3)
    return Sampling(float(temperature), float(top_p), int(seed))


def uniform(seed: int, position: int) -> float:
    """A number in [0, 1) that depends on nothing but the two."""
    digest = hashlib.blake2b(f"{seed}/{position}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def choose_tokens(logits: torch.Tensor, samplings: list[Sampling], draws: list[float]) -> torch.Tensor:
    """
    The next token of every row. logits (R, V) float32, one sampling and one draw a row; returns (R,) int64.
    """
    tokens = logits.argmax(dim=-1)  # (R,)
    rows = [i for i, s in enumerate(samplings) if s.temperature > 0]
    if not rows:
        return tokens
    column = {"device": logits.device, "dtype": torch.float64}
    temperature = torch.tensor([samplings[i].temperature for i in rows], **column)[:, None]  # (S, 1)
    probs = torch.softmax(logits[rows].double() / temperature, dim=-1)  # (S, V)
    if any(samplings[i].top_p < 1 for i in rows):
        top_p = torch.tensor([samplings[i].top_p for i in rows], **column)[:, None]
        ranked, order = probs.sort(dim=-1, descending=True)
        # A token stays while those before it hold less than top_p; the first always stays.
        ranked[ranked.cumsum(dim=-1) - ranked >= top_p] = 0
        probs = torch.zeros_like(probs).scatter_(-1, order, ranked)
    cdf = probs.cumsum(dim=-1)  # (S, V)
    target = torch.tensor([draws[i] for i in rows], **column)[:, None] * cdf[:, -1:]
    chosen = torch.searchsorted(cdf, target, right=True).squeeze(-1).clamp_(max=logits.shape[-1] - 1)
    tokens[rows] = chosen
    return tokens


class SeededRunner(ModelRunner):
    """The runner of continuous batching with the sampling of each request instead of the server's."""

    def _sample(self, scores: torch.Tensor, output_ids: torch.Tensor) -> None:
        states = [
            future.state for future in self.inputs_and_outputs.requests_in_batch if future.has_new_token
        ]
        samplings = [sampling_of(state.request_id) for state in states]
        draws = [uniform(s.seed, state.generated_len()) for s, state in zip(samplings, states, strict=True)]
        tokens = choose_tokens(scores[0, : len(states)], samplings, draws)
        output_ids[0, : len(states)].copy_(tokens)
