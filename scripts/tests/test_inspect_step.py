import json
import math
import statistics

import pytest
from conftest import RL_ROWS

# Letters, so that a random model's answers differ in reward.
VOWELS = "(row) => ({ vowels: (row.completion.match(/[aeiou]/g) ?? []).length / 16, brevity: 1 - row.tokens / 16 })"
GRPO = {"maxSteps": 3, "sampleEvery": 1, "beta": 0.5, "maskTruncated": False}
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
        check_loss(step, metrics)


def check_answer(answer, sample, step):
    assert (answer["reward"], answer["rewards"]) == (sample["reward"], sample["rewards"])
    assert answer["advantage"] == sample["advantage"]
    assert len(answer["ids"]) == len(answer["texts"]) == sample["tokens"]
    ends = [i for i, text in enumerate(answer["texts"]) if text in ("<|im_end|>", "<|endoftext|>")]
    assert set(ends) <= set(answer["special"])
    plain = "".join(text for i, text in enumerate(answer["texts"]) if i not in answer["special"])
    assert plain.strip() == sample["completion"].replace("\ufffd", "").strip() or "\ufffd" in sample["completion"]
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


def check_loss(step, metrics):
    """k3, a mean over answers of the mean over their tokens, is the KL that the trainer logged."""
    means = [
        statistics.mean(
            math.exp(o - p) - (o - p) - 1 for p, o in zip(answer["before"], answer["reference"], strict=True)
        )
        if answer["before"]
        else 0
        for answer in answers_of(step)
    ]
    assert statistics.mean(means) == pytest.approx(metrics["kl"], rel=1e-3, abs=1e-6)


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
