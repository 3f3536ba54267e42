"""Attention over slots gives what transformers' own paged attention gives."""

import sys
from pathlib import Path

import pytest
import torch
from transformers import ContinuousBatchingConfig, GenerationConfig, Qwen2Config, Qwen2ForCausalLM

sys.path.insert(0, str(Path(__file__).parents[1]))
from sidecar.slots import SLOT_ATTENTION, Prefill, plan_batch, use_decoder, use_slots


def small_model(kv_heads: int, **changes) -> Qwen2ForCausalLM:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=120,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=kv_heads,
        max_position_embeddings=128,
        initializer_range=0.3,
        **changes,
    )
    return Qwen2ForCausalLM(config).eval()


def answers(model: Qwen2ForCausalLM, prompts: list[list[int]], **cb) -> list[list[int]]:
    generation = GenerationConfig(do_sample=False, max_new_tokens=20, eos_token_id=7, pad_token_id=0)
    config = ContinuousBatchingConfig(allow_block_sharing=False, safety_margin=0.0, **cb)
    results = model.generate_batch(
        prompts, generation_config=generation, continuous_batching_config=config, progress_bar=False
    )
    return [results[key].generated_tokens for key in sorted(results, key=lambda k: int(k.rsplit("_", 1)[1]))]


@pytest.mark.parametrize("decoder", [False, True])
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
def test_greedy_answers_equal_those_of_the_stock_attention(kv_heads, decoder):
    generator = torch.Generator().manual_seed(1)
    # More requests than slots, so that slots are used again; prompts longer than a step, so that prefills are
    # split.
    prompts = [torch.randint(8, 120, (3 + 5 * i % 70,), generator=generator).tolist() for i in range(14)]
    stock = answers(small_model(kv_heads), prompts, block_size=16, num_blocks=64, max_batch_tokens=256)
    model = small_model(kv_heads)
    assert use_slots(model)
    if decoder:
        assert use_decoder(model, rows=5)
    slots = answers(
        model, prompts, block_size=100, num_blocks=5, max_batch_tokens=128, max_requests_per_batch=5
    )
    assert model.config._attn_implementation == SLOT_ATTENTION
    assert len({tuple(a) for a in stock}) > 5
    assert slots == stock


def test_a_batch_is_planned_into_decodes_and_prefills():
    # Request 0 decodes its 4th token in block 5, request 1 reads a prompt of 3 into block 2, request 2
    # decodes its 10th in block 7.
    plan = plan_batch([0, 1, 4, 5], [0, 4, 7, 17], [5 * 16 + 3, 32, 33, 34, 7 * 16 + 9], 16)
    assert plan.prefills == [Prefill(1, 4, 2, 3)]
    assert plan.decode.rows.tolist() == [0, 4]
    assert (plan.decode.first, plan.decode.span, plan.decode.longest) == (5, 3, 10)
    assert (plan.decode.mask[:, 0, 0] == 0).sum(dim=-1).tolist() == [4, 1, 10]  # block 6 is nobody's


def test_a_request_longer_than_a_block_is_refused():
    with pytest.raises(ValueError, match="17 tokens does not fit"):
        plan_batch([0, 1], [0, 17], [16], 16)


def test_a_model_with_sliding_windows_keeps_its_attention():
    model = small_model(2, use_sliding_window=True, sliding_window=8, max_window_layers=1)
    before = model.config._attn_implementation
    assert not use_slots(model)
    assert model.config._attn_implementation == before


def test_a_model_that_the_decoder_does_not_know_answers_by_itself():
    model = small_model(2, hidden_act="gelu")
    forward = model.forward
    assert not use_decoder(model, rows=5)
    assert model.forward == forward
