"""
Group relative policy optimisation: the model answers each question several times and learns from its better answers. Stage 5.

    python scripts/grpo.py reports/runs/grpo-…/run.json

Differs from Fin-R1 (arXiv 2503.16252): a LoRA adapter instead of all weights; the reward's weights are the
config's, where Fin-R1 adds format and accuracy unweighted; the standard deviation of a group divides by G - 1
(TRL), where Fin-R1's divides by G.

With A the advantage (r - mean) / (std + 1e-4) of an answer in its group (scale_rewards="group"), p the policy,
q the policy that answered, o the one the run started from, for each token t of the n tokens of an answer:

    ratio = p(t) / q(t)              1, as each batch of answers is learned from once (num_iterations=1)
    gain  = min(ratio A, clip(ratio, 1 ± 0.2) A)                                                  (epsilon)
    k3    = o(t) / p(t) - log(o(t) / p(t)) - 1             times ratio with use_bias_correction_kl   (beta)
    loss  = mean over the answers of 1/n sum over t of -(gain - beta k3)                (loss_type="grpo")

GRPO as published (arXiv 2402.03300) needs three settings that TRL has otherwise by default: loss_type, beta
and use_bias_correction_kl (grpo.klGradient "paper"). "unbiased" multiplies k3 by the ratio, which is 1 and has
a gradient: the whole is then the gradient of the KL itself, -log(o/p) for each token, where the paper's is
1 - o/p (arXiv 2512.02556); the two differ as far as policy and start do.

Where vLLM answers, q is vLLM's, whose rounding is another. gpu.vllmCorrection multiplies `gain` by p/q of the
whole answer or of each token (vllmCorrectionMode); above vllmCorrectionMax the weight is set to the bound
(truncate) or to 0 (mask: then only the KL is learned from it; the share is logged as sampling/above_max).
Everything is under softmax(logits / temperature), as the answers were drawn.

The reward is lib's TypeScript scorer in a Node process of ours. The KL is to the policy the run starts from:
the SFT adapter, or the Base when grpo.startFromSft is false. With grpo.maskTruncated, answers cut at
grpo.maxTokens count in their group's mean but are not trained on.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.batch import Batch, filled, with_smaller_batch
from sidecar.colocate import keep_base_whole, limit_cache, meet_alone, no_room, seed_sampler, vllm_arguments
from sidecar.events import EventLog
from sidecar.failure import Failure
from sidecar.order import epochs_in_order
from sidecar.ranks import processes
from sidecar.reward import RewardProcess
from sidecar.rows import assert_answer_is_whole, messages, read_rows
from sidecar.runfile import Grpo, RunFile
from sidecar.speed import said, spare_casts, speed_of
from sidecar.stage import run_stage

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def main(run: RunFile, events: EventLog) -> None:
    if run.reward is None:
        raise Failure("bad_run_file", "run.json: reward: GRPO needs one")
    settings = run.config.grpo
    if settings.start_from_sft != (run.models.adapter is not None):
        raise Failure("bad_run_file", "run.json: models.adapter: expected an adapter exactly when config.grpo.startFromSft is true")
    answers = settings.prompts_per_step * settings.group_size
    accumulation, rest = divmod(answers, settings.micro_batch * processes())
    if rest:
        raise Failure("bad_run_file", f"grpo.microBatch: {settings.micro_batch} × {processes()} processes must divide promptsPerStep × groupSize = {answers}")
    process = RewardProcess(run.reward.command)
    try:
        by_vllm = run.config.profile != "tiny" and run.config.gpu.vllm
        with_smaller_batch(Batch(settings.micro_batch, accumulation), events, Path(run.run_dir), lambda batch: train(run, events, batch, process), process.close if by_vllm else None)
    except (RuntimeError, ValueError) as error:
        raise no_room(error) or error from error
    finally:
        process.close()


def train(run: RunFile, events: EventLog, batch: Batch, process: RewardProcess) -> None:
    # Not at the top: these take seconds, and read the environment that the run file decides.
    from datasets import Dataset
    from transformers import set_seed
    from trl import GRPOConfig

    from sidecar.flash import use_kernel
    from sidecar.loop import loop_arguments, train_and_save
    from sidecar.model import device_of, load_base, load_tokenizer, new_adapter, trainable_weights, trained_adapter
    from sidecar.track_grpo import answer_tables
    from sidecar.watch_grpo import GrpoWatch, reward_function

    config, settings = run.config, run.config.grpo

    # Data
    device = device_of(run)
    rows = read_rows(run.input("train").path, ["id", "prompt", "gold_answer"])
    steps = steps_of(len(rows), settings)
    order = epochs_in_order(len(rows), settings.epochs, config.seed)[: steps * settings.prompts_per_step]
    data = Dataset.from_list(
        [{"id": r["id"], "question": r["prompt"], "gold": r["gold_answer"], "prompt": messages(config.prompt.system, r["prompt"])} for r in (rows[i] for i in order)]
    )
    print(f"{steps} steps × {settings.prompts_per_step} questions × {settings.group_size} answers = {len(order) * settings.group_size} answers")

    # Model
    speed = speed_of(run, device)
    tokenizer = load_tokenizer(run)
    prompt = 0
    assert_answer_is_whole(tokenizer, data["prompt"][0])
    room = batch.micro * (config.prepare.max_prompt_tokens + settings.max_tokens)  # tokens a pass, for which memory was planned
    if device != "cpu":
        prompt = longest_prompt(tokenizer, data["prompt"])
    if speed.kernel:
        print(f"passes of at most {room} tokens, without padding")
        batch = Batch(batch.effective, 1)  # the trainer cuts it by tokens
    elif device != "cpu":
        batch = filled(batch, lambda micro: micro * (prompt + settings.max_tokens), room)
    vllm = vllm_arguments(run, device, prompt)
    speed.say()
    print(said("vLLM for the answers, in this process", vllm["use_vllm"], "gpu.vllm" if device != "cpu" else "a GPU only"))
    set_seed(config.seed)
    base = load_base(run, device)
    if speed.kernel:
        use_kernel(base, speed.kernel)
    if settings.start_from_sft:
        model = trained_adapter(base, run)  # has the rank that SFT gave it
    else:
        model = new_adapter(base, settings.lora_rank, settings.lora_alpha, dropout=0.0)
    if vllm["use_vllm"]:
        spare_casts(model)  # the model's own generate runs outside autocast and needs them
    before = trainable_weights(model)

    # Trainer
    if speed.kernel:
        from sidecar.packed_grpo import PackedGRPOTrainer

        trainer_class = partial(PackedGRPOTrainer, room=room, share=speed.prefixes)
    elif device == "cpu" and not settings.gradient_checkpointing and not config.models.load_in_4bit:
        from sidecar.cpu_grpo import CpuGRPOTrainer as trainer_class
    else:
        from sidecar.phases import TimedGRPOTrainer as trainer_class
    if vllm["use_vllm"]:
        meet_alone()
        limit_cache(base, batch.effective, vllm["vllm_max_model_length"], config.gpu.vllm_memory_share)
    watch = GrpoWatch(events, len(order) / len(rows), settings.group_size, settings.sample_every)
    trainer = watch.trainer = trainer_class(
        model=model,
        processing_class=tokenizer,
        train_dataset=data,
        reward_funcs=[reward_function(process)],
        callbacks=[watch, *answer_tables(run, watch)],
        args=GRPOConfig(
            # GRPO as published
            loss_type="grpo",
            scale_rewards="group" if settings.scale_rewards else "none",
            beta=settings.beta,
            **kl_arguments(settings.kl_gradient),
            reward_weights=[1.0],  # one function, whose total the TypeScript reward has weighted
            num_iterations=1,  # one update a batch of answers: the sampling policy is the trained one, no second pass for its log-probs
            num_generations=settings.group_size,
            temperature=settings.temperature,
            top_p=1.0,
            top_k=0,
            max_completion_length=settings.max_tokens,
            mask_truncated_completions=settings.mask_truncated,
            disable_dropout=True,  # with dropout the trained policy would not be the one that answered
            # the loop
            shuffle_dataset=False,
            lr_scheduler_type="constant_with_warmup",
            **vllm,
            **loop_arguments(run, settings, batch, steps, device, speed),
        ),
    )
    if vllm["use_vllm"]:
        keep_base_whole(trainer)
        seed_sampler(config.seed)
    train_and_save(trainer, run, before, events)


def kl_arguments(gradient: str) -> dict[str, bool]:
    """TRL's name for grpo.klGradient."""
    return {"use_bias_correction_kl": {"paper": False, "unbiased": True}[gradient]}


def longest_prompt(tokenizer: PreTrainedTokenizerBase, prompts: list) -> int:
    """Tokens of the longest prompt in the chat template."""
    return max(len(ids) for ids in tokenizer.apply_chat_template(list(prompts), add_generation_prompt=True, return_dict=True)["input_ids"])


def steps_of(rows: int, settings: Grpo) -> int:
    """Optimizer steps: whole batches of questions in `epochs` passes, at most maxSteps. Raises Failure when not one is full."""
    full = round(rows * settings.epochs) // settings.prompts_per_step
    if full == 0:
        raise Failure(
            "no_rows", f"{rows} questions × {settings.epochs:g} epochs do not fill one step of grpo.promptsPerStep = {settings.prompts_per_step} questions"
        )
    return min(settings.max_steps, full)


if __name__ == "__main__":
    sys.exit(run_stage("grpo", main))
