"""
Attention over rows laid end to end, without padding: torch's own FlashAttention for sequences of varying
length.

transformers' "flash_attention_2" needs a package that is compiled on the user's machine; the same kernel is
in torch ≥ 2.10 (torch.nn.attention.varlen). Whether it works on the GPU at hand, with fewer key heads than
query heads, is tried before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from transformers import AttentionInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

VARLEN = "ftmodel_varlen"
TOLERANCE = 0.02  # bf16 keeps 8 bits: two correct kernels differ by about this much of the largest value


@dataclass(frozen=True)
class Sequences:
    """
    Which queries see which keys: sequence n has queries queries[n] to queries[n + 1] and keys keys[n] to
    keys[n + 1], and its last query sees all of its keys, the one before it all but the last, and so on. Fewer
    queries than keys: the first keys are a prefix.
    """

    queries: torch.Tensor  # (N + 1,) int32, cumulative
    keys: torch.Tensor  # (N + 1,) int32, cumulative
    most_queries: int  # of a sequence
    most_keys: int


# queries (T, H, D), keys and values (S, KV, D), their sequences, the scale → (T, H, D)
Kernel = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, Sequences, float], torch.Tensor]


def flash(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, sequences: Sequences, scale: float
) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    s = sequences
    return varlen_attn(
        query, key, value, s.queries, s.keys, s.most_queries, s.most_keys, scale=scale, window_size=(-1, 0)
    )


def flash_repeated(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, sequences: Sequences, scale: float
) -> torch.Tensor:
    """For a kernel that wants as many key heads as query heads."""
    share = query.size(1) // key.size(1)
    return flash(query, key.repeat_interleave(share, 1), value.repeat_interleave(share, 1), sequences, scale)


def one_by_one(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, sequences: Sequences, scale: float
) -> torch.Tensor:
    """The same, a sequence at a time: slow, and what the kernels are checked against."""
    out = []
    queries, keys = sequences.queries.tolist(), sequences.keys.tolist()
    for start, end, first, last in zip(queries, queries[1:], keys, keys[1:], strict=False):
        q = query[start:end].transpose(0, 1)[None]  # (1, H, t, D)
        k, v = (x[first:last].transpose(0, 1)[None] for x in (key, value))  # (1, KV, s, D)
        prefix = q.size(2) != k.size(2)
        mask = (
            torch.ones(q.size(2), k.size(2), dtype=torch.bool, device=q.device).tril(k.size(2) - q.size(2))
            if prefix
            else None
        )
        attended = F.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, is_causal=not prefix, scale=scale, enable_gqa=True
        )
        out.append(attended[0].transpose(0, 1))
    return torch.cat(out)


def working_kernel(device: str) -> tuple[Kernel | None, str]:
    """
    The first kernel whose answers and gradients agree with `one_by_one` on `device`; and, in words, which or
    why none.
    """
    if device == "cpu":
        return None, "torch's flash kernel runs on a GPU only"
    reasons = []
    for kernel, name in [
        (flash, "torch's FlashAttention"),
        (flash_repeated, "torch's FlashAttention with repeated key heads"),
    ]:
        try:
            error = difference(kernel, device)
        except (ImportError, RuntimeError, NotImplementedError) as problem:
            reasons.append(f"{name}: {str(problem).splitlines()[0]}")
            continue
        if error < TOLERANCE:
            return kernel, name
        reasons.append(f"{name} differs from plain attention by {error:.3f}")
    return None, "; ".join(reasons)


def reads_prefixes(kernel: Kernel, device: str) -> bool:
    """
    Whether a kernel that works is right for sequences with more keys than queries, too: answers that share
    the keys of their prompt.
    """
    try:
        return difference(kernel, device, prefix=True) < TOLERANCE
    except (RuntimeError, NotImplementedError):
        return False


def difference(
    kernel: Kernel, device: str, dtype: torch.dtype = torch.bfloat16, prefix: bool = False
) -> float:
    """
    The largest difference to `one_by_one` of answers and gradients, relative to the largest value; three
    sequences, grouped heads. `prefix`: the second and the third sequence have 37 and 300 keys more than
    queries.
    """
    draw = torch.Generator().manual_seed(0)
    ends = [0, 5, 133, 200]
    keys = [0, 5, 170, 537] if prefix else ends
    whole = Sequences(
        *(torch.tensor(x, dtype=torch.int32, device=device) for x in (ends, keys)),
        128,
        367 if prefix else 128,
    )
    shapes = [(200, 6, 64), (keys[-1], 2, 64), (keys[-1], 2, 64), (200, 6, 64)]
    query, key, value, weight = (torch.randn(shape, generator=draw).to(device, dtype) for shape in shapes)
    found = []
    for attend in (one_by_one, kernel):
        inputs = [x.clone().requires_grad_() for x in (query, key, value)]
        out = attend(*inputs, whole, 64**-0.5)
        found.append([out.detach(), *torch.autograd.grad((out * weight).sum(), inputs)])
    return max(((a - b).abs().max() / a.abs().max()).item() for a, b in zip(*found, strict=True))


def use_kernel(model: torch.nn.Module, kernel: Kernel) -> None:
    """
    Switches a model to attention over rows laid end to end; it then takes no padded batch and cannot generate
    (but see `padded`).

    The rows are told by transformers' names (cu_seq_lens_q, …). Where `key_rows` (S,) is given, too, the keys
    are those of the tokens at these places of the row: a prompt's are then there once for each of its
    answers.
    """

    def attention(
        module: torch.nn.Module,
        query: torch.Tensor,  # (1, H, T, D)
        key: torch.Tensor,  # (1, KV, T, D)
        value: torch.Tensor,
        attention_mask: None,
        scaling: float | None = None,
        cu_seq_lens_q: torch.Tensor | None = None,
        cu_seq_lens_k: torch.Tensor | None = None,
        max_length_q: int = 0,
        max_length_k: int = 0,
        key_rows: torch.Tensor | None = None,
        **_: Any,
    ) -> tuple[torch.Tensor, None]:
        if cu_seq_lens_q is None:
            raise ValueError(
                "this attention reads rows laid end to end (padding_free); a padded batch would be read as "
                "one row"
            )
        query, key, value = (x[0].transpose(0, 1) for x in (query, key, value))
        if key_rows is not None:
            key, value = key.index_select(0, key_rows), value.index_select(0, key_rows)
        sequences = Sequences(cu_seq_lens_q, cu_seq_lens_k, int(max_length_q), int(max_length_k))
        out = kernel(query, key, value, sequences, query.size(-1) ** -0.5 if scaling is None else scaling)
        return out[None], None  # (1, T, H, D)

    AttentionInterface.register(VARLEN, attention)
    model.set_attn_implementation(VARLEN)


@contextmanager
def padded(model: torch.nn.Module) -> Iterator[None]:
    """Inside, a model that `use_kernel` switched takes padded batches, and can generate."""
    model.set_attn_implementation("sdpa")
    try:
        yield
    finally:
        model.set_attn_implementation(VARLEN)
