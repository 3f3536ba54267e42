import json
import shutil
import sys

import pytest
import torch
from conftest import RL_ROWS, ROOT, SFT_ROWS
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file
from sidecar.runfile import RunFile
from stages import make_stage
from test_runfile import run_json


@pytest.fixture
def adapter(sft_adapter, tmp_path):
    """A copy: the tests spoil it."""
    return shutil.copytree(sft_adapter, tmp_path / "sft_adapter")


def test_the_merged_model_answers_as_base_and_adapter_did(stage, adapter, base):
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()
    assert merge.end() == ("done", None)
    parity = json.loads((merge.folder / "parity.json").read_text())
    assert (parity["parityPrompts"], parity["parityAgree"], parity["parityTopTokens"]) == (5, 5, 1)
    assert 5 <= parity["parityTokens"] <= 5 * merge.config["evaluate"]["maxTokens"]
    assert 0 <= parity["meanLogprobDifference"] <= parity["maxLogprobDifference"] < 1e-3  # float32 rounding
    assert 0 < parity["paritySeconds"] < 60
    assert merge.events("step")[0]["metrics"] == parity
    assert merge.events("warning") == []
    merged = {p.name for p in (merge.folder / "merged").iterdir()}
    assert {
        "model.safetensors",
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "chat_template.jinja",
    } <= merged
    assert not [name for name in merged if name.endswith((".bin", ".pt"))]
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        assert (merge.folder / "merged" / name).read_bytes() == (base / name).read_bytes()


def test_a_parity_check_on_fewer_prompts_than_wanted_says_so(stage, adapter):
    merge = stage("merge", RL_ROWS, adapter=adapter, deploy={"parityPrompts": 64})
    assert merge.run() == 0, merge.log()
    (warning,) = merge.events("warning")
    assert warning["code"] == "few_prompts"
    assert f"has {len(RL_ROWS)} prompts where deploy.parityPrompts asks for 64" in warning["message"]


def test_each_weight_is_the_base_plus_the_scaled_product_of_the_factors(stage, adapter, base):
    """W' = W + (alpha / r) · B·A"""
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()
    before, after, lora = (
        load_file(base / "model.safetensors"),
        load_file(merge.folder / "merged" / "model.safetensors"),
        load_file(adapter / "adapter_model.safetensors"),
    )
    name = "model.layers.1.mlp.up_proj"
    a, b = (lora[f"base_model.model.{name}.lora_{factor}.weight"] for factor in "AB")
    scale = merge.config["sft"]["loraAlpha"] / merge.config["sft"]["loraRank"]
    assert torch.allclose(
        after[f"{name}.weight"].float(), before[f"{name}.weight"].float() + scale * b @ a, atol=1e-5
    )
    assert (b @ a).abs().max() > 1e-4
    assert after["model.embed_tokens.weight"].float().equal(before["model.embed_tokens.weight"].float())


def assert_refused(merge):
    assert merge.run() == 1
    assert merge.end() == ("failed", "adapter_of_another_base")
    assert [e["event"] for e in merge.events()] == ["end"]
    assert not list(merge.folder.glob("*merged*"))


def test_an_adapter_whose_shapes_are_another_bases_is_refused_before_anything_is_written(
    stage, adapter, make_base
):
    assert_refused(stage("merge", RL_ROWS, adapter=adapter, base=make_base(hidden=48)))


def test_an_adapter_that_says_it_is_of_another_base_is_refused_even_if_it_fits(stage, adapter):
    (adapter / "origin.json").write_text(json.dumps({"run": "sft-x", "base": "c" * 64, "adapter": None}))
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert_refused(merge)
    assert "cccc" in merge.events("end")[0]["message"]


def test_an_adapter_that_names_this_base_is_merged(stage, adapter):
    (adapter / "origin.json").write_text(json.dumps({"run": "sft-x", "base": "b" * 64, "adapter": None}))
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()


def name_base(adapter, name):
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": name}))


def test_an_adapter_without_origin_that_names_another_base_is_refused_even_if_it_fits(stage, adapter):
    name_base(adapter, "Qwen/Qwen2.5-0.5B-Instruct")
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert_refused(merge)
    message = merge.events("end")[0]["message"]
    assert "found Qwen/Qwen2.5-0.5B-Instruct" in message
    assert "correct base_model_name_or_path" in message


@pytest.mark.parametrize("name", ["", None, "/elsewhere/{base}", "{base}", "/elsewhere/{base}/"])
def test_an_adapter_without_origin_that_names_this_base_or_none_fits(profiles, base, adapter, name):
    from sidecar.adapter_check import check_adapter

    name_base(adapter, name and name.format(base=base.name))
    value = run_json(profiles)
    value["models"] = {
        "base": {"path": str(base), "revision": "main", "sha256": "b"},
        "adapter": {"path": str(adapter), "sha256": "a"},
    }
    check_adapter(TypeAdapter(RunFile).validate_json(json.dumps(value)))


def test_an_adapter_of_another_name_fits_when_its_origin_says_so(stage, adapter):
    name_base(adapter, "Qwen/Qwen2.5-0.5B-Instruct")
    (adapter / "origin.json").write_text(json.dumps({"run": "sft-x", "base": "b" * 64, "adapter": None}))
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()


def test_an_origin_that_names_no_base_leaves_it_to_the_adapter_s_config(stage, adapter):
    (adapter / "origin.json").write_text("{}")
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()


@pytest.mark.parametrize(
    ("tensors", "says"),
    [({}, "holds no weights"), ({"base_model.model.lm_head.weight": [4, 4]}, "lm_head.weight is no factor")],
)
def test_an_adapter_that_holds_no_factors_is_not_merged(stage, adapter, tensors, says):
    save_file(
        {name: torch.zeros(shape) for name, shape in tensors.items()}, adapter / "adapter_model.safetensors"
    )
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 1
    assert merge.end() == ("failed", "bad_model")
    assert says in merge.events("end")[0]["message"]


@pytest.mark.parametrize("keep", [0, 5, -1])
def test_a_truncated_adapter_is_named(stage, adapter, keep):
    weights = adapter / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 1
    assert merge.end() == ("failed", "bad_model")
    message = merge.events("end")[0]["message"]
    assert f"{adapter}: adapter_model.safetensors is damaged" in message
    assert "download or copy" in message


def test_a_merge_that_runs_out_of_memory_says_what_to_do(stage, adapter, monkeypatch):
    import merge as script

    def compare(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nmore")

    monkeypatch.setattr(script, "compare", compare)
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 1
    assert merge.end() == ("failed", "out_of_memory")
    assert "take a card with more memory" in merge.events("end")[0]["message"]
    assert not (merge.folder / "merged").exists()


def test_grpo_refuses_an_adapter_of_another_base(stage, adapter, make_base, reward_module):
    grpo = stage(
        "grpo",
        RL_ROWS,
        adapter=adapter,
        base=make_base(hidden=48),
        reward=reward_module("() => ({ total: 1 })"),
    )
    assert grpo.run() == 1
    assert grpo.end() == ("failed", "adapter_of_another_base")
    assert not (grpo.folder / "checkpoints").exists()


def test_a_folder_without_an_adapter_is_named(stage, tmp_path):
    merge = stage("merge", RL_ROWS, adapter=tmp_path)
    assert merge.run() == 1
    assert merge.end() == ("failed", "bad_model")


def test_weights_that_are_not_finite_are_not_merged(stage, adapter):
    from safetensors.torch import save_file

    weights = load_file(adapter / "adapter_model.safetensors")
    weights[next(iter(weights))].fill_(torch.nan)
    save_file(weights, adapter / "adapter_model.safetensors", {"format": "pt"})
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 1
    assert not (merge.folder / "merged").exists()


def test_weights_are_written_in_shards_that_are_read_back(stage, adapter, monkeypatch):
    import merge as script

    monkeypatch.setattr(script, "SHARD", "30KB")
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()
    folder = merge.folder / "merged"
    shards = sorted(path.name for path in folder.glob("model-*.safetensors"))
    assert len(shards) > 1
    assert not (folder / "model.safetensors").exists()
    assert set(
        json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"].values()
    ) == set(shards)
    assert json.loads((merge.folder / "parity.json").read_text())["parityAgree"] == 5


def test_texts_are_compared_in_parts_with_the_same_result(stage, adapter, monkeypatch):
    import merge as script

    def compared(name):
        merge = stage("merge", RL_ROWS, folder=name, adapter=adapter)
        assert merge.run() == 0, merge.log()
        return merge.events("step")[0]["metrics"]

    whole = compared("whole")
    for bound in ("LOGITS_AT_ONCE", "TOKENS_AT_ONCE", "PROMPTS_AT_ONCE"):
        monkeypatch.setattr(script, bound, 1)
        found = compared(bound)
        for name in ("parityTokens", "parityAgree", "parityTopTokens"):
            assert found[name] == whole[name], bound
        assert found["maxLogprobDifference"] == pytest.approx(whole["maxLogprobDifference"], abs=1e-4)


def test_prompts_of_like_length_share_a_batch_as_far_as_its_bounds_allow(monkeypatch):
    import merge as script

    def sizes(lengths, limit=10):
        prompts = [[0] * length for length in lengths]
        return [[len(prompt) for prompt in batch] for batch in script.batches(prompts, limit)]

    monkeypatch.setattr(script, "PROMPTS_AT_ONCE", 3)
    monkeypatch.setattr(script, "TOKENS_AT_ONCE", 100)
    assert sizes([5, 6, 7, 8]) == [[5, 6, 7], [8]]
    assert sizes([5, 40, 40]) == [[5, 40], [40]]  # 3 x (40 + 10) > 100
    assert sizes([5, 200, 200]) == [[5], [200], [200]]  # longer than a batch: alone


def test_choices_are_those_of_all_logits_at_once(base, monkeypatch):
    import merge as script
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
    ids, width = torch.arange(30, 90).view(2, 30), 10
    mask = torch.ones_like(ids)
    mask[0, :3] = 0  # a shorter prompt, padded
    with torch.inference_mode():
        logits = model(input_ids=ids, attention_mask=mask).logits[:, width - 1 : -1]
        known = logits.log_softmax(-1).gather(-1, ids[:, width:, None])[..., 0]
        for bound in (script.LOGITS_AT_ONCE, 1):
            monkeypatch.setattr(script, "LOGITS_AT_ONCE", bound)
            top, logprobs = script.choices(model, ids, mask, width)
            assert top.equal(logits.argmax(-1))
            assert torch.allclose(logprobs, known, atol=1e-4)


def test_no_more_rows_are_compared_at_once_than_their_logits_allow(stage, adapter, monkeypatch):
    import functools

    import merge as script
    from transformers import Qwen2ForCausalLM

    forward = Qwen2ForCausalLM.forward

    @functools.wraps(forward)
    def counted(*args, **kwargs):
        assert kwargs.get("logits_to_keep") == 1 or len(kwargs["input_ids"]) == 1  # generate keeps one
        return forward(*args, **kwargs)

    monkeypatch.setattr(script, "LOGITS_AT_ONCE", 1)
    monkeypatch.setattr(Qwen2ForCausalLM, "forward", counted)
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()


TINY = ROOT / "ckpts" / "tiny" / "base"
GROWTH = [
    {
        **RL_ROWS[0],
        "id": f"q{i}",
        "prompt": f"Revenue rose from {100 + i} to {150 + 3 * i} million. How much is that in %?",
    }
    for i in range(24)
]


@pytest.fixture(scope="session")
def tiny_adapter(tmp_path_factory, profiles):
    """A model that was trained: a random one magnifies rounding, as no model in use does."""
    settings = {"epochs": 8, "maxLength": 384}
    sft = make_stage(tmp_path_factory.mktemp("tiny"), profiles["tiny"], "sft", SFT_ROWS, TINY, sft=settings)
    assert sft.run() == 0, sft.log()
    return sft.folder / "adapter"


@pytest.fixture
def tiny_merge(stage, tiny_adapter, monkeypatch):
    """
    tiny_merge(dtype, spoil, …) → a merge of the tiny Base in that type; `spoil(name)` scales each module's
    adapter.
    """
    import merge as script
    import sidecar.model

    def run(dtype, spoil=None, **deploy):
        whole = script.write_merged

        def spoiled(model, *rest):
            for name, module in model.named_modules():
                if spoil and hasattr(module, "lora_A"):
                    module.scaling = {key: scale * spoil(name) for key, scale in module.scaling.items()}
            whole(model, *rest)

        monkeypatch.setattr(sidecar.model, "dtype_of", lambda device: dtype)
        monkeypatch.setattr(script, "write_merged", spoiled)
        values = {"parityPrompts": len(GROWTH), **deploy}
        options = {"base": TINY, "adapter": tiny_adapter, "evaluate": {"maxTokens": 64}}
        merge = stage("merge", GROWTH, deploy=values, **options)
        merge.status = merge.run()
        return merge

    return run


def test_rounding_to_bf16_alone_passes_though_greedy_texts_part_ways(tiny_merge):
    merge = tiny_merge(torch.bfloat16)
    assert merge.status == 0, merge.log()
    (step,) = merge.events("step")
    assert 0.98 <= step["metrics"]["parityTopTokens"] < 1
    assert 0 < step["metrics"]["meanLogprobDifference"] < 0.03
    assert step["metrics"]["parityAgree"] < len(GROWTH)
    weights = load_file(merge.folder / "merged" / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}


def test_in_float32_every_answer_is_the_same(tiny_merge):
    merge = tiny_merge(torch.float32)
    assert merge.status == 0, merge.log()
    (step,) = merge.events("step")
    assert (step["metrics"]["parityAgree"], step["metrics"]["parityTopTokens"]) == (len(GROWTH), 1)


SPOILED = {
    "one layer's MLP is left out": lambda name: 0 if ".layers.1.mlp" in name else 1,
    "every factor is a tenth too small": lambda name: 0.9,
    "the adapter is left out": lambda name: 0,
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("spoil", SPOILED)
def test_a_merged_model_that_is_another_one_is_an_error_and_is_not_published(tiny_merge, dtype, spoil):
    merge = tiny_merge(dtype, SPOILED[spoil])
    assert merge.status == 1
    assert merge.end() == ("failed", "parity")
    assert not (merge.folder / "merged").exists()
    assert not list(merge.folder.glob(".*unfinished"))
    (step,) = merge.events("step")  # the numbers stay
    share = step["metrics"]["parityTopTokens"]
    assert share < 0.98
    message = merge.events("end")[0]["message"]
    assert f"At {share:.2%} of the {step['metrics']['parityTokens']} tokens" in message
    assert "not published. Merge once more" in message
    assert ("where 100.00% is asked" if dtype is torch.float32 else "where 98.00% is asked") in message


def test_in_bf16_the_config_names_the_bound(tiny_merge):
    assert tiny_merge(torch.bfloat16, parityTopTokens=1.0).end() == ("failed", "parity")


def test_a_lower_bound_does_not_loosen_float32(tiny_merge):
    merge = tiny_merge(torch.float32, SPOILED["one layer's MLP is left out"], parityTopTokens=0.0)
    assert merge.end() == ("failed", "parity")
    assert "greedy answers are others" in merge.events("end")[0]["message"]


def test_four_bit_weights_without_bitsandbytes_are_told(stage, adapter, monkeypatch):
    monkeypatch.setitem(
        sys.modules, "bitsandbytes", None
    )  # as if it were not installed, here and in the fork
    merge = stage("merge", RL_ROWS, adapter=adapter, models={"loadIn4bit": True})
    assert merge.run() == 1
    assert merge.end() == ("failed", "no_bitsandbytes")
    assert not (merge.folder / "merged").exists()
