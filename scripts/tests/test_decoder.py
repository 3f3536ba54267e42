"""The quick ways of the CPU against the plain ways of transformers and TRL."""

import math
from types import SimpleNamespace

import pytest
import torch
from sidecar.model import TARGETS
from trainers import assert_close, batch_of, gradients, lora_policy, trainer_of
from trl.trainer.utils import use_adapter


@pytest.fixture(scope="module")
def policy(base):
    return lora_policy(base)


@pytest.fixture
def answering(policy):
    from sidecar.decoder import Decoder

    return Decoder(policy, "default")


def log_probs_of(decoder, prompts, answers):
    from sidecar.shared_prompts import rows_of

    return decoder.log_probs(rows_of(prompts, answers), 1.0)[0]


def plain_log_probs(model, prompts, answers):
    """One row at a time, by transformers and PEFT."""
    found = []
    for prompt, answer in zip(prompts, answers, strict=True):
        logs = model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        found.append(logs.gather(-1, torch.tensor(answer)[:, None]).squeeze(-1))
    return torch.cat(found)


def test_the_folded_copy_scores_as_the_policy_does(policy, answering, prompts):
    answers = [[7, 8, 9], [10], [11, 12]]
    assert torch.allclose(
        log_probs_of(answering, prompts, answers), plain_log_probs(policy, prompts, answers), atol=1e-4
    )


def test_without_an_adapter_it_is_the_base(policy, prompts):
    from sidecar.decoder import Decoder

    answers = [[7, 8, 9], [10], [11, 12]]
    with policy.disable_adapter():
        plain = plain_log_probs(policy, prompts, answers)
    assert torch.allclose(log_probs_of(Decoder(policy, None), prompts, answers), plain, atol=1e-4)
    assert not torch.allclose(plain_log_probs(policy, prompts, answers), plain, atol=1e-2)


def test_a_llama_whose_heads_share_no_keys_and_whose_head_is_its_own_is_read_too(prompts):
    from peft import LoraConfig, get_peft_model
    from sidecar.decoder import Decoder, is_plain
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "vocab_size": 320}
    base = LlamaForCausalLM(LlamaConfig(**shape, num_attention_heads=4, tie_word_embeddings=False))
    model = get_peft_model(base, LoraConfig(r=2, target_modules=["q_proj", "up_proj"], task_type="CAUSAL_LM"))
    for name, weight in model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(weight, std=0.2)
    assert is_plain(base)
    answers, plain = [[7, 8, 9], [10], [11, 12]], []
    for decoder in (Decoder(model, "default"), Decoder(model, "default", trained=True)):
        model.zero_grad()
        plain = plain_log_probs(model, prompts, answers)
        assert torch.allclose(log_probs_of(decoder, prompts, answers), plain, atol=1e-4)
    plain.sum().backward()
    expected = gradients(model)
    log_probs_of(decoder, prompts, answers).sum().backward()
    assert_close(gradients(model), expected)


def test_refreshing_follows_a_policy_that_has_learned_and_leaves_it_as_it_is(policy, answering, prompts):
    answers = [[7, 8, 9], [10], [11, 12]]
    weight = policy.get_base_model().model.layers[0].mlp.down_proj.lora_B["default"].weight
    before = plain_log_probs(policy, prompts, answers).detach()
    with torch.no_grad():
        weight += 0.1
    moved = plain_log_probs(policy, prompts, answers)
    assert not torch.allclose(log_probs_of(answering, prompts, answers), moved, atol=1e-2)
    answering.refresh()
    assert torch.allclose(log_probs_of(answering, prompts, answers), moved, atol=1e-4)
    with torch.no_grad():
        weight -= 0.1
    assert torch.allclose(plain_log_probs(policy, prompts, answers), before, atol=1e-4)


def test_greedy_answers_are_those_of_generate_in_the_order_of_the_prompts(policy, answering, prompts):
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
    assert answering.sample(asked, torch.zeros(5, 24), 0.0, ends) == expected


def test_an_answer_depends_on_its_own_random_numbers_alone(answering, prompts):
    asked = [prompts[i] for i in (2, 0, 1, 0, 2)]
    draws = torch.rand(5, 12, generator=torch.Generator().manual_seed(1))
    together = answering.sample(asked, draws, 1.0, [-1])
    apart = [answering.sample([prompt], draws[i : i + 1], 1.0, [-1])[0] for i, prompt in enumerate(asked)]
    assert together == apart
    assert together[1] != together[3]  # of one prompt


@pytest.mark.parametrize("most", [1, 2, 7])
def test_no_answer_is_longer_than_allowed(answering, prompts, most):
    answers = answering.sample(prompts, torch.rand(3, most), 1.0, [-1])
    assert {len(answer) for answer in answers} == {most}


def test_tokens_are_drawn_in_proportion_to_their_probability():
    from sidecar.decoder import draw

    torch.manual_seed(0)
    logits = torch.tensor([[0.0, 1.0, 2.0, -math.inf]])
    for temperature in (0.7, 1.5):
        drawn = draw(logits.expand(20_000, 4), temperature, torch.rand(20_000))
        share = drawn.bincount(minlength=4) / 20_000
        # 4 standard deviations of a share near 1/2 in 20,000 draws
        assert torch.allclose(
            share, torch.softmax(logits[0] / temperature, -1), atol=4 * math.sqrt(0.25 / 20_000)
        )
        assert share[3] == 0


def test_the_first_tokens_of_many_answers_follow_the_policy(policy, answering, prompts):
    draws = torch.rand(4000, 1, generator=torch.Generator().manual_seed(0))
    first = torch.tensor([answer[0] for answer in answering.sample([prompts[1]] * 4000, draws, 0.7, [-1])])
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
    ids, mask, most = batch_of(prompts, [6, 3])
    score = trainer._get_per_token_logps_and_entropies
    policy = score(trainer.model, ids, mask, most)[0]
    weight = trainer.model.get_base_model().model.layers[0].mlp.down_proj.lora_B["default"].weight
    its_own = "ref" if "ref" in trainer.model.peft_config else None
    with torch.no_grad():
        weight += 0.1
        with use_adapter(trainer.model, its_own):  # as TRL asks the reference
            reference = score(trainer.model, ids, mask, most)[0]
        moved = score(trainer.model, ids, mask, most)[0]
        weight -= 0.1
    assert torch.allclose(policy, reference, atol=1e-4)
    assert not torch.allclose(moved, reference, atol=1e-2)  # without gradients, too: a policy that answered


def test_a_step_of_two_processes_asks_with_the_random_numbers_of_one(trainer, monkeypatch):
    whole, shares = trainer.draws(6), []
    for index in (0, 1):
        accelerator = SimpleNamespace(process_index=index, num_processes=2)
        monkeypatch.setattr(trainer, "accelerator", accelerator)
        shares.append(trainer.draws(3))
    monkeypatch.undo()
    assert torch.cat(shares).equal(whole)
    for place, name in ((trainer.state, "global_step"), (trainer.args, "seed")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, 1)
            assert not trainer.draws(6).equal(whole), name
