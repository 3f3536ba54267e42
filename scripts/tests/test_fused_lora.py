"""LoRA's maps in one piece compute what PEFT computes: values and gradients, within rounding."""

from copy import deepcopy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from sidecar.fused_lora import LowRank, fuse, is_plain
from torch import nn

FULL, HALF = torch.float32, torch.bfloat16
# Of the largest value: float32 keeps 24 bits, bf16 8.
WITHIN = {FULL: 1e-5, HALF: 0.02}


class Maps(nn.Module):
    """Two maps, the second without a bias, behind each other."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(24, 40), nn.Linear(40, 16, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(torch.tanh(self.first(x)))


def adapted(dtype: torch.dtype, dropout: float = 0.0, of: type[nn.Module] = Maps):
    torch.manual_seed(7)
    base = of()
    names = [name for name, _ in base.named_children()]
    config = LoraConfig(r=4, lora_alpha=12, lora_dropout=dropout, target_modules=names)
    model = get_peft_model(base.to(dtype), config)
    for name, weight in model.named_parameters():
        if "lora_" in name:  # B is zero at first, and would hide a fault in A
            weight.data = torch.randn(weight.shape) * 0.3
    return model


def learnt(model: nn.Module, x: torch.Tensor, dtype: torch.dtype):
    """Output and gradients, of the input too, as a trainer gets them."""
    x = x.to(dtype).detach().requires_grad_()
    with torch.autocast("cpu", HALF, enabled=dtype == HALF):
        out = model(x)
    out.float().square().sum().backward()
    grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {"out": out.detach(), "x": x.grad, **grads}


def assert_close(found, expected, dtype, count):
    assert found.keys() == expected.keys() and len(found) == count
    for name, value in expected.items():
        assert found[name].dtype == value.dtype, name
    assert worst_error(found, expected) < WITHIN[dtype]


def worst_error(found, expected):
    """Of all tensors, relative to the largest value of each."""
    errors = {
        name: (found[name].float() - value.float()).abs().max() / value.float().abs().max()
        for name, value in expected.items()
    }
    return max(errors.values()).item()


class CountedSteps:
    """How often maps were computed in one piece."""

    count = 0

    def __enter__(self):
        self.apply = LowRank.apply
        LowRank.apply = self.counted
        return self

    def counted(self, *args):
        self.count += 1
        return self.apply(*args)

    def __exit__(self, *error):
        del LowRank.apply  # the inherited one is back


@pytest.mark.parametrize("dtype", [FULL, HALF])
@pytest.mark.parametrize("shape", [(3, 11, 24), (17, 24)])
def test_same_values_and_gradients_as_peft(dtype, shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    model = adapted(dtype)
    expected = learnt(model, x, dtype)
    model.zero_grad()
    assert fuse(model) == 2
    found = learnt(model, x, dtype)
    assert_close(found, expected, dtype, 6)


class Layer(nn.Module):
    """As a decoder layer asks: three maps of one input, then two."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = nn.Linear(24, 40), nn.Linear(24, 8), nn.Linear(24, 8)
        self.gate_proj, self.up_proj = (nn.Linear(16, 12, bias=False) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        y = torch.tanh(torch.cat([k + q[..., :8], v - q[..., 8:16]], -1))
        return torch.sigmoid(self.gate_proj(y)) * self.up_proj(y)


def test_maps_of_one_input_compute_together_what_they_compute_alone():
    x = torch.randn((3, 11, 24), generator=torch.Generator().manual_seed(1))
    model = adapted(FULL, of=Layer)
    expected = learnt(model, x, FULL)
    model.zero_grad()
    assert fuse(model) == 5
    with CountedSteps() as steps:
        found = learnt(model, x, FULL)
    assert steps.count == 2
    assert_close(found, expected, FULL, 12)


def test_in_bf16_they_are_as_near_to_float32_as_peft_is():
    x = torch.randn((3, 11, 24), generator=torch.Generator().manual_seed(1)).to(HALF)
    exact = learnt(adapted(HALF, of=Layer).float(), x, FULL)
    model = adapted(HALF, of=Layer)
    by_peft = learnt(model, x, HALF)
    model.zero_grad()
    fuse(model)
    found = learnt(model, x, HALF)
    assert worst_error(found, exact) < 1.2 * worst_error(by_peft, exact) < 0.1


def test_a_map_that_is_asked_alone_or_for_another_input_gives_its_own():
    x, other = torch.randn(5, 24), torch.randn(5, 24)
    model, plain = adapted(FULL, of=Layer), adapted(FULL, of=Layer)
    fuse(model)
    maps, expected = model.base_model.model, plain.base_model.model
    torch.testing.assert_close(maps.v_proj(x), expected.v_proj(x))  # before the first of them
    maps.q_proj(x)
    torch.testing.assert_close(maps.k_proj(other), expected.k_proj(other))
    torch.testing.assert_close(maps.k_proj(x), expected.k_proj(x))
    torch.testing.assert_close(maps.k_proj(x), expected.k_proj(x))  # and once more


def test_what_was_computed_for_one_call_is_not_given_to_another():
    x = torch.randn(5, 24)
    model, plain = adapted(FULL, of=Layer), adapted(FULL, of=Layer)
    fuse(model)
    maps, expected = model.base_model.model, plain.base_model.model
    with torch.no_grad():
        maps.q_proj(x)
    assert maps.k_proj(x).requires_grad
    maps.q_proj(x)
    with model.disable_adapter(), plain.disable_adapter():
        torch.testing.assert_close(maps.k_proj(x), expected.k_proj(x))


def test_what_comes_out_may_be_changed_in_place():
    x = torch.randn(5, 24, requires_grad=True)
    model = adapted(FULL, of=Layer)
    fuse(model)
    maps = model.base_model.model
    (maps.q_proj(x).clamp_(-1, 1).sum() + maps.k_proj(x).mul_(2).sum()).backward()
    assert x.grad.isfinite().all()


def test_a_copy_of_a_model_is_one_of_its_own():
    x = torch.randn(5, 24)
    model = adapted(FULL, of=Layer)
    fuse(model)
    other = deepcopy(model)
    for weight in other.parameters():
        weight.data.zero_()
    with CountedSteps() as steps:
        assert model(x).abs().sum() > 0
        assert other(x).abs().sum() == 0
    assert steps.count == 4


def test_maps_of_different_scales_are_left_to_peft():
    x = torch.randn(5, 24)
    model, plain = adapted(FULL, of=Layer), adapted(FULL, of=Layer)
    fuse(model)
    for one in (model, plain):
        one.base_model.model.k_proj.scaling["default"] = 0.5
    torch.testing.assert_close(model(x), plain(x))


@pytest.mark.parametrize("kind", [{"fused": True}, {"foreach": True}])
def test_what_an_optimizer_has_changed_is_seen_at_once(kind):
    x = torch.randn(6, 24).to(HALF)
    model, plain = adapted(HALF), adapted(HALF)
    fuse(model)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1, **kind)
    for _ in range(3):
        optimizer.zero_grad()
        with torch.autocast("cpu", HALF):
            model(x).float().square().sum().backward()
        optimizer.step()
    plain.load_state_dict(model.state_dict())
    with torch.no_grad(), torch.autocast("cpu", HALF):
        expected = plain(x)
        assert (model(x) - expected).abs().max() < WITHIN[HALF] * expected.abs().max()


def test_an_adapter_that_is_off_merged_or_another_one_is_left_to_peft():
    x = torch.randn(5, 24)
    model = adapted(FULL)
    plain = adapted(FULL)
    fuse(model)
    with torch.no_grad():
        with model.disable_adapter(), plain.disable_adapter():
            torch.testing.assert_close(model(x), plain(x))
        for one in (model, plain):
            one.merge_adapter()
        torch.testing.assert_close(model(x), plain(x))
        for one in (model, plain):
            one.unmerge_adapter()
            one.add_adapter("other", LoraConfig(r=2, target_modules=["first"]))
            one.set_adapter("other")
        torch.testing.assert_close(model(x), plain(x))


def test_what_drops_out_or_is_quantised_keeps_its_own_way():
    assert fuse(adapted(FULL, dropout=0.1)) == 0
    model = adapted(FULL)
    model.base_model.model.first.base_layer.weight = nn.Parameter(
        torch.zeros(40, 24, dtype=torch.uint8), requires_grad=False
    )
    assert not is_plain(model.base_model.model.first)
