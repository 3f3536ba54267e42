"""
GRPO's loss and its variants' in plain torch, as grpo.py's docstring has them, and TRL's beside it: equal in
value and gradient under each of our settings.
"""

from functools import partial

import pytest
import torch
from conftest import question
from grpo import LOSSES
from trainers import assert_close, gradients, inputs_of, lora_policy, trainer_of

TEMPERATURE, BETA, EPSILON, BOUND, MAX_TOKENS = 0.7, 0.1, 0.2, 3.0, 16
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


def loss_of(model, batch, kl_gradient, mode=None, loss="grpo"):
    p, mask = log_probs(model, batch), batch["completion_mask"]
    A = batch["advantages"][:, None]  # (r - mean) / (std + 1e-4) of each answer's group
    ratio = (
        p - batch.get("old_per_token_logps", p.detach())
    ).exp()  # 1 with a gradient, where the answers are the policy's own
    lengths, below, above = mask.sum(1, keepdim=True).clamp(min=1), EPSILON, EPSILON
    if loss == "dapo":
        above = 0.28
    if loss == "gspo":  # of the whole answer: the geometric mean of its tokens'
        log_ratio = (p - batch.get("old_per_token_logps", p.detach())) * mask
        ratio, below, above = (log_ratio.sum(1, keepdim=True) / lengths).exp(), 3e-4, 4e-4
    gain = torch.min(ratio * A, ratio.clamp(1 - below, 1 + above) * A)
    if loss == "cispo":
        gain = ratio.detach().clamp(max=5) * A * p
    if mode is not None:
        gain = gain * vllm_weights(p, batch["sampling_per_token_logps"], mask, mode)
    o_over_p = (batch["ref_per_token_logps"] - p).exp()
    k3 = o_over_p - o_over_p.log() - 1
    if kl_gradient == "unbiased":
        k3 = k3 * ratio
    each = (gain - BETA * k3) * mask  # (B, C)
    if loss == "dr_grpo":
        return -each.sum() / (len(each) * MAX_TOKENS)
    if loss in ("dapo", "cispo"):
        return -each.sum() / mask.sum()
    return -(each / lengths).sum(1).mean()


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


def both(trainer, policy, batch, kl_gradient, mode=None, loss="grpo"):
    """(loss, gradients) of TRL and of `loss_of`."""
    found = []
    for value_of in (
        lambda: trainer._compute_loss(policy, batch),
        lambda: loss_of(policy, batch, kl_gradient, mode, loss),
    ):
        value = value_of()
        value.backward()
        found.append((value.item(), gradients(policy)))
    return found


@pytest.mark.parametrize("kl_gradient", ["paper", "unbiased"])
@pytest.mark.parametrize("old", [None, 0.3])
@pytest.mark.parametrize("on_cores", [False, True])
@pytest.mark.parametrize("loss", LOSSES)
def test_loss_and_gradient_of_the_trainer_are_those_of_the_formulas(
    setting, kl_gradient, old, on_cores, loss
):
    prompts, make = setting
    trainer, policy = make(kl_gradient, on_cores, max_completion_length=MAX_TOKENS, **LOSSES[loss])
    batch = inputs_of(prompts, LENGTHS, partial(log_probs, policy))
    if old is not None:  # answers of an earlier policy, with ratios on both sides of the clip
        batch["old_per_token_logps"] = older(policy, batch, old)
    (trl, trl_gradients), (plain, plain_gradients) = both(trainer, policy, batch, kl_gradient, loss=loss)
    assert trl == pytest.approx(plain, rel=1e-5)
    assert_close(trl_gradients, plain_gradients)
    name = "cispo_clip_ratio" if loss == "cispo" else "clip_ratio/region_mean"
    assert (trainer._metrics["train"][name][-1] > 0) == (old is not None and loss != "cispo")


def older(policy, batch, apart):
    with torch.no_grad():
        return log_probs(policy, batch) + apart * torch.randn_like(batch["ref_per_token_logps"])


def test_a_ratio_above_cispo_s_bound_is_cut_and_still_has_a_gradient(setting):
    prompts, make = setting
    trainer, policy = make("paper", max_completion_length=MAX_TOKENS, **LOSSES["cispo"])
    batch = inputs_of(prompts, LENGTHS, partial(log_probs, policy))
    batch["old_per_token_logps"] = older(policy, batch, 2.0)
    (trl, trl_gradients), (plain, plain_gradients) = both(trainer, policy, batch, "paper", loss="cispo")
    assert trl == pytest.approx(plain, rel=1e-5)
    assert_close(trl_gradients, plain_gradients)
    assert trainer._metrics["train"]["cispo_clip_ratio"][-1] > 0


@pytest.mark.parametrize(("one", "other"), [("grpo", "gspo"), ("dapo", "cispo")])
def test_at_the_first_update_of_a_batch_two_variants_have_one_gradient(setting, one, other):
    prompts, make = setting
    found = []
    for loss in (one, other):
        trainer, policy = make("paper", max_completion_length=MAX_TOKENS, **LOSSES[loss])
        batch = inputs_of(prompts, LENGTHS, partial(log_probs, policy))
        trainer._compute_loss(policy, batch).backward()
        found.append(gradients(policy))
    assert_close(found[0], found[1])


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
