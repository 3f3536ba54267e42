import json
import shutil
import sys

import pytest
import torch
from conftest import RL_ROWS
from safetensors.torch import load_file, save_file
from sidecar.runfile import RunFile, build
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
    assert (parity["parityPrompts"], parity["parityAgree"]) == (5, 5)
    assert 0 <= parity["maxLogitDifference"] < 1e-3  # float32 rounding
    assert merge.events("step")[0]["metrics"] == parity
    assert merge.events("warning") == []
    merged = {p.name for p in (merge.folder / "merged").iterdir()}
    assert {"model.safetensors", "config.json", "generation_config.json", "tokenizer.json", "chat_template.jinja"} <= merged
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
    before, after, lora = load_file(base / "model.safetensors"), load_file(merge.folder / "merged" / "model.safetensors"), load_file(adapter / "adapter_model.safetensors")
    name = "model.layers.1.mlp.up_proj"
    a, b = (lora[f"base_model.model.{name}.lora_{factor}.weight"] for factor in "AB")
    scale = merge.config["sft"]["loraAlpha"] / merge.config["sft"]["loraRank"]
    assert torch.allclose(after[f"{name}.weight"].float(), before[f"{name}.weight"].float() + scale * b @ a, atol=1e-5)
    assert (b @ a).abs().max() > 1e-4
    assert after["model.embed_tokens.weight"].float().equal(before["model.embed_tokens.weight"].float())


def assert_refused(merge):
    assert merge.run() == 1
    assert merge.end() == ("failed", "adapter_of_another_base")
    assert [e["event"] for e in merge.events()] == ["end"]
    assert not list(merge.folder.glob("*merged*"))


def test_an_adapter_whose_shapes_are_another_bases_is_refused_before_anything_is_written(stage, adapter, make_base):
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
    from sidecar.model import check_adapter

    name_base(adapter, name and name.format(base=base.name))
    value = run_json(profiles)
    value["models"] = {"base": {"path": str(base), "revision": "main", "sha256": "b"}, "adapter": {"path": str(adapter), "sha256": "a"}}
    check_adapter(build(RunFile, value, "", "run.json"))


def test_an_adapter_of_another_name_fits_when_its_origin_says_so(stage, adapter):
    name_base(adapter, "Qwen/Qwen2.5-0.5B-Instruct")
    (adapter / "origin.json").write_text(json.dumps({"run": "sft-x", "base": "b" * 64, "adapter": None}))
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()


def test_an_origin_that_names_no_base_leaves_it_to_the_adapter_s_config(stage, adapter):
    (adapter / "origin.json").write_text("{}")
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()


@pytest.mark.parametrize(("tensors", "says"), [({}, "holds no weights"), ({"base_model.model.lm_head.weight": [4, 4]}, "lm_head.weight is no factor")])
def test_an_adapter_that_holds_no_factors_is_not_merged(stage, adapter, tensors, says):
    save_file({name: torch.zeros(shape) for name, shape in tensors.items()}, adapter / "adapter_model.safetensors")
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
    grpo = stage("grpo", RL_ROWS, adapter=adapter, base=make_base(hidden=48), reward=reward_module("() => ({ total: 1 })"))
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
    assert set(json.loads((folder / "model.safetensors.index.json").read_text())["weight_map"].values()) == set(shards)
    assert json.loads((merge.folder / "parity.json").read_text())["parityAgree"] == 5


def test_the_logits_are_compared_in_parts_with_the_same_result(stage, adapter, monkeypatch):
    import merge as script

    found = []
    for bound in (script.LOGITS_AT_ONCE, 1):
        monkeypatch.setattr(script, "LOGITS_AT_ONCE", bound)
        merge = stage("merge", RL_ROWS, folder=f"at-{bound}", adapter=adapter)
        assert merge.run() == 0, merge.log()
        found.append(json.loads((merge.folder / "parity.json").read_text())["maxLogitDifference"])
    assert found[1] == pytest.approx(found[0], abs=1e-4)


def test_no_more_logits_are_there_at_once_than_the_bound_allows(stage, adapter, monkeypatch):
    import functools

    import merge as script
    from transformers import Qwen2ForCausalLM

    forward = Qwen2ForCausalLM.forward

    @functools.wraps(forward)
    def counted(*args, **kwargs):
        found = forward(*args, **kwargs)
        assert found.logits.size(1) == 1
        return found

    monkeypatch.setattr(script, "LOGITS_AT_ONCE", 1)
    monkeypatch.setattr(Qwen2ForCausalLM, "forward", counted)
    merge = stage("merge", RL_ROWS, adapter=adapter)
    assert merge.run() == 0, merge.log()


def test_the_largest_difference_is_that_of_all_logits_at_once(base, make_base, monkeypatch):
    import merge as script
    from transformers import AutoModelForCausalLM

    models = tuple(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval() for folder in (base, make_base(seed=1)))
    ids, mask, width = torch.arange(30, 60)[None], torch.ones(1, 30, dtype=torch.long), 10
    mask[:, :3] = 0  # a shorter prompt, padded
    with torch.inference_mode():
        one, other = (model(input_ids=ids, attention_mask=mask).logits[:, width - 1 :] for model in models)
        for bound in (script.LOGITS_AT_ONCE, 7 * models[0].config.vocab_size, 1):
            monkeypatch.setattr(script, "LOGITS_AT_ONCE", bound)
            assert script.largest_difference(models, ids, mask, width) == pytest.approx((one - other).abs().max().item(), abs=1e-3)


def test_four_bit_weights_without_bitsandbytes_are_told(stage, adapter, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)  # as if it were not installed, here and in the fork
    merge = stage("merge", RL_ROWS, adapter=adapter, models={"loadIn4bit": True})
    assert merge.run() == 1
    assert merge.end() == ("failed", "no_bitsandbytes")
    assert not (merge.folder / "merged").exists()
