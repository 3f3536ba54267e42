"""
GRPO's loss in plain torch, as grpo.py's docstring has it, and TRL's beside it: equal in value and gradient
under each of our settings.
"""

from functools import partial

import pytest
import torch
from conftest import question
from trainers import assert_close, gradients, inputs_of, lora_policy, trainer_of

TEMPERATURE, BETA, EPSILON, BOUND = 0.7, 0.1, 0.2, 3.0
LENGTHS = [5, 9, 1, 0, 3, 7]  # 0: an answer that was cut and is masked


def log_probs(model, batch):
    """Of each answer's tokens under softmax(logits / temperature), (B, C)."""
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)  # (B, P + C)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    answers = batch["completion_ids"]
    logits = model(input_ids=ids, attention_mask=mask).logits[
        :, -answers.size(1) - 1 : -1
    ]  # the token before says it
    return torch.log_softmax(logits / TEMPERATURE, -1).gather(-1, answers[..., None])[..., 0]


def vllm_weights(p, q, mask, mode):
    """
    How much likelier the policy makes an answer, or each of its tokens, than vLLM did; (B, 1) or (B, C).
    """
    apart = ((p.detach() - q) * mask).nan_to_num(0)
    weights = (apart.sum(1, keepdim=True) if mode.startswith("sequence") else apart).exp()
    return weights.clamp(max=BOUND) if mode.endswith("truncate") else weights * (weights <= BOUND)


def loss_of(model, batch, kl_gradient, mode=None):
    p, mask = log_probs(model, batch), batch["completion_mask"]
    A = batch["advantages"][:, None]  # (r - mean) / (std + 1e-4) of each answer's group
    ratio = (
        p - batch.get("old_per_token_logps", p.detach())
    ).exp()  # 1 with a gradient, where the answers are the policy's own
    gain = torch.min(ratio * A, ratio.clamp(1 - EPSILON, 1 + EPSILON) * A)
    if mode is not None:
        gain = gain * vllm_weights(p, batch["sampling_per_token_logps"], mask, mode)
    o_over_p = (batch["ref_per_token_logps"] - p).exp()
    k3 = o_over_p - o_over_p.log() - 1
    if kl_gradient == "unbiased":
        k3 = k3 * ratio
    each = ((gain - BETA * k3) * mask).sum(1) / mask.sum(1).clamp(min=1)  # (B,)
    return -each.mean()


@pytest.fixture(scope="module")
def setting(base, tmp_path_factory):
    """The tokenizer's prompts and a function from settings to (trainer, its policy)."""
    from sidecar.cpu_grpo import CpuGRPOTrainer
    from transformers import AutoTokenizer
    from trl import GRPOTrainer

    tokenizer, policy = AutoTokenizer.from_pretrained(base, padding_side="left"), lora_policy(base)
    prompts = [tokenizer(f"<|im_start|>user\n{question(i)}")["input_ids"] for i in (1, 2, 3)]

    def make(kl_gradient, on_cores=False, **more):
        trainer = trainer_of(
            CpuGRPOTrainer if on_cores else GRPOTrainer,
            policy,
            tokenizer,
            tmp_path_factory.mktemp("trainer"),
            beta=BETA,
            use_bias_correction_kl=kl_gradient == "unbiased",
            **more,
        )
        trainer.current_gradient_accumulation_steps = 1
        return trainer, trainer.model.train()

    return prompts, make


def both(trainer, policy, batch, kl_gradient, mode=None):
    """(loss, gradients) of TRL and of `loss_of`."""
    found = []
    for loss in (
        lambda: trainer._compute_loss(policy, batch),
        lambda: loss_of(policy, batch, kl_gradient, mode),
    ):
        value = loss()
        value.backward()
        found.append((value.item(), gradients(policy)))
    return found


@pytest.mark.parametrize("kl_gradient", ["paper", "unbiased"])
@pytest.mark.parametrize("old", [None, 0.3])
@pytest.mark.parametrize("on_cores", [False, True])
def test_loss_and_gradient_of_the_trainer_are_those_of_the_formulas(setting, kl_gradient, old, on_cores):
    prompts, make = setting
    trainer, policy = make(kl_gradient, on_cores)
    batch = inputs_of(prompts, LENGTHS, partial(log_probs, policy))
    if old is not None:  # answers of an earlier policy, with ratios on both sides of the clip
        with torch.no_grad():
            batch["old_per_token_logps"] = log_probs(policy, batch) + old * torch.randn_like(
                batch["ref_per_token_logps"]
            )
    (trl, trl_gradients), (plain, plain_gradients) = both(trainer, policy, batch, kl_gradient)
    assert trl == pytest.approx(plain, rel=1e-5)
    assert_close(trl_gradients, plain_gradients)


def test_the_paper_s_kl_and_the_unbiased_one_have_one_value_and_two_gradients(setting):
    prompts, make = setting
    found = []
    for kl_gradient in ("paper", "unbiased"):
        trainer, policy = make(kl_gradient)
        batch = {
            **inputs_of(prompts, LENGTHS, partial(log_probs, policy)),
            "advantages": torch.zeros(len(LENGTHS)),
        }  # the KL alone
        (loss, slopes), _ = both(trainer, policy, batch, kl_gradient)
        found.append((loss, torch.cat([slope.flatten() for slope in slopes.values()])))
    (paper, paper_slope), (unbiased, unbiased_slope) = found
    assert paper == pytest.approx(unbiased, rel=1e-6)
    assert (paper_slope - unbiased_slope).norm() > 0.2 * unbiased_slope.norm()


@pytest.mark.parametrize("mode", ["sequence_mask", "sequence_truncate", "token_mask", "token_truncate"])
def test_the_correction_for_vllm_is_that_of_the_formulas(setting, mode):
    """With the weights that TRL has taken from a pass of its own, of the same policy."""
    prompts, make = setting
    trainer, policy = make("paper")
    batch = inputs_of(prompts, LENGTHS, partial(log_probs, policy), vllm_apart=1.2)
    mask = batch["completion_mask"]
    with torch.no_grad():
        batch["old_per_token_logps"] = p = log_probs(policy, batch)
    batch["sampling_per_token_logps"][0, 1] = float("nan")  # vLLM could not score it
    batch["importance_sampling_ratio"] = weights = vllm_weights(
        p, batch["sampling_per_token_logps"], mask, mode
    )
    assert ((weights == 0) | (weights == BOUND)).any() and ((weights > 0) & (weights < BOUND)).any()
    trainer.use_vllm, trainer.vllm_importance_sampling_correction, trainer.vllm_importance_sampling_mode = (
        True,
        True,
        mode,
    )
    (trl, trl_gradients), (plain, plain_gradients) = both(trainer, policy, batch, "paper", mode)
    assert trl == pytest.approx(plain, rel=1e-5)
    assert_close(trl_gradients, plain_gradients)
