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
    x W^T + b + scale (x A^T) B^T for x (T, in) in the weights' precision. A (rank, in) and B (out, rank)
    learn, in a precision of their own; W (out, in) and b do not.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, down: Tensor, up: Tensor, weight: Tensor, bias: Tensor | None, scale: float
    ) -> Tensor:
        ctx.learnt, ctx.scale = down.dtype, scale
        down, up = down.to(x.dtype), (up * scale).to(x.dtype)
        low = x @ down.T  # (T, rank)
        ctx.save_for_backward(x, low, down, up, weight)
        return F.linear(x, weight, bias).addmm_(low, up.T)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None, None, None]:
        x, low, down, up, weight = ctx.saved_tensors
        slope_low = slope @ up
        slope_x = (slope @ weight).addmm_(slope_low, down) if ctx.needs_input_grad[0] else None
        slope_down = (slope_low.T @ x).to(ctx.learnt)
        slope_up = (slope.T @ low).to(ctx.learnt).mul_(ctx.scale)
        return slope_x, slope_down, slope_up, None, None, None


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
    base, down, up = self.get_base_layer(), self.lora_A[names[0]].weight, self.lora_B[names[0]].weight
    rows = x.reshape(-1, x.size(-1)).to(base.weight.dtype)
    out = LowRank.apply(rows, down, up, base.weight, base.bias, self.scaling[names[0]])
    return out.view(*x.shape[:-1], -1)
