"""LoRA's maps in one piece compute what PEFT computes: values and gradients, within rounding."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from sidecar.fused_lora import fuse, is_plain
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


def adapted(dtype: torch.dtype, dropout: float = 0.0):
    torch.manual_seed(7)
    config = LoraConfig(r=4, lora_alpha=12, lora_dropout=dropout, target_modules=["first", "second"])
    model = get_peft_model(Maps().to(dtype), config)
    for name, weight in model.named_parameters():
        if "lora_" in name:  # B is zero at first, and would hide a fault in A
            weight.data = torch.randn(weight.shape) * 0.3
    return model


def learnt(model: nn.Module, x: torch.Tensor, dtype: torch.dtype):
    """Output and gradients, of the input too, as a trainer gets them."""
    x = x.to(dtype).requires_grad_()
    with torch.autocast("cpu", HALF, enabled=dtype == HALF):
        out = model(x)
    out.float().square().sum().backward()
    grads = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {"out": out.detach(), "x": x.grad, **grads}


@pytest.mark.parametrize("dtype", [FULL, HALF])
@pytest.mark.parametrize("shape", [(3, 11, 24), (17, 24)])
def test_same_values_and_gradients_as_peft(dtype, shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    model = adapted(dtype)
    expected = learnt(model, x, dtype)
    model.zero_grad()
    assert fuse(model) == 2
    found = learnt(model, x, dtype)
    assert found.keys() == expected.keys() and len(found) == 6
    for name, value in expected.items():
        assert found[name].dtype == value.dtype, name
        error = (found[name].float() - value.float()).abs().max() / value.float().abs().max()
        assert error < WITHIN[dtype], (name, error)


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
