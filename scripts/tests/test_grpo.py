import os
import signal
import statistics

import pytest
import torch
from conftest import RL_ROWS
from safetensors.torch import load_file

# Something a random model can do better or worse.
VOWELS = (
    "(row) => ({ vowels: (row.completion.match(/[aeiou]/g) ?? []).length / 16, "
    "brevity: 1 - row.tokens / 16 })"
)


def test_a_run_learns_and_shows_every_answer_with_its_rewards(stage, reward_module):
    grpo = stage(
        "grpo",
        RL_ROWS,
        reward=reward_module(VOWELS),
        grpo={"startFromSft": False, "maxSteps": 16, "epochs": 4},
    )
    assert grpo.run() == 0, grpo.log()
    assert grpo.end() == ("done", None)
    steps = grpo.events("step")
    assert [e["step"] for e in steps] == list(range(1, 17))  # 8 questions × 4 epochs / 2
    metrics = steps[-1]["metrics"]
    assert {
        "rewards/vowels/mean",
        "rewards/brevity/mean",
        "rewards/total/mean",
        "reward",
        "frac_reward_zero_std",
        "kl",
        "entropy",
        "completions/mean_length",
        "completions/clipped_ratio",
        "secondsPerStep",
        "tokensPerSecond",
        "memoryMiB",
    } <= metrics.keys()
    assert metrics["epoch"] == pytest.approx(4)
    assert metrics["reward"] == pytest.approx(
        metrics["rewards/vowels/mean"] + metrics["rewards/brevity/mean"]
    )
    assert steps[0]["metrics"]["kl"] == pytest.approx(0, abs=1e-5)  # the policy is its own reference
    assert metrics["kl"] > 1e-4
    first, last = (statistics.mean(e["metrics"]["reward"] for e in part) for part in (steps[:4], steps[-4:]))
    assert last > first + 0.1
    assert [e["step"] for e in grpo.events("samples")] == list(range(1, 17))
    for event, step in zip(grpo.events("samples"), steps, strict=True):
        check_samples(event["samples"], step["metrics"])


def check_samples(samples, metrics):
    assert [s["group"] for s in samples] == [0, 0, 0, 0, 1, 1, 1, 1]
    for group in (samples[:4], samples[4:]):
        assert len({s["id"] for s in group}) == 1
        rewards = [s["reward"] for s in group]
        # GRPO's advantage: (r − mean) / std within the group; TRL's std divides by G − 1, and 1e-4 keeps it
        # from 0
        mean, deviation = statistics.mean(rewards), statistics.stdev(rewards)
        assert [s["advantage"] for s in group] == pytest.approx(
            [(r - mean) / (deviation + 1e-4) for r in rewards], abs=1e-4
        )
    assert statistics.mean(s["reward"] for s in samples) == pytest.approx(metrics["reward"], abs=1e-4)
    assert statistics.mean(s["tokens"] for s in samples) == pytest.approx(metrics["completions/mean_length"])
    for s in samples:
        assert s["rewards"] == {
            "vowels": len([c for c in s["completion"] if c in "aeiou"]) / 16,
            "brevity": 1 - s["tokens"] / 16,
        }
        assert s["reward"] == sum(s["rewards"].values())


@pytest.mark.parametrize(
    ("schedule", "shares"), [("constant", [0, 1, 1, 1]), ("linear", [0, 1, 2 / 3, 1 / 3])]
)
def test_after_warm_up_the_learning_rate_stays_or_falls_to_the_end(stage, reward_module, schedule, shares):
    settings = {"startFromSft": False, "maxSteps": 4, "warmupShare": 0.25, "schedule": schedule}
    grpo = stage("grpo", RL_ROWS, reward=reward_module(VOWELS), grpo={**settings, "learningRate": 1e-3})
    assert grpo.run() == 0, grpo.log()
    rates = [event["metrics"]["learning_rate"] for event in grpo.events("step")]
    assert rates == pytest.approx([1e-3 * share for share in shares])


def test_without_scaling_the_advantage_is_the_distance_to_the_mean(stage, reward_module):
    grpo = stage(
        "grpo",
        RL_ROWS,
        reward=reward_module(VOWELS),
        grpo={"startFromSft": False, "maxSteps": 2, "scaleRewards": False, "temperature": 1.5},
    )
    assert grpo.run() == 0, grpo.log()
    group = grpo.events("samples")[0]["samples"][:4]
    mean = statistics.mean(s["reward"] for s in group)
    assert [s["advantage"] for s in group] == pytest.approx([s["reward"] - mean for s in group], abs=1e-4)


@pytest.mark.parametrize(("mask", "end"), [(True, "nothing_trained"), (False, None)])
def test_answers_that_were_cut_are_trained_on_only_when_they_are_not_masked(stage, reward_module, mask, end):
    """A random model hardly ever ends an answer: all of them are cut."""
    settings = {
        "startFromSft": False,
        "maxTokens": 4,
        "maxSteps": 2,
        "temperature": 1.5,
        "maskTruncated": mask,
    }
    grpo = stage(
        "grpo",
        RL_ROWS,
        reward=reward_module("(row) => ({ letters: new Set(row.completion).size })"),
        grpo=settings,
        seed=2,  # no answer draws the end token among its first four
    )
    grpo.run()
    assert grpo.events("step")[0]["metrics"]["completions/clipped_ratio"] == 1
    assert grpo.end()[1] == end, grpo.log()


def test_it_goes_on_from_the_sft_adapter_and_the_kl_is_to_that_policy(stage, reward_module, sft_adapter):
    grpo = stage(
        "grpo",
        RL_ROWS,
        adapter=sft_adapter,
        reward=reward_module(VOWELS),
        grpo={"learningRate": 1e-6, "maxSteps": 2},
    )
    assert grpo.run() == 0, grpo.log()
    # With the Base as reference the KL of a policy trained at this rate would be far from 0.
    assert [e["metrics"]["kl"] for e in grpo.events("step")] == pytest.approx([0, 0], abs=1e-3)
    before, after = load_file(sft_adapter / "adapter_model.safetensors"), grpo.adapter()
    assert before.keys() == after.keys()
    assert any(not before[name].equal(after[name]) for name in before)
    assert all(torch.allclose(before[name], after[name], atol=1e-4) for name in before)


def test_a_killed_run_resumes_and_ends_with_the_weights_of_one_that_was_not(
    stage, reward_module, sft_adapter
):
    """
    The policy's weights come from the checkpoint, its reference from the SFT adapter; order, optimizer and
    random numbers go on.
    """
    reward = reward_module(VOWELS)
    settings = {"maxSteps": 10, "epochs": 5, "saveSteps": 3, "microBatch": 4}
    whole, killed = (
        stage("grpo", RL_ROWS, folder=name, adapter=sft_adapter, reward=reward, grpo=settings)
        for name in ("whole", "killed")
    )
    assert whole.run() == 0, whole.log()
    killed.kill_after(step=5)
    assert not killed.events("end")
    assert killed.run() == 0, killed.log()
    assert [e["step"] for e in killed.events("start")] == [0, 3]
    assert [e["step"] for e in killed.events("step")][-7:] == list(range(4, 11))
    kl = [[e["metrics"]["kl"] for e in run.events("step")][-7:] for run in (whole, killed)]
    assert kl[0] == pytest.approx(kl[1], abs=1e-6)
    for name, weight in whole.adapter().items():
        assert weight.equal(killed.adapter()[name]), name


@pytest.mark.parametrize("loss", ["grpo", "dr_grpo", "dapo", "gspo", "cispo"])
def test_answers_are_learned_from_several_times_and_told_once(stage, reward_module, sft_adapter, loss):
    settings = {"loss": loss, "updatesPerBatch": 2, "maxSteps": 5, "epochs": 3, "maskTruncated": False}
    settings |= {"inspectSteps": [], "scaleRewards": loss != "dr_grpo", "learningRate": 5e-2}
    grpo = stage("grpo", RL_ROWS, adapter=sft_adapter, reward=reward_module(VOWELS), grpo=settings)
    assert grpo.run() == 0, grpo.log()
    steps = grpo.events("step")
    assert [event["step"] for event in steps] == [1, 2, 3, 4]  # whole batches
    assert [event["step"] for event in grpo.events("samples")] == [1, 3]
    assert ["reward" in event["metrics"] for event in steps] == [True, False, True, False]
    assert [event["metrics"]["tokensPerSecond"] > 0 for event in steps] == [True, False, True, False]
    name = "cispo_clip_ratio" if loss == "cispo" else "clip_ratio/region_mean"
    clipped = [event["metrics"][name] for event in steps]
    assert clipped[0] == clipped[2] == 0
    assert loss == "cispo" or max(clipped) > 0


def test_a_killed_run_of_several_updates_resumes_at_the_start_of_a_batch(stage, reward_module):
    settings = {"startFromSft": False, "updatesPerBatch": 3, "maxSteps": 9, "saveSteps": 2, "epochs": 3}
    settings |= {"maskTruncated": False, "inspectSteps": []}
    reward = reward_module(VOWELS)
    whole = stage("grpo", RL_ROWS, folder="whole", reward=reward, grpo=settings)
    killed = stage("grpo", RL_ROWS, folder="killed", reward=reward, grpo=settings)
    assert whole.run() == 0, whole.log()
    killed.kill_after(5)
    assert killed.run() == 0, killed.log()
    assert [event["step"] for event in whole.events("checkpoint")] == [3, 6, 9]
    assert killed.events("start")[-1]["step"] in (0, 3)
    for name, weight in whole.adapter().items():
        assert torch.equal(weight, killed.adapter()[name]), name


def test_a_reward_process_that_dies_ends_the_run_with_its_last_words(stage, node_program):
    program = """
        import { createInterface } from "node:readline";
        for await (const line of createInterface({ input: process.stdin })) {
          const { batch, rows } = JSON.parse(line);
          if (batch === 3) { console.error("Error: out of ideas"); process.exit(9); }
          const [paid, right] = [rows.map((row, i) => ({ total: i })), rows.map(() => 0)];
          console.log(JSON.stringify({ batch, rows: paid, right }));
        }"""
    grpo = stage("grpo", RL_ROWS, reward=node_program(program), grpo={"startFromSft": False})
    assert grpo.run() == 1
    assert grpo.end() == ("failed", "reward_process_died")
    assert "out of ideas" in grpo.events("end")[-1]["message"]
    assert [e["step"] for e in grpo.events("checkpoint")] == [2]
    assert not (grpo.folder / "adapter").exists()


def test_a_reward_that_fails_ends_the_run_with_its_own_sentence(stage, reward_module):
    grpo = stage(
        "grpo",
        RL_ROWS,
        reward=reward_module("(row) => ({ total: Math.log(-1) })"),
        grpo={"startFromSft": False},
    )
    assert grpo.run() == 1
    assert grpo.end() == ("failed", "reward_failed")
    assert "finite numbers" in grpo.events("end")[-1]["message"]


@pytest.mark.parametrize("answers", [4, 8])  # the float32 mean of eight times 0.3 is not 0.3
def test_equal_rewards_carry_no_signal_and_the_run_says_so(stage, reward_module, answers):
    grpo = stage(
        "grpo",
        RL_ROWS,
        reward=reward_module("() => ({ total: 0.3 })"),
        grpo={"startFromSft": False, "maxSteps": 6, "epochs": 2, "groupSize": answers},
    )
    assert grpo.run() == 1
    assert grpo.end() == ("failed", "no_signal")
    assert [e["code"] for e in grpo.events("warning")] == ["no_signal_yet"]
    for event in grpo.events("step"):
        assert event["metrics"]["frac_reward_zero_std"] == 1
        assert None not in event["metrics"].values()
    assert all(
        (s["advantage"], s["reward"]) == (0, 0.3) for e in grpo.events("samples") for s in e["samples"]
    )


def test_answers_that_are_all_cut_do_not_break_the_run(stage, reward_module):
    grpo = stage(
        "grpo",
        RL_ROWS,
        reward=reward_module(VOWELS),
        grpo={"startFromSft": False, "maxTokens": 8, "temperature": 0.05, "maxSteps": 2},
    )
    assert grpo.run() in (0, 1), grpo.log()
    assert grpo.end()[1] in (None, "nothing_trained", "no_signal")
    assert all(e["metrics"]["loss"] is not None for e in grpo.events("step"))


@pytest.mark.parametrize(
    ("rows", "settings", "cause", "says"),
    [
        (
            RL_ROWS[:1],
            {"epochs": 1},
            "no_rows",
            "1 questions × 1 epochs do not fill one step of grpo.promptsPerStep = 2",
        ),
        ("", {}, "no_rows", "holds no rows"),
        ([{**RL_ROWS[0], "gold_answer": ""}], {}, "bad_data", "rows.jsonl:1: gold_answer"),
        (RL_ROWS, {"microBatch": 3}, "bad_run_file", "must divide promptsPerStep × groupSize = 8"),
        (RL_ROWS, {"startFromSft": True}, "bad_run_file", "models.adapter"),
    ],
)
def test_what_cannot_be_trained_on_ends_by_name(stage, reward_module, rows, settings, cause, says):
    grpo = stage("grpo", rows, reward=reward_module(VOWELS), grpo={"startFromSft": False, **settings})
    assert grpo.run() == 1
    assert grpo.end() == ("failed", cause)
    assert says in grpo.events("end")[-1]["message"]


def test_one_question_can_be_asked_over_and_over(stage, reward_module):
    grpo = stage("grpo", RL_ROWS[:1], reward=reward_module(VOWELS), grpo={"startFromSft": False, "epochs": 4})
    assert grpo.run() == 0, grpo.log()
    assert [e["step"] for e in grpo.events("step")] == [1, 2]


def test_a_cancelled_run_ends_its_reward_process(stage, reward_module):
    grpo = stage(
        "grpo",
        RL_ROWS,
        reward=reward_module(VOWELS),
        grpo={"startFromSft": False, "epochs": 1000, "maxSteps": 4000},
    )
    process = grpo.start()
    grpo.wait_for(lambda events: any(e["event"] == "step" for e in events), process)
    children = [int(pid) for pid in open(f"/proc/{process.pid}/task/{process.pid}/children").read().split()]
    assert children
    os.kill(process.pid, signal.SIGTERM)
    process.join(timeout=300)
    assert grpo.end() == ("failed", "cancelled")
    assert not any(os.path.exists(f"/proc/{pid}") for pid in children)


def test_the_plain_trainer_of_a_gpu_writes_the_same_events(stage, reward_module):
    """Gradient checkpointing on a CPU takes TRL's own way of sampling and scoring."""
    grpo = stage(
        "grpo",
        RL_ROWS,
        reward=reward_module(VOWELS),
        grpo={"startFromSft": False, "gradientCheckpointing": True, "maxSteps": 2},
    )
    assert grpo.run() == 0, grpo.log()
    for event, step in zip(grpo.events("samples"), grpo.events("step"), strict=True):
        check_samples(event["samples"], step["metrics"])
