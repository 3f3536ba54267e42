"""The sampler: each row by its own temperature, top-p and seed."""

import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from sidecar.sampling import Sampling, choose_tokens, sampling_of, tag_request, uniform

LOGITS = torch.tensor([1.0, 3.0, 2.0, -5.0])


def draw(sampling: Sampling, n: int = 4000) -> Counter:
    rows = LOGITS.expand(n, -1)
    draws = [uniform(sampling.seed, position) for position in range(n)]
    return Counter(choose_tokens(rows, [sampling] * n, draws).tolist())


def test_temperature_zero_takes_the_largest_logit_whatever_is_drawn():
    tokens = choose_tokens(LOGITS.expand(3, -1), [Sampling(0.0, 1.0, 1)] * 3, [0.0, 0.5, 0.999999])
    assert tokens.tolist() == [1, 1, 1]


def test_sampled_tokens_follow_the_softmax_at_the_temperature():
    counts = draw(Sampling(0.7, 1.0, 3))
    expected = torch.softmax(LOGITS / 0.7, dim=-1) * 4000
    for token in range(3):
        assert abs(counts[token] - expected[token]) < 4 * expected[token] ** 0.5 + 1


def test_top_p_keeps_the_smallest_set_that_holds_the_mass():
    # softmax(LOGITS) = 0.09, 0.665, 0.245, 0.0002
    assert set(draw(Sampling(1.0, 0.6, 1))) == {1}
    assert set(draw(Sampling(1.0, 0.7, 1))) == {1, 2}
    assert set(draw(Sampling(1.0, 0.95, 1))) == {0, 1, 2}


def test_rows_of_one_batch_do_not_touch_each_other():
    samplings = [Sampling(0.0, 1.0, 1), Sampling(1.0, 1.0, 2), Sampling(0.5, 0.6, 3), Sampling(2.0, 1.0, 4)]
    rows, draws = torch.randn(4, 50), [0.1, 0.4, 0.7, 0.9]
    together = choose_tokens(rows, samplings, draws).tolist()
    alone = [choose_tokens(rows[i : i + 1], samplings[i : i + 1], draws[i : i + 1]).item() for i in range(4)]
    assert together == alone


def test_the_ends_of_the_unit_interval_choose_a_token_that_can_be():
    rows = torch.full((2, 5), float("-inf"))
    rows[:, 2] = 0.0
    assert choose_tokens(rows, [Sampling(1.0, 1.0, 0)] * 2, [0.0, 1 - 2**-53]).tolist() == [2, 2]


def test_draws_depend_on_seed_and_position_alone_and_are_spread_evenly():
    assert uniform(7, 3) == uniform(7, 3)
    assert len({uniform(seed, position) for seed in range(20) for position in range(20)}) == 400
    values = torch.tensor([uniform(1, position) for position in range(5000)])
    assert values.min() >= 0 and values.max() < 1
    assert abs(values.mean() - 0.5) < 0.02


def test_the_sampling_travels_in_the_requests_id():
    tag = tag_request("an#id", {"temperature": 0.6, "top_p": 0.95, "seed": 12})
    assert sampling_of(tag) == Sampling(0.6, 0.95, 12)
    assert sampling_of(tag_request("x", {"seed": 1})) == Sampling(1.0, 1.0, 1)
    assert sampling_of(tag_request("x", {})).seed != sampling_of(tag_request("x", {})).seed


@pytest.mark.parametrize(
    "body",
    [
        {"temperature": -1},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"top_p": 1.5},
        {"temperature": "hot"},
    ],
)
def test_a_sampling_out_of_range_is_refused(body):
    with pytest.raises(ValueError):
        tag_request("x", body)
