"""
How vLLM gets the policy inside GRPO, with a vLLM that only notes what it is given: the real one is in
test_gpu.py.
"""

import copy
import os
import re
import socket
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from conftest import ROOT
from sidecar import colocate
from sidecar.colocate import limit_cache, merged_weights, own_master_port, seed_sampler, sync_without_merging
from sidecar.model import TARGETS


@pytest.fixture
def policy(make_base):
    """
    bf16, as on a GPU, with an adapter that has learnt something and the frozen one that TRL adds for the KL.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    base = AutoModelForCausalLM.from_pretrained(make_base(), dtype=torch.bfloat16)
    model = get_peft_model(base, LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS, task_type="CAUSAL_LM"))
    model.add_adapter("ref", model.peft_config["default"])
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.01)
    return model


def test_what_vllm_gets_is_the_merged_model_and_every_weight_of_it(policy):
    given = {name: weight.clone() for name, weight in merged_weights(policy)}
    merged = copy.deepcopy(policy)
    merged.delete_adapter("ref")
    whole = dict(merged.merge_and_unload().named_parameters())
    assert given.keys() == whole.keys()
    for name, weight in whole.items():
        assert torch.equal(given[name], weight), name
        assert given[name].dtype == torch.bfloat16


def test_the_base_keeps_every_bit_where_merging_in_place_would_change_it(policy):
    base = {
        name: weight.detach().clone() for name, weight in policy.named_parameters() if "lora_" not in name
    }
    in_place = copy.deepcopy(policy)
    for _ in range(20):
        for _ in merged_weights(policy):
            pass
        in_place.merge_adapter()
        in_place.unmerge_adapter()
    assert all(torch.equal(weight, policy.get_parameter(name)) for name, weight in base.items())
    assert not all(torch.equal(weight, in_place.get_parameter(name)) for name, weight in base.items())


@pytest.mark.parametrize("sleeps", [False, True])
def test_vllm_is_woken_given_the_policy_and_forgets_its_prefixes(policy, sleeps):
    calls = []
    model = SimpleNamespace(load_weights=lambda weights: calls.append(("load_weights", len(dict(weights)))))
    engine = SimpleNamespace(
        model_executor=SimpleNamespace(
            driver_worker=SimpleNamespace(model_runner=SimpleNamespace(model=model))
        )
    )
    llm = SimpleNamespace(
        llm_engine=engine,
        wake_up=lambda tags: calls.append(("wake_up", tags)),
        reset_prefix_cache=lambda: calls.append(("reset_prefix_cache",)),
    )
    generation = SimpleNamespace(
        llm=llm, model=policy, enable_sleep_mode=sleeps, _llm_weights_sleeping=sleeps
    )
    phases = []
    sync_without_merging(
        SimpleNamespace(vllm_generation=generation, phase=lambda name: nullcontext(phases.append(name)))
    )
    generation.sync_weights()
    assert phases == ["sync"]
    weights = len(list(merged_weights(policy)))
    assert calls == [
        *([("wake_up", ["weights"])] if sleeps else []),
        ("load_weights", weights),
        ("reset_prefix_cache",),
    ]
    assert generation._llm_weights_sleeping is False


def test_the_seed_and_the_process_decide_what_is_drawn_whatever_vllm_has_seeded(monkeypatch):
    def drawn(seed, rank):
        monkeypatch.setenv("RANK", str(rank))
        torch.manual_seed(0)  # as vLLM does
        seed_sampler(seed)
        return torch.rand(4).tolist()

    assert drawn(1, 0) == drawn(1, 0)
    assert len({tuple(drawn(*which)) for which in [(1, 0), (2, 0), (1, 7)]}) == 3


def test_trl_still_has_what_is_replaced():
    from trl.generation.vllm_generation import VLLMGeneration, empty_cache

    assert callable(VLLMGeneration.sync_weights) and callable(empty_cache)


def test_the_scheduler_that_is_known_is_that_of_the_vllm_that_is_locked():
    (locked,) = re.findall(r'"vllm==([0-9.]+)', (ROOT / "pyproject.toml").read_text())
    assert locked == colocate.KNOWN


@pytest.mark.parametrize("installed", [colocate.KNOWN, "0.99.0"])
def test_another_vllm_schedules_by_itself_and_the_log_says_so(monkeypatch, capsys, installed):
    used = []
    short = SimpleNamespace(use_whole_answers=lambda: used.append(True))
    monkeypatch.setitem(sys.modules, "sidecar.whole_answers", short)
    monkeypatch.setattr(colocate, "version", lambda name: {"vllm": installed}[name])
    colocate.want_whole_answers()
    known = installed == colocate.KNOWN
    assert used == [True] * known
    said = capsys.readouterr().out
    assert said == "" if known else said.startswith("off answers scheduled as a whole")


def test_a_process_alone_meets_on_a_free_port_of_this_machine_and_one_of_several_where_the_launcher_says(
    monkeypatch,
):
    for name in ("WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    own_master_port()
    with socket.create_server((os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]))) as taken:
        own_master_port()
        assert int(os.environ["MASTER_PORT"]) != taken.getsockname()[1]
    assert os.environ["MASTER_ADDR"] == "127.0.0.1"
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_PORT", "12345")
    own_master_port()
    assert os.environ["MASTER_PORT"] == "12345"


@pytest.mark.parametrize(("share", "holds"), [(0.1, True), (0.02, False)])
def test_vllm_gets_cache_for_all_answers_of_a_step_where_its_share_holds_them(
    policy, monkeypatch, share, holds
):
    from trl.generation import vllm_generation

    shape = policy.get_base_model().config
    width = shape.num_key_value_heads * (shape.hidden_size // shape.num_attention_heads)
    expected = 2 * shape.num_hidden_layers * width * 2 * 64 * 1000 if holds else None
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=80 * 2**30)
    )
    monkeypatch.setattr(vllm_generation, "LLM", lambda **arguments: arguments, raising=False)
    limit_cache(policy.get_base_model(), answers=64, length=1000, share=share)
    assert vllm_generation.LLM(model="x").get("kv_cache_memory_bytes") == expected
