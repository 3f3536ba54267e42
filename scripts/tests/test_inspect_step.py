import json
import math
import statistics
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from conftest import RL_ROWS
from sidecar import flash
from sidecar.inspect_step import ROW, StepInspector
from sidecar.packed_grpo import PackedGRPOTrainer
from sidecar.phases import TimedGRPOTrainer
from trainers import inputs_of, lora_policy, trainer_of

# Letters, so that a random model's answers differ in reward.
VOWELS = (
    "(row) => ({ vowels: (row.completion.match(/[aeiou]/g) ?? []).length / 16, "
    "brevity: 1 - row.tokens / 16 })"
)
GRPO = {"maxSteps": 3, "sampleEvery": 1, "beta": 0.5, "maskTruncated": False, "microBatch": 8}
MEASURED = ("before", "after", "reference", "slope")


def steps_of(run):
    return {file.name: json.loads(file.read_text()) for file in sorted((run.folder / "steps").glob("*"))}


def answers_of(step):
    return [answer for question in step["questions"] for answer in question["answers"]]


def learned(run):
    """Of every step what training came to, without what depends on the clock and the machine's memory."""
    machine = ("seconds", "step_time", "tokensPerSecond", "memoryMiB")
    return [
        {name: value for name, value in event["metrics"].items() if not name.startswith(machine)}
        for event in run.events("step")
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"klGradient": "paper"},
        {"klGradient": "unbiased", "microBatch": 4},  # two passes a step
        {"maskTruncated": True},
    ],
)
def test_a_run_that_is_looked_into_learns_what_another_learns_and_writes_what_each_token_had(
    stage, reward_module, sft_adapter, settings
):
    reward = reward_module(VOWELS)
    seen, blind = (
        stage(
            "grpo",
            RL_ROWS,
            folder=name,
            adapter=sft_adapter,
            reward=reward,
            grpo={**GRPO, **settings, "inspectSteps": steps},
        )
        for name, steps in (("seen", [2, -1, 40]), ("blind", []))
    )
    assert seen.run() == 0, seen.log()
    assert blind.run() == 0, blind.log()
    assert learned(seen) == learned(blind)
    ours, theirs = seen.adapter(), blind.adapter()
    assert all(ours[name].equal(theirs[name]) for name in ours)
    assert not (blind.folder / "steps").exists()

    steps = steps_of(seen)
    assert list(steps) == ["0002.json", "0003.json"]
    for step, samples, metrics in zip(
        steps.values(), seen.events("samples")[1:], learned(seen)[1:], strict=True
    ):
        assert [len(question["answers"]) for question in step["questions"]] == [4, 4]
        for answer, sample in zip(answers_of(step), samples["samples"], strict=True):
            check_answer(answer, sample, step)
        assert step["learningRate"] > 0
        assert 0 < step["seconds"] < 30
        if "microBatch" not in settings:  # of several passes TRL logs the mean of their means
            check_kl(step, metrics)


def check_answer(answer, sample, step):
    assert (answer["reward"], answer["rewards"]) == (sample["reward"], sample["rewards"])
    assert answer["advantage"] == sample["advantage"]
    assert len(answer["ids"]) == len(answer["texts"]) == sample["tokens"]
    ends = [i for i, text in enumerate(answer["texts"]) if text in ("<|im_end|>", "<|endoftext|>")]
    assert set(ends) <= set(answer["special"])
    plain = "".join(text for i, text in enumerate(answer["texts"]) if i not in answer["special"])
    assert (
        plain.strip() == sample["completion"].replace("\ufffd", "").strip()
        or "\ufffd" in sample["completion"]
    )
    assert answer["sampled"] is None and answer["weight"] is None  # the trainer answered itself
    if answer["before"] is None:
        assert sample["tokens"] == 16 and not ends  # cut, and masked
        return
    assert {len(answer[name]) for name in MEASURED} == {sample["tokens"]}
    for before, reference, slope in zip(answer["before"], answer["reference"], answer["slope"], strict=True):
        # The derivative of grpo.py's loss at ratio 1 (no answer is clipped there), written out by hand
        apart = reference - before
        kl = 1 - math.exp(apart) if step["klGradient"] == "paper" else -apart
        expected = -(answer["advantage"] - step["beta"] * kl) / len(answer["ids"]) / len(answers_of(step))
        assert slope == pytest.approx(expected, rel=1e-3, abs=1e-6)


def check_kl(step, metrics):
    """k3 over the tokens of the file is the KL that the trainer logged."""
    tokens = [
        math.exp(o - p) - (o - p) - 1
        for answer in answers_of(step)
        if answer["before"]
        for p, o in zip(answer["before"], answer["reference"], strict=True)
    ]
    assert statistics.mean(tokens) == pytest.approx(metrics["kl"], rel=1e-3, abs=1e-6)


def test_a_step_moves_the_tokens_of_better_answers_up_and_those_of_worse_ones_down(
    stage, reward_module, sft_adapter
):
    grpo = stage(
        "grpo",
        RL_ROWS,
        adapter=sft_adapter,
        reward=reward_module(VOWELS),
        grpo={**GRPO, "beta": 0.0, "maxSteps": 1, "warmupShare": 0, "inspectSteps": [-1]},
    )
    assert grpo.run() == 0, grpo.log()
    (step,) = steps_of(grpo).values()
    moved = [
        (answer["advantage"], sum(answer["after"]) - sum(answer["before"]))
        for answer in answers_of(step)
        if answer["advantage"] != 0
    ]
    # To first order the objective, the sum of advantage × movement, can only rise.
    assert sum(advantage * by for advantage, by in moved) > 0
    assert all(answer["reference"] is None for answer in answers_of(step))


def test_a_step_that_learns_nothing_moves_nothing(stage, reward_module, sft_adapter):
    """The first step of a warm-up has a learning rate of 0: before and after are the same numbers."""
    grpo = stage(
        "grpo",
        RL_ROWS,
        adapter=sft_adapter,
        reward=reward_module(VOWELS),
        grpo={**GRPO, "warmupShare": 0.5, "inspectSteps": [1]},
    )
    assert grpo.run() == 0, grpo.log()
    (step,) = steps_of(grpo).values()
    assert step["learningRate"] == 0
    for answer in answers_of(step):
        assert answer["after"] == pytest.approx(answer["before"], abs=1e-6)


@pytest.mark.parametrize("packed", [True, False])
def test_where_vllm_answered_its_weights_are_kept_with_the_slopes_that_they_made(
    base, tokenizer, prompts, tmp_path, packed
):
    """On a CPU, plain attention in the kernel's place; 60 tokens a pass make several if rows are packed."""
    kind = partial(PackedGRPOTrainer, room=60, share=True) if packed else TimedGRPOTrainer
    trainer = trainer_of(
        kind,
        lora_policy(base),
        tokenizer,
        tmp_path,
        per_device_train_batch_size=8,
        gradient_accumulation_steps=1,
    )
    trainer.current_gradient_accumulation_steps = 1
    trainer.model.train()
    if packed:
        flash.use_kernel(trainer.model.get_base_model(), flash.one_by_one)
    lengths = [5, 9, 1, 0, 3, 7, 4, 8]
    batch = inputs_of(prompts, lengths, trainer.policy_log_probs, vllm_apart=0.3)
    batch["sampling_per_token_logps"][1, 2] = float("nan")  # vLLM could not score it
    before = trainer.policy_log_probs(batch)
    weights = torch.nan_to_num((before - batch["sampling_per_token_logps"]) * batch["completion_mask"]).exp()
    weights = weights.clamp(max=1.2)
    trainer.use_vllm, trainer.vllm_importance_sampling_mode = True, "token_truncate"
    trainer.vllm_importance_sampling_clip_max = 1.2
    if packed:
        trainer.corrects = True
    else:
        trainer.vllm_importance_sampling_correction = True
        batch |= {"old_per_token_logps": before, "importance_sampling_ratio": weights}
    trainer.optimizer = SimpleNamespace(param_groups=[{"lr": 0.1}])

    grpo = SimpleNamespace(inspect_steps=[1])
    run = SimpleNamespace(run_dir=str(tmp_path), config=SimpleNamespace(grpo=grpo))
    inspector = StepInspector(run, SimpleNamespace(trainer=trainer))
    inspector.on_train_begin()
    inspector.passes = []
    trainer.compute_loss(trainer.model, {**batch, ROW: torch.arange(8)}).backward()
    assert (len(inspector.passes) > 1) == packed
    rows = [
        row
        for one in inspector.passes
        for row in one.rows(trainer.policy_log_probs(one.inputs), first=0, processes=1)
    ]
    assert sorted(row["place"] for row in rows) == list(range(8))
    for row in rows:
        place, length = row["place"], lengths[row["place"]]
        if length == 0:
            assert row["slope"] is None
            continue
        assert row["sampled"] == pytest.approx(
            [
                None if math.isnan(q) else q
                for q in batch["sampling_per_token_logps"][place, :length].tolist()
            ],
            abs=1e-5,
        )
        assert row["weight"] == pytest.approx(weights[place, :length].tolist(), rel=1e-3)
        assert row["after"] == pytest.approx(row["before"], abs=1e-5)  # no optimizer has stepped
        advantage = batch["advantages"][place].item()
        expected = [  # beta 0.1, the gradient of the unbiased KL
            -(weight * advantage - 0.1 * (p - o)) / length / 8
            for weight, p, o in zip(row["weight"], row["before"], row["reference"], strict=True)
        ]
        assert row["slope"] == pytest.approx(expected, rel=1e-2, abs=1e-5)
