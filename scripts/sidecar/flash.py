"""
Attention over rows laid end to end, without padding: torch's own FlashAttention for sequences of varying length.

transformers' "flash_attention_2" needs a package that is compiled on the user's machine; the same kernel is in torch ≥ 2.10
(torch.nn.attention.varlen). Whether it works on the GPU at hand, with fewer key heads than query heads, is tried before it is used.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from transformers import AttentionInterface

VARLEN = "ftmodel_varlen"
TOLERANCE = 0.02  # bf16 keeps 8 bits: two correct kernels differ by about this much of the largest value

# queries (T, H, D), keys and values (T, KV, D), cumulative lengths (N + 1,), the longest, the scale → (T, H, D)
Kernel = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, int, float], torch.Tensor]


def flash(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, ends: torch.Tensor, longest: int, scale: float) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    return varlen_attn(query, key, value, ends, ends, longest, longest, scale=scale, window_size=(-1, 0))


def flash_repeated(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, ends: torch.Tensor, longest: int, scale: float) -> torch.Tensor:
    """For a kernel that wants as many key heads as query heads."""
    share = query.size(1) // key.size(1)
    return flash(query, key.repeat_interleave(share, 1), value.repeat_interleave(share, 1), ends, longest, scale)


def one_by_one(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, ends: torch.Tensor, longest: int, scale: float) -> torch.Tensor:
    """The same, a sequence at a time: slow, and what the kernels are checked against."""
    out = []
    for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
        q, k, v = (x[start:end].transpose(0, 1)[None] for x in (query, key, value))  # (1, heads, t, D)
        out.append(F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale, enable_gqa=True)[0].transpose(0, 1))
    return torch.cat(out)


def working_kernel(device: str) -> tuple[Kernel | None, str]:
    """The first kernel whose answers and gradients agree with `one_by_one` on `device`; and, in words, which or why none."""
    if device == "cpu":
        return None, "torch's flash kernel runs on a GPU only"
    reasons = []
    for kernel, name in [(flash, "torch's FlashAttention"), (flash_repeated, "torch's FlashAttention with repeated key heads")]:
        try:
            error = difference(kernel, device)
        except (ImportError, RuntimeError, NotImplementedError) as problem:
            reasons.append(f"{name}: {str(problem).splitlines()[0]}")
            continue
        if error < TOLERANCE:
            return kernel, name
        reasons.append(f"{name} differs from plain attention by {error:.3f}")
    return None, "; ".join(reasons)


def difference(kernel: Kernel, device: str, dtype: torch.dtype = torch.bfloat16) -> float:
    """The largest difference to `one_by_one` of answers and gradients, relative to the largest value; three sequences, grouped heads."""
    draw = torch.Generator().manual_seed(0)
    ends = torch.tensor([0, 5, 133, 200], dtype=torch.int32, device=device)
    shapes = [(200, 6, 64), (200, 2, 64), (200, 2, 64), (200, 6, 64)]
    query, key, value, weight = (torch.randn(shape, generator=draw).to(device, dtype) for shape in shapes)
    found = []
    for attend in (one_by_one, kernel):
        inputs = [x.clone().requires_grad_() for x in (query, key, value)]
        out = attend(*inputs, ends, 128, 64**-0.5)
        found.append([out.detach(), *torch.autograd.grad((out * weight).sum(), inputs)])
    return max(((a - b).abs().max() / a.abs().max()).item() for a, b in zip(*found, strict=True))


def use_kernel(model: torch.nn.Module, kernel: Kernel) -> None:
    """Switches a model to attention over rows laid end to end; it then takes no padded batch and cannot generate."""

    def attention(module, query, key, value, attention_mask, scaling=None, cu_seq_lens_q=None, max_length_q=None, **_):
        # query (1, H, T, D), key and value (1, KV, T, D)
        if cu_seq_lens_q is None:
            raise ValueError("this attention reads rows laid end to end (padding_free); a padded batch would be read as one row")
        rows = [x[0].transpose(0, 1) for x in (query, key, value)]
        out = kernel(*rows, cu_seq_lens_q, int(max_length_q), query.size(-1) ** -0.5 if scaling is None else scaling)
        return out[None], None  # (1, T, H, D)

    AttentionInterface.register(VARLEN, attention)
    model.set_attn_implementation(VARLEN)
