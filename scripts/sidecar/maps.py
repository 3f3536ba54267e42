"""The frozen linear maps of a small model on a CPU, and LoRA's factors beside or inside them."""

from __future__ import annotations

import platform
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ONE_DNN = torch.backends.mkldnn.is_available() and platform.machine() in ("x86_64", "AMD64")


class Weight:
    """
    A frozen map, x W^T + b, by oneDNN from weights in an order of its own: with 512-bit registers that is
    twice as fast in float32 as MKL, which torch takes otherwise, is on AMD. `trained`: gradients flow back
    through it. `rows`: of x, for which the order is best.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None = None, trained: bool = False, rows: int = 1024):
        self.there = ordered(weight, rows)  # (out, in)
        self.back = ordered(weight.T.contiguous(), rows) if trained else None
        self.bias = bias

    def __call__(self, x: Tensor) -> Tensor:
        return product(x, self.there, self.bias)


class Adapted(torch.autograd.Function):
    """
    x W^T + b + (x A^T) B^T for x (T, in): A (rank, in) and B (out, rank) learn, W and b do not. Nothing of
    (T, out) is there twice.
    """

    @staticmethod
    def forward(ctx, x: Tensor, down: Tensor, up: Tensor, weight: Weight) -> Tensor:
        low = product(x, down)  # (T, rank)
        ctx.weight = weight
        ctx.save_for_backward(x, low, down, up)
        return weight(x).addmm_(low, up.T)

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, low, down, up = ctx.saved_tensors
        slope_low = product(slope, up.T.contiguous())
        slope_x = product(slope, ctx.weight.back).addmm_(slope_low, down) if ctx.needs_input_grad[0] else None
        return slope_x, slope_low.T @ x, slope.T @ low, None


class Chosen(torch.autograd.Function):
    """
    Log-probabilities of the tokens `said` (N,), and the entropies, under softmax of the head's logits: the
    probabilities are there once, and become the gradient in place.
    """

    @staticmethod
    def forward(ctx, x: Tensor, head: Weight, said: Tensor) -> tuple[Tensor, Tensor]:
        logs = torch.log_softmax(product(x, head.there), -1)  # (N, V)
        chosen = logs.gather(-1, said[:, None]).squeeze(-1)
        probs = logs.exp()
        entropies = -logs.mul_(probs).sum(-1)
        ctx.head, ctx.said, ctx.probs = head, said, probs
        ctx.mark_non_differentiable(entropies)
        return chosen, entropies

    @staticmethod
    def backward(ctx, slope: Tensor, _: Tensor) -> tuple[Tensor, None, None]:
        logits = ctx.probs.mul_(-slope[:, None])
        logits.scatter_add_(1, ctx.said[:, None], slope[:, None])
        return product(logits, ctx.head.back), None, None


def ordered(weight: Tensor, rows: int) -> Tensor:
    return torch.ops.mkldnn._reorder_linear_weight(weight, rows) if ONE_DNN else weight


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if not ONE_DNN or not weight.numel():  # a map that LoRA leaves alone has factors of rank 0
        return F.linear(x, weight, bias)
    return torch.ops.mkldnn._linear_pointwise(x.contiguous(), weight, bias, "none", [], "")


class Map:
    """
    Linear maps of the same input, side by side, with LoRA's factors `adapter` (None: without): multiplied
    beside the weights where `trained`, otherwise folded into them by `refresh`.
    """

    def __init__(self, maps: Sequence[nn.Module], adapter: str | None, trained: bool):
        self.bases = [base_of(m) for m in maps]
        self.factors = [factors_of(m, adapter) for m in maps]
        self.trained = trained
        biases = [base.bias.detach() for base in self.bases if base.bias is not None]
        self.bias = torch.cat(biases) if biases else None  # (out,): all maps have one, or none
        self.weight = Weight(self.stacked(), self.bias, trained=trained)

    def stacked(self) -> Tensor:
        return torch.cat([base.weight.detach() for base in self.bases])  # (out, in)

    def low_rank(self) -> tuple[Tensor, Tensor]:
        """LoRA's factors of all the maps: (ranks, in), and (out, ranks), scaled."""
        down, up, scale = zip(*self.factors, strict=True)
        return torch.cat(down), torch.block_diag(*(b * s for b, s in zip(up, scale, strict=True)))

    def refresh(self, rows: int) -> None:
        down, up = self.low_rank()
        self.weight = Weight(torch.addmm(self.stacked(), up, down), self.bias, rows=rows)

    def __call__(self, x: Tensor) -> Tensor:
        """x (T, in) → (T, out)"""
        return Adapted.apply(x, *self.low_rank(), self.weight) if self.trained else self.weight(x)


def factors_of(map: nn.Module, adapter: str | None) -> tuple[Tensor, Tensor, float]:
    """LoRA's A (rank, in), B (out, rank) and scale; of rank 0 where the map has none."""
    if adapter in getattr(map, "lora_A", {}):
        return map.lora_A[adapter].weight, map.lora_B[adapter].weight, map.scaling[adapter]
    weight = base_of(map).weight
    return weight.new_zeros(0, weight.size(1)), weight.new_zeros(weight.size(0), 0), 1.0


def base_of(map: nn.Module) -> nn.Module:
    """
    What PEFT has put LoRA's factors beside, or the map itself. By its looks: a server loads no PEFT, which
    takes a second and, through bitsandbytes, a hold of the GPU.
    """
    return map.get_base_layer() if hasattr(map, "lora_A") else map
