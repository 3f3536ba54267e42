"""The quick ways of the CPU against the plain ways of transformers and TRL."""

import math

import pytest
import torch
from conftest import question
from sidecar.model import TARGETS
from trainers import assert_close, batch_of, gradients, lora_policy, trainer_of


@pytest.fixture(scope="module")
def policy(base):
    return lora_policy(base)


@pytest.fixture(scope="module")
def tokenizer(base):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base, padding_side="left")


@pytest.fixture(scope="module")
def prompts(tokenizer):
    return [tokenizer(f"<|im_start|>user\n{question(i)}")["input_ids"] for i in (1, 2, 3)]


@pytest.fixture
def rollouts(policy):
    from sidecar.rollout import Rollouts

    rollouts = Rollouts(policy)
    rollouts.refresh(policy)
    return rollouts


def test_the_folded_copy_gives_the_logits_of_the_policy(policy, rollouts, prompts):
    ids = torch.tensor([prompts[0]])
    assert torch.allclose(rollouts.model(ids).logits, policy(ids).logits, atol=1e-4)


def test_refreshing_follows_a_policy_that_has_learned_and_leaves_it_as_it_is(policy, rollouts, prompts):
    ids = torch.tensor([prompts[0]])
    weight = policy.get_base_model().model.layers[0].mlp.down_proj.lora_B["default"].weight
    before = policy(ids).logits.detach().clone()
    with torch.no_grad():
        weight += 0.1
    assert not torch.allclose(rollouts.model(ids).logits, policy(ids).logits, atol=1e-2)
    rollouts.refresh(policy)
    assert torch.allclose(rollouts.model(ids).logits, policy(ids).logits, atol=1e-4)
    with torch.no_grad():
        weight -= 0.1
    assert torch.allclose(policy(ids).logits, before, atol=1e-4)


def test_greedy_answers_are_those_of_generate_in_the_order_of_the_prompts(
    policy, rollouts, prompts, tokenizer
):
    asked = [prompts[i] for i in (2, 0, 1, 0, 2)]
    # An end that comes at different times, so that answers leave the batch one after the other.
    plain = [
        policy.generate(
            torch.tensor([p]), max_new_tokens=24, do_sample=False, eos_token_id=None, pad_token_id=0
        )[0, len(p) :].tolist()
        for p in asked
    ]
    ends = [plain[0][5], plain[1][9]]
    expected = [
        next((answer[: i + 1] for i, token in enumerate(answer) if token in ends), answer) for answer in plain
    ]
    assert len({len(answer) for answer in expected}) > 1
    assert rollouts.sample(asked, 24, 0.0, ends, tokenizer.pad_token_id) == expected


@pytest.mark.parametrize("most", [1, 2, 7])
def test_no_answer_is_longer_than_allowed(rollouts, prompts, most):
    assert {len(answer) for answer in rollouts.sample(prompts, most, 1.0, [-1], 0)} == {most}


def test_tokens_are_drawn_in_proportion_to_their_probability():
    from sidecar.rollout import draw

    torch.manual_seed(0)
    logits = torch.tensor([[0.0, 1.0, 2.0, -math.inf]])
    for temperature in (0.7, 1.5):
        drawn = draw(logits.expand(20_000, 4), temperature)
        share = drawn.bincount(minlength=4) / 20_000
        # 4 standard deviations of a share near 1/2 in 20,000 draws
        assert torch.allclose(
            share, torch.softmax(logits[0] / temperature, -1), atol=4 * math.sqrt(0.25 / 20_000)
        )
        assert share[3] == 0


def test_the_first_tokens_of_many_answers_follow_the_policy(policy, rollouts, prompts, tokenizer):
    torch.manual_seed(0)
    first = torch.tensor([answer[0] for answer in rollouts.sample([prompts[1]] * 4000, 1, 0.7, [-1], 0)])
    expected = torch.softmax(policy(torch.tensor([prompts[1]])).logits[0, -1] / 0.7, -1)
    likeliest = expected.argmax()
    assert (first == likeliest).float().mean() == pytest.approx(
        expected[likeliest].item(), abs=4 * math.sqrt(0.25 / 4000)
    )


@pytest.fixture(scope="module")
def trainer(policy, tokenizer, tmp_path_factory):
    from sidecar.cpu_grpo import CpuGRPOTrainer

    return trainer_of(CpuGRPOTrainer, policy, tokenizer, tmp_path_factory.mktemp("trainer"))


def slopes(model, logps, mask):
    """Gradients of a sum in which each row has another weight."""
    model.zero_grad()
    (logps * mask * torch.linspace(-1, 1, len(logps))[:, None]).sum().backward()
    return gradients(model)


@pytest.mark.parametrize("lengths", [[5, 9, 1, 9, 3, 7, 2], [4, 0, 6, 0], [1, 1], list(range(1, 21))])
def test_log_probabilities_entropies_and_gradients_are_those_of_trl(trainer, prompts, lengths):
    from trl import GRPOTrainer

    ids, mask, most = batch_of(prompts, lengths)
    answer_mask = mask[:, -most:]
    plain = GRPOTrainer._get_per_token_logps_and_entropies(
        trainer, trainer.model, ids, mask, most, compute_entropy=True
    )
    plain_gradients = slopes(trainer.model, plain[0], answer_mask)
    quick = trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, most, compute_entropy=True)
    quick_gradients = slopes(trainer.model, quick[0], answer_mask)
    assert torch.allclose(quick[0], plain[0] * answer_mask, atol=1e-4)
    assert torch.allclose(quick[1], plain[1] * answer_mask, atol=1e-4)
    assert len(quick_gradients) == len(plain_gradients) == 2 * 2 * len(TARGETS)
    assert_close(quick_gradients, plain_gradients)


def test_a_batch_of_masked_answers_only_has_a_gradient_of_zero(trainer, prompts):
    ids, mask, most = batch_of(prompts, [0, 0, 0])
    logps, _, _ = trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, most)
    assert all((g == 0).all() for g in slopes(trainer.model, logps, mask[:, -most:]).values())


def test_the_reference_is_scored_with_its_own_adapter(trainer, prompts):
    from trl.trainer.utils import use_adapter

    ids, mask, most = batch_of(prompts, [6, 3])
    policy = trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, most)[0]
    with torch.no_grad():
        weight = trainer.model.get_base_model().model.layers[0].mlp.down_proj.lora_B["default"].weight
        weight += 0.1
    with use_adapter(trainer.model, adapter_name="ref"):
        reference = trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, most)[0]
    moved = trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, most)[0]
    with torch.no_grad():
        weight -= 0.1
    assert torch.allclose(policy, reference, atol=1e-4)
    assert not torch.allclose(moved, reference, atol=1e-2)
