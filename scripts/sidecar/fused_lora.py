"""
LoRA's maps on a GPU in three multiplications, the last of which adds in place.

PEFT computes x W^T + b, (x A^T) B^T, its product with the scale and the sum one after the other: of what is
as large as the output it writes four and reads three. Here it writes two and reads one, and a backward pass
saves as much. Same values within bf16's rounding: scripts/tests/test_fused_lora.py.
"""

from __future__ import annotations

from types import MethodType
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from peft.tuners.lora import Linear
from torch import Tensor, nn

if TYPE_CHECKING:
    from peft import PeftModel


class LowRank(torch.autograd.Function):
    """
    x W^T + b + scale (x A^T) B^T for x (T, in) in the precision of W (out, in) and b (out,). A (rank, in) and
    B (out, rank) learn, in a precision of their own. They are rounded anew each time: nothing tells that they
    have changed, torch's fused AdamW does not count as a change of a tensor's version.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, a: Tensor, b: Tensor, weight: Tensor, bias: Tensor | None, scale: float
    ) -> Tensor:
        ctx.learnt, ctx.scale = a.dtype, scale
        a, b = a.to(x.dtype), b.to(x.dtype)
        low = torch.addmm(x.new_empty(1), x, a.T, beta=0, alpha=scale)  # (T, rank); beta 0: alpha x A^T alone
        ctx.save_for_backward(x, low, a, b, weight)
        return F.linear(x, weight, bias).addmm_(low, b.T)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
        x, low, a, b, weight = ctx.saved_tensors
        slope_low = torch.addmm(x.new_empty(1), slope, b, beta=0, alpha=ctx.scale)
        slope_x = (slope @ weight).addmm_(slope_low, a) if ctx.needs_input_grad[0] else None
        slope_a, slope_b = product(slope_low.T, x, ctx.learnt), product(slope.T, low, ctx.learnt)
        return slope_x, slope_a, slope_b, None, None, None


def product(one: Tensor, other: Tensor, dtype: torch.dtype) -> Tensor:
    """Of two matrices, in `dtype`: on a GPU without rounding to theirs first."""
    return (
        torch.mm(one, other, out_dtype=dtype)
        if one.is_cuda and one.dtype != dtype
        else (one @ other).to(dtype)
    )


def fuse(model: PeftModel) -> int:
    """
    Has each map of `model` that a plain LoRA adapter stands beside computed as above, and returns how many.
    PEFT's way stays for what is left: dropout, weights in 4 bit, an adapter that is switched off or merged.
    """
    maps = [module for module in model.modules() if type(module) is Linear and is_plain(module)]
    for module in maps:
        module.forward = MethodType(forward, module)
    return len(maps)


def is_plain(module: Linear) -> bool:
    without_dropout = all(isinstance(dropout, nn.Identity) for dropout in module.lora_dropout.values())
    base = module.get_base_layer()
    return type(base) is nn.Linear and base.weight.is_floating_point() and without_dropout


def forward(self: Linear, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    names = [name for name in self.active_adapters if name in self.lora_A]
    usual = self.disable_adapters or self.merged or len(names) != 1 or args or kwargs
    if usual or names[0] in self.lora_variant or self.lora_B[names[0]].bias is not None:
        return Linear.forward(self, x, *args, **kwargs)
    base, a, b = self.get_base_layer(), self.lora_A[names[0]].weight, self.lora_B[names[0]].weight
    rows = x.reshape(-1, x.size(-1)).to(base.weight.dtype)
    out = LowRank.apply(rows, a, b, base.weight, base.bias, self.scaling[names[0]])
    return out.view(*x.shape[:-1], -1)
