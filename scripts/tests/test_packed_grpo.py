"""
GRPO without padding, on a CPU with plain attention a sequence at a time in the kernel's place, against TRL's
padded way.
"""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
import torch
from conftest import RL_ROWS
from grpo import LOSSES
from sidecar import flash
from sidecar.packed_grpo import PackedGRPOTrainer, Rows, packed, passes, rows_of, split_into
from trainers import assert_close, batch_of, gradients, inputs_of, lora_policy, trainer_of
from trl import GRPOTrainer

LENGTHS = [5, 9, 1, 0, 3, 7, 4, 8]
BOUND = 3.0


@pytest.fixture(scope="module")
def pair(base, tokenizer, tmp_path_factory):
    """pair(room, share) → TRL's trainer, and ours of the same policy."""
    policy = lora_policy(base)

    def make(room=10_000, share=True, **settings):
        settings = {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 1, **settings}
        made = []
        for kind in (GRPOTrainer, partial(PackedGRPOTrainer, room=room, share=share)):
            trainer = trainer_of(kind, policy, tokenizer, tmp_path_factory.mktemp("trainer"), **settings)
            trainer.current_gradient_accumulation_steps = 1
            trainer.model.train()
            made.append(trainer)
        flash.use_kernel(made[1].model.get_base_model(), flash.one_by_one)
        return made

    return make


def slopes(trainer, logps, mask):
    trainer.model.zero_grad()
    (logps * mask * torch.linspace(-1, 1, len(logps))[:, None]).sum().backward()
    return gradients(trainer.model)


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("lengths", [LENGTHS, [4, 0, 6, 0], [1, 1], [3], list(range(1, 13))])
def test_log_probabilities_entropies_and_gradients_are_those_of_padded_rows(pair, prompts, lengths, share):
    plain, ours = pair(share=share)
    ids, mask, most = batch_of(prompts, lengths)
    scores = [
        t._get_per_token_logps_and_entropies(t.model, ids, mask, most, compute_entropy=True)
        for t in (plain, ours)
    ]
    mask = mask[:, -most:]
    assert torch.allclose(scores[1][0], scores[0][0] * mask, atol=1e-4)
    assert torch.allclose(scores[1][1], scores[0][1] * mask, atol=1e-4)
    expected, found = (slopes(t, score[0], mask) for t, score in zip((plain, ours), scores, strict=True))
    assert_close(found, expected)


def test_answers_that_are_all_masked_have_a_gradient_of_zero(pair, prompts):
    _, ours = pair()
    ids, mask, most = batch_of(prompts, [0, 0, 0])
    logps = ours._get_per_token_logps_and_entropies(ours.model, ids, mask, most)[0]
    assert (logps == 0).all()
    found = slopes(ours, logps, mask[:, -most:])
    assert found and all((slope == 0).all() for slope in found.values())


def test_a_prompt_stands_once_for_all_its_answers_and_without_sharing_once_for_each(prompts):
    ids, mask, most = batch_of(prompts[:1], [3, 5, 2])
    rows, cpu = Rows(ids, mask, most), torch.device("cpu")
    length = len(prompts[0])
    shared, alone = (packed(rows, [0, 1, 2], share, cpu).model_inputs for share in (True, False))
    assert shared["input_ids"].numel() == length - 1 + 3 + 5 + 2
    assert alone["input_ids"].numel() == 3 * (length - 1) + 3 + 5 + 2
    assert shared["input_ids"][0, : length - 1].tolist() == prompts[0][:-1]
    # The first answer begins with the prompt's last token, whose label is the answer's first.
    assert shared["input_ids"][0, length - 1] == prompts[0][-1]
    assert shared["shift_labels"][0, length - 1] == ids[0, -most]
    assert shared["position_ids"][0].tolist() == [
        *range(length - 1),
        *(length - 1 + i for n in (3, 5, 2) for i in range(n)),
    ]


def assert_one_loss(plain, ours, batch):
    """In value and gradient."""
    found = []
    for trainer in (plain, ours):
        loss = trainer.compute_loss(trainer.model, batch)
        loss.backward()
        found.append((loss.item(), gradients(trainer.model)))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-4)
    assert_close(found[1][1], found[0][1])


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("kl_gradient", [True, False])
def test_the_loss_of_a_batch_in_passes_and_its_gradient_are_those_of_trl(pair, prompts, share, kl_gradient):
    # The padded batch has 8 × 40 tokens or so; 60 cut it into several passes.
    plain, ours = pair(room=60, share=share, use_bias_correction_kl=kl_gradient)
    batch = inputs_of(prompts, LENGTHS, partial(padded_log_probs, plain))
    assert len(passes(rows_of(batch), 60, share)) >= 3
    assert_one_loss(plain, ours, batch)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_of_each_variant_in_passes_is_that_of_trl_at_a_later_update_too(pair, prompts, loss):
    plain, ours = pair(room=60, **LOSSES[loss])
    batch = inputs_of(prompts, LENGTHS, partial(padded_log_probs, plain))
    batch["old_per_token_logps"] = batch["ref_per_token_logps"] + 0.1
    assert_one_loss(plain, ours, batch)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("mode", ["sequence_mask", "sequence_truncate", "token_mask", "token_truncate"])
def test_the_correction_for_vllm_needs_no_pass_of_its_own(pair, prompts, mode, later):
    plain, ours = pair(room=60)
    batch = inputs_of(prompts, LENGTHS, partial(padded_log_probs, plain), vllm_apart=1.2)
    batch["sampling_per_token_logps"][0, 1] = float("nan")  # vLLM could not score it
    p, mask = padded_log_probs(plain, batch).detach(), batch["completion_mask"]
    if later:  # a further update on the same answers: the weights are of the policy that answered
        p = batch["old_per_token_logps"] = p + 0.1 * torch.randn_like(p)
    # As TRL's _generate_and_score_completions has it.
    apart = torch.nan_to_num((p - batch["sampling_per_token_logps"]) * mask)
    weights = (apart.sum(1, keepdim=True) if mode.startswith("sequence") else apart).exp()
    weights = (
        weights.clamp(max=BOUND) if mode.endswith("truncate") else weights.masked_fill(weights > BOUND, 0)
    )
    bounded = (weights == (BOUND if mode.endswith("truncate") else 0)).float()
    assert 0 < bounded.sum() < bounded.numel()
    for trainer in (plain, ours):
        trainer.use_vllm, trainer.vllm_importance_sampling_mode = True, mode
    plain.vllm_importance_sampling_correction, ours.corrects = True, True

    expected = plain.compute_loss(
        plain.model, {**batch, "old_per_token_logps": p, "importance_sampling_ratio": weights}
    )
    expected.backward()
    loss = ours.compute_loss(ours.model, batch)
    loss.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    assert_close(gradients(ours.model), gradients(plain.model))
    logged = ours._metrics["train"]
    assert max(logged["sampling/sampling_logp_difference/max"]) == pytest.approx(
        apart.abs().max().item(), rel=1e-3
    )
    assert any(share > 0 for share in logged["sampling/above_max"])


def padded_log_probs(trainer, batch):
    ids, mask = (torch.cat([batch[f"prompt_{x}"], batch[f"completion_{x}"]], 1) for x in ("ids", "mask"))
    return trainer._get_per_token_logps_and_entropies(
        trainer.model, ids, mask, batch["completion_ids"].size(1)
    )[0]


def tokens(rows, part, share):
    prompts = {rows.prompt_of[row] for row in part} if share else [rows.prompt_of[row] for row in part]
    return sum(rows.answer_lengths[row] for row in part) + sum(len(rows.prompts[i]) for i in prompts)


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("room", [1, 30, 50, 90, 10_000])
def test_passes_hold_each_answer_once_within_the_room_and_keep_prompts_together(prompts, room, share):
    ids, mask, most = batch_of(prompts, [7, 2, 9, 4, 4, 1, 12, 3, 0, 6])
    rows = Rows(ids, mask, most)
    parts = passes(rows, room, share)
    assert sorted(row for part in parts for row in part) == list(range(10))
    assert all(tokens(rows, part, share) <= room or len(part) == 1 for part in parts)
    if room == 10_000:
        assert len(parts) == 1
    neighbours = [pair for part in parts for pair in pairwise(part)]
    switches = sum(rows.prompt_of[a] != rows.prompt_of[b] for a, b in neighbours)
    assert switches <= len(prompts) - 1


def test_processes_that_need_fewer_passes_than_another_cut_theirs(prompts):
    assert split_into([[0, 1, 2, 3], [4, 5]], 2) == [[0, 1, 2, 3], [4, 5]]
    assert split_into([[0, 1, 2, 3], [4, 5]], 3) == [[0, 1], [2, 3], [4, 5]]
    assert split_into([[0, 1, 2, 3], [4, 5]], 6) == [[0], [1], [2], [3], [4], [5]]


VOWELS = "(row) => ({ vowels: (row.completion.match(/[aeiou]/g) ?? []).length / 16 })"


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("checkpointing", [True, False])
def test_a_run_without_padding_learns_what_a_padded_one_learns(
    stage, reward_module, sft_adapter, monkeypatch, capfd, share, checkpointing
):
    """
    The whole stage. Gradient checkpointing has the padded run go TRL's own way, and draw the same answers.
    """
    settings = {"maxSteps": 4, "epochs": 2, "microBatch": 1}
    reward = reward_module(VOWELS)
    whole = stage(
        "grpo",
        RL_ROWS,
        folder="padded",
        adapter=sft_adapter,
        reward=reward,
        grpo={**settings, "gradientCheckpointing": True},
    )
    ours = stage(
        "grpo",
        RL_ROWS,
        folder="packed",
        adapter=sft_adapter,
        reward=reward,
        grpo={**settings, "gradientCheckpointing": checkpointing},
    )
    assert whole.run() == 0, whole.log()
    monkeypatch.setattr(flash, "working_kernel", lambda device: (flash.one_by_one, "a sequence at a time"))
    monkeypatch.setattr(flash, "reads_prefixes", lambda kernel, device: share)
    assert ours.run() == 0, ours.log()
    said = capfd.readouterr().out
    assert "on  FlashAttention, rows without padding: a sequence at a time" in said
    assert ("each prompt once" in said) == share
    answers = [
        [[s["completion"] for s in e["samples"]] for e in run.events("samples")] for run in (whole, ours)
    ]
    assert answers[0] == answers[1]
    losses = [[e["metrics"]["loss"] for e in run.events("step")] for run in (whole, ours)]
    assert losses[1] == pytest.approx(losses[0], abs=2e-4)
    for name, weight in whole.adapter().items():
        assert torch.allclose(weight, ours.adapter()[name], atol=2e-3), name


def test_packing_can_be_switched_off(stage, reward_module, monkeypatch, capfd):
    monkeypatch.setattr(flash, "working_kernel", lambda device: (flash.one_by_one, "a sequence at a time"))
    grpo = stage(
        "grpo",
        RL_ROWS,
        reward=reward_module(VOWELS),
        gpu={"packed": False},
        grpo={"startFromSft": False, "maxSteps": 1},
    )
    assert grpo.run() == 0, grpo.log()
    assert "off FlashAttention, rows without padding: gpu.packed is false" in capfd.readouterr().out


def test_a_kernel_that_is_wrong_for_prefixes_is_told_from_one_that_is_right():
    def top_left(query, key, value, sequences, scale):
        """Causal from the first key on, as torch's own is_causal is."""
        lengths = sequences.keys.diff().minimum(sequences.queries.diff())
        ends = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)]).to(torch.int32)
        kept = torch.cat(
            [
                torch.arange(n) + first
                for n, first in zip(lengths.tolist(), sequences.keys.tolist(), strict=False)
            ]
        )
        return flash.one_by_one(query, key[kept], value[kept], replace(sequences, keys=ends), scale)

    assert flash.reads_prefixes(flash.one_by_one, "cpu")
    assert flash.difference(top_left, "cpu") < flash.TOLERANCE
    assert not flash.reads_prefixes(top_left, "cpu")


def test_passes_that_memory_ran_out_with_are_halved_however_far_they_are_below_the_room():
    prompts = [list(range(3, 13)), list(range(20, 28))]
    ids, mask, most = batch_of(prompts, [12, 9, 14, 7, 10, 11, 8, 13])
    rows = Rows(ids, mask, most)
    assert [len(part) for part in passes(rows, 10_000, True)] == [8]
    assert [len(part) for part in passes(rows, 10_000, True, split=2)] == [4, 4]
    assert len(passes(rows, 10_000, True, split=100)) == 8  # a row is never cut


@pytest.mark.parametrize("micro", [1, 4])
def test_grpo_that_runs_out_of_memory_halves_the_pass_that_died_whatever_was_planned(
    stage, reward_module, monkeypatch, micro
):
    """The whole stage, plain attention in the kernel's place: all answers of a step fit into one pass."""
    whole = PackedGRPOTrainer._compute_loss

    def at_most_four(self, model, inputs):
        if len(inputs["completion_ids"]) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return whole(self, model, inputs)

    monkeypatch.setattr(flash, "working_kernel", lambda device: (flash.one_by_one, "a row at a time"))
    monkeypatch.setattr(flash, "reads_prefixes", lambda kernel, device: True)
    monkeypatch.setattr(PackedGRPOTrainer, "_compute_loss", at_most_four)
    reward = reward_module("(row) => ({ letters: new Set(row.completion).size })")
    settings = {"startFromSft": False, "maxSteps": 1, "microBatch": micro, "maskTruncated": False}
    grpo = stage("grpo", RL_ROWS, reward=reward, prepare={"maxPromptTokens": 512}, grpo=settings)
    assert grpo.run() == 0, grpo.log()
    (warning,) = [event for event in grpo.events("warning") if event["code"] == "out_of_memory"]
    assert "passes of 8 rows; going on with 4 × 2 = 8" in warning["message"]
