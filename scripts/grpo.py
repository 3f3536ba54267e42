"""
Group relative policy optimisation: the model answers each question several times and learns from its better
answers. Stage 5.

    python scripts/grpo.py reports/runs/grpo-…/run.json

Differs from Fin-R1 (arXiv 2503.16252): a LoRA adapter instead of all weights; the reward's weights are the
config's, where Fin-R1 adds format and accuracy unweighted; the standard deviation of a group divides by G - 1
(TRL), where Fin-R1's divides by G.

For each token t of an answer's n, with r the answer's reward, p the policy, q the policy that answered and o
the one that the run started from:

    A     = (r - mean) / (std + 1e-4)            over the answers to one question   scale_rewards="group"
    ratio = p(t) / q(t)                          1 at the first update of a batch   num_iterations
    gain  = min(ratio A, clip(ratio, 1 ± 0.2) A)                                    epsilon
    k3    = o(t)/p(t) - log(o(t)/p(t)) - 1       times ratio where "unbiased"       use_bias_correction_kl
    mask  = 0 for an answer that was cut, else 1                                    mask_truncated_completions
    loss  = mean over answers of 1/n sum over t of -mask (gain - beta k3)           loss_type="grpo", beta

GRPO as published (arXiv 2402.03300) needs three settings that TRL has otherwise by default: loss_type, beta
and use_bias_correction_kl (grpo.klGradient "paper"). "unbiased" multiplies k3 by the ratio, which is 1 and
has a gradient: the whole is then the gradient of the KL itself, -log(o/p) for each token, where the paper's
is 1 - o/p (arXiv 2512.02556); the two differ as far as policy and start do.

grpo.loss names the published variants, each by what it has otherwise; N answers, T tokens of all of them:

    dr_grpo  A = r - mean; 1/(N grpo.maxTokens) in place of 1/(N n)             arXiv 2503.20783
    dapo     ratio up to 1.28 ("clip higher"); 1/T in place of 1/(N n)          arXiv 2503.14476
    gspo     ratio of the whole answer, (p/q)^(1/n), in 1 - 3e-4 … 1 + 4e-4     arXiv 2507.18071
    cispo    gain = min(ratio, 5) A log p(t), the ratio without a gradient; 1/T arXiv 2510.13786

grpo.updatesPerBatch learns from the same answers several times: from the second update on the ratio is not 1,
and these bounds act. With one, the gain of gspo has the gradient of grpo's, that of cispo of dapo's; gspo's
"unbiased" KL is weighted by the ratio of the whole answer. dapo's other parts are settings of their own:
dropDeadGroups, maskTruncated, beta 0.

Where vLLM answers, q is vLLM's, whose rounding is another. gpu.vllmCorrection multiplies `gain` by p/q of the
whole answer or of each token (vllmCorrectionMode); above vllmCorrectionMax the weight is set to the bound
(truncate) or to 0 (mask: then only the KL is learned from it; the share is logged as sampling/above_max).
Everything is under softmax(logits / temperature), as the answers were drawn.

The reward is lib's TypeScript scorer in a Node process of ours. The KL is to the policy the run starts from:
the SFT adapter, or the Base when grpo.startFromSft is false. With grpo.maskTruncated, answers cut at
grpo.maxTokens count in their group's mean but are not trained on. What the steps of grpo.inspectSteps did to
every token is kept beside the events (sidecar/inspect_step.py). Every grpo.probeSteps the policy answers
questions that it does not learn from (sidecar/probe.py).
"""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from sidecar.batch import in_passes
from sidecar.reward import paid_by
from sidecar.stage import run_stage

if TYPE_CHECKING:
    from sidecar.batch import Batch
    from sidecar.events import EventLog
    from sidecar.reward import RewardProcess
    from sidecar.runfile import RunFile
    from trl import GRPOConfig


# Each grpo.loss in TRL's words, with the papers' bounds: GSPO's ratio is a mean over the answer and moves
# little; CISPO's epsilon_high is the upper bound of the ratio itself (ScaleRL).
LOSSES: dict[str, dict[str, Any]] = {
    "grpo": {"loss_type": "grpo"},
    "dr_grpo": {"loss_type": "dr_grpo"},
    "dapo": {"loss_type": "dapo", "epsilon_high": 0.28},
    "gspo": {
        "loss_type": "grpo",
        "importance_sampling_level": "sequence",
        "epsilon": 3e-4,
        "epsilon_high": 4e-4,
    },
    "cispo": {"loss_type": "cispo", "epsilon_high": 5.0},
}


def main(run: RunFile, events: EventLog) -> None:
    with paid_by(run) as reward:
        in_passes(run, events, partial(train, run, events, reward), leave=reward.close)


def train(run: RunFile, events: EventLog, reward: RewardProcess, batch: Batch, fill: bool) -> None:
    """Data, plan, model, trainer, training."""
    # Not at the top: these take seconds, and read the environment that the run file decides.
    from sidecar.grpo_plan import plan_of
    from sidecar.loop import train_and_save
    from sidecar.model import load_policy
    from sidecar.probe import probe_of
    from sidecar.rows import questions_of
    from sidecar.watch_grpo import GrpoWatch

    questions = questions_of(run)
    plan = plan_of(run, batch, fill, questions)
    with plan.passes():
        policy, before = load_policy(run, plan.device, plan.kernel)
        watch = GrpoWatch(run, events, questions.epochs)
        watch.trainer = plan.build(
            model=policy,
            processing_class=questions.tokenizer,
            train_dataset=questions.data,
            reward_funcs=[reward.total],
            callbacks=[*watch.callbacks(), *probe_of(watch, reward, questions.tokenizer)],
            args=grpo_config(run, **plan.arguments),
        )
        train_and_save(watch.trainer, run, before, events, autocast_alone=plan.by_vllm)


def grpo_config(run: RunFile, **machine: object) -> GRPOConfig:
    """GRPO as published, in TRL's words. `machine`: what decides where and how fast, not what is learned."""
    from trl import GRPOConfig

    settings = run.config.grpo
    return GRPOConfig(
        **LOSSES[settings.loss],
        scale_rewards="group" if settings.scale_rewards else "none",
        beta=settings.beta,
        use_bias_correction_kl={"paper": False, "unbiased": True}[settings.kl_gradient],
        reward_weights=[1.0],  # one function, whose total the TypeScript reward has weighted
        num_iterations=settings.updates_per_batch,
        num_generations=settings.group_size,
        temperature=settings.temperature,
        top_p=1.0,
        top_k=0,
        max_completion_length=settings.max_tokens,
        mask_truncated_completions=settings.mask_truncated,
        disable_dropout=True,  # with dropout the trained policy would not be the one that answered
        shuffle_dataset=False,
        lr_scheduler_type={"constant": "constant_with_warmup", "linear": "linear"}[settings.schedule],
        **machine,
    )


if __name__ == "__main__":
    sys.exit(run_stage("grpo", main))
