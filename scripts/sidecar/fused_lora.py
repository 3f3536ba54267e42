"""
LoRA's maps on a GPU in three multiplications, the last of which adds in place.

PEFT computes x W^T + b, (x A^T) B^T, its product with the scale and the sum one after the other: of what is
as large as the output it writes four and reads three. Here it writes two and reads one, and a backward pass
saves as much. Maps of one input (query, key and value; an MLP's gate and up) are one step: a short pass keeps
Python busier than the GPU. Same values within bf16's rounding: scripts/tests/test_fused_lora.py.
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

# A decoder layer's maps that read the same input, in the order in which they are asked.
TOGETHER = [["q_proj", "k_proj", "v_proj"], ["gate_proj", "up_proj"]]


class LowRank(torch.autograd.Function):
    """
    x W^T + b + scale (x A^T) B^T of each map that reads x (…, in): (T, out) of its T rows, in the precision
    of its W (out, in) and b (out,). `maps`: A (rank, in), B (out, rank), W and b of the first, then of the
    second and so on. A and B learn, in a precision of their own. They are rounded anew each time: nothing
    tells that they have changed, torch's fused AdamW does not count as a change of a tensor's version.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float, *maps: Tensor | None) -> tuple[Tensor, ...]:
        downs, ups, weights, biases = maps[::4], maps[1::4], maps[2::4], maps[3::4]
        rows = x.reshape(-1, x.size(-1)).to(weights[0].dtype)
        ctx.learnt, ctx.scale, ctx.shape = downs[0].dtype, scale, x.shape
        down = (torch.cat(downs) if len(downs) > 1 else downs[0]).to(rows.dtype)  # (all ranks, in)
        ups = [up.to(rows.dtype) for up in ups]
        low = scaled_product(scale, rows, down.T)  # (T, all ranks)
        ctx.save_for_backward(rows, low, down, *ups, *weights)
        return tuple(
            F.linear(rows, weight, bias).addmm_(own, up.T)
            for weight, bias, own, up in zip(weights, biases, by_rank(low, ups, 1), ups, strict=True)
        )

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        rows, low, down, *rest = ctx.saved_tensors
        ups, weights = rest[: len(slopes)], rest[len(slopes) :]
        slope_low = torch.empty_like(low)
        for slope, own, up in zip(slopes, by_rank(slope_low, ups, 1), ups, strict=True):
            scaled_product(ctx.scale, slope, up, own)
        slope_x = None
        if ctx.needs_input_grad[0]:
            slope_x = slopes[0] @ weights[0]
            for slope, weight in zip(slopes[1:], weights[1:], strict=True):
                slope_x.addmm_(slope, weight)
            slope_x = slope_x.addmm_(slope_low, down).view(ctx.shape)
        slope_downs = by_rank(product(slope_low.T, rows, ctx.learnt), ups, 0)
        found = []
        for slope, own, slope_down in zip(slopes, by_rank(low, ups, 1), slope_downs, strict=True):
            found += [slope_down, product(slope.T, own, ctx.learnt), None, None]
        return slope_x, None, *found


def by_rank(low: Tensor, ups: list[Tensor], axis: int) -> tuple[Tensor, ...]:
    """Each map's part of what all their ranks share."""
    return low.split([up.size(1) for up in ups], axis)


def scaled_product(scale: float, one: Tensor, other: Tensor, out: Tensor | None = None) -> Tensor:
    return torch.addmm(one.new_empty(1), one, other, beta=0, alpha=scale, out=out)  # beta 0: alone


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
    plain = {name: module for name, module in model.named_modules() if is_plain(module)}
    for layer, _ in model.named_modules():
        for names in TOGETHER:
            maps = [plain.get(f"{layer}.{name}") for name in names]
            if all(maps):
                Together(maps)
    for module in plain.values():
        if "forward" not in vars(module):
            Together([module])
    return len(plain)


def is_plain(module: nn.Module) -> bool:
    if type(module) is not Linear:
        return False
    without_dropout = all(isinstance(dropout, nn.Identity) for dropout in module.lora_dropout.values())
    base = module.get_base_layer()
    return type(base) is nn.Linear and base.weight.is_floating_point() and without_dropout


class Together:
    """Maps that a layer gives one input: the first that is asked computes all, the others hand out theirs."""

    def __init__(self, maps: list[Linear]):
        self.maps = maps
        self.forget()
        for module in maps:
            module.together, module.forward = self, MethodType(forward, module)

    def forget(self) -> None:
        self.left: dict[Linear, Tensor] = {}
        self.asked: tuple[Any, ...] = ()

    def take(self, module: Linear, x: Tensor) -> Tensor | None:
        """What `module` makes of x; None where PEFT has to."""
        asked = (x, torch.is_grad_enabled(), adapter_of(module))
        if module is self.maps[0]:
            self.left, self.asked = self.computed(x), asked
        same = len(self.asked) > 0 and self.asked[0] is x and self.asked[1:] == asked[1:]
        out = self.left.pop(module, None) if same else None
        if out is None or not self.left:
            self.forget()
        return out

    def computed(self, x: Tensor) -> dict[Linear, Tensor]:
        """What each map makes of x; nothing where PEFT has to."""
        adapters = {adapter_of(module) for module in self.maps}
        adapter = adapters.pop()
        if adapter is None or adapters or len({module.scaling[adapter] for module in self.maps}) > 1:
            return {}
        maps: list[Tensor | None] = []
        for module in self.maps:
            base = module.get_base_layer()
            maps += [module.lora_A[adapter].weight, module.lora_B[adapter].weight, base.weight, base.bias]
        outs = LowRank.apply(x, self.maps[0].scaling[adapter], *maps)
        return {module: out.view(*x.shape[:-1], -1) for module, out in zip(self.maps, outs, strict=True)}


def forward(self: Linear, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    out = None if args or kwargs else self.together.take(self, x)
    return Linear.forward(self, x, *args, **kwargs) if out is None else out


def adapter_of(module: Linear) -> str | None:
    """The one plain adapter that is at work beside this map; None where it is not so simple."""
    names = [name for name in module.active_adapters if name in module.lora_A]
    if module.disable_adapters or module.merged or len(names) != 1 or names[0] in module.lora_variant:
        return None
    return None if module.lora_B[names[0]].bias is not None else names[0]
