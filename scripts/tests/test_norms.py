"""torch's norm computes what a model's own does, and leaves another kind alone."""

import pytest
import torch
from sidecar.norms import use_torch_norms
from torch import nn
from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm


def qwen(dtype: torch.dtype) -> nn.Module:
    norm = Qwen2RMSNorm(48, eps=1e-6)
    norm.weight.data = torch.linspace(0.5, 2, 48)
    return norm.to(dtype).requires_grad_(False)


@pytest.mark.parametrize("dtype, within", [(torch.float32, 1e-6), (torch.bfloat16, 0.02)])
def test_the_same_values_and_gradients_as_the_models_own(dtype, within):
    values = torch.randn(3, 17, 48, generator=torch.Generator().manual_seed(2)).to(dtype)
    own, fast = qwen(dtype), qwen(dtype)
    assert use_torch_norms(fast) == 1
    found = []
    for norm in (own, fast):
        x = values.clone().requires_grad_()
        out = norm(x)
        out.float().pow(3).sum().backward()
        found.append((out.detach(), x.grad))
    for expected, value in zip(*found, strict=True):
        assert value.dtype == dtype
        assert (value - expected).abs().max() <= within * expected.abs().max()


def test_norms_of_another_kind_or_that_learn_keep_their_own_way():
    assert use_torch_norms(GemmaRMSNorm(8).requires_grad_(False)) == 0
    assert use_torch_norms(Qwen2RMSNorm(8)) == 0
