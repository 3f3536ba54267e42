"""
A decoder of the Qwen2 and Llama kind in plain torch, for a small model on a CPU, where what surrounds the
arithmetic takes as long as the arithmetic: transformers' and PEFT's modules, masks and caches.

The weights are those of a policy that PEFT made. Maps that read the same input are one multiplication (query,
key and value; gate and up). LoRA's factors are either multiplied beside the weights, where they are trained,
or folded into a copy of them. A prompt is read once, however many answers it has, and no token is padded
outside attention.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .maps import Chosen, Map, Weight
from .shared_prompts import Rows, rows_of

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

# (T, H, D), (T, KV, D) and (T, KV, D) → (T, H × D)
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
SMALL = 200_000_000  # parameters
KINDS = ("qwen2", "llama")  # norms before both halves of a layer, rotary positions, a gated MLP
# Magic number: drop ended answers when fewer than this share goes on; a copy costs about one token
COMPACT_BELOW = 0.75


def is_plain(model: PreTrainedModel) -> bool:
    """Whether `Decoder` computes what this model does, and is small enough to be held six times."""
    config = model.config
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    alike = config.model_type in KINDS and config.hidden_act == "silu" and layers == {"full_attention"}
    return alike and model.num_parameters() <= SMALL


class Layer:
    def __init__(self, layer: nn.Module, adapter: str | None, trained: bool):
        attention, mlp = layer.self_attn, layer.mlp
        self.qkv = Map([attention.q_proj, attention.k_proj, attention.v_proj], adapter, trained)
        self.out = Map([attention.o_proj], adapter, trained)
        self.gate_up = Map([mlp.gate_proj, mlp.up_proj], adapter, trained)
        self.down = Map([mlp.down_proj], adapter, trained)
        self.norms = layer.input_layernorm.weight.detach(), layer.post_attention_layernorm.weight.detach()


class Decoder:
    """
    `model`, of a policy with its LoRA factors `adapter` (None: without): multiplied beside the weights where
    `trained`, as gradients flow to them, otherwise folded into a copy of the weights at each `refresh`.
    """

    def __init__(self, model: PeftModel | PreTrainedModel, adapter: str | None, trained: bool = False):
        causal = model.get_base_model() if hasattr(model, "get_base_model") else model
        config = causal.config
        self.layers = [Layer(layer, adapter, trained) for layer in causal.model.layers]
        self.embedding = causal.model.embed_tokens.weight.detach()  # (V, H)
        self.head = Weight(causal.lm_head.weight.detach(), trained=trained)  # (V, H)
        self.norm, self.epsilon = causal.model.norm.weight.detach(), config.rms_norm_eps
        self.rotary = causal.model.rotary_emb
        self.heads, self.key_heads = config.num_attention_heads, config.num_key_value_heads
        self.width = getattr(config, "head_dim", None) or config.hidden_size // self.heads
        if not trained:
            self.refresh()

    @torch.no_grad()
    def refresh(self, rows: int = 1024) -> None:
        """Folds the factors in, as they are now. `rows`: how many will be read at once."""
        for layer in self.layers:
            for map in (layer.qkv, layer.out, layer.gate_up, layer.down):
                map.refresh(rows)

    def states(self, rows: Rows) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """
        Hidden states (T, H) of all tokens, before the last norm, and keys and values of each layer, each
        (T, KV, D).
        """
        cos, sin = self.turns(rows.positions)
        x, read = F.embedding(rows.tokens, self.embedding), []
        for layer in self.layers:
            x = self.step(layer, x, cos, sin, partial(self.attention, rows, read))
        return x, read

    def step(self, layer: Layer, x: Tensor, cos: Tensor, sin: Tensor, attend: Attend) -> Tensor:
        """One layer on x (T, H)."""
        turned, kept = self.heads + self.key_heads, self.key_heads
        y = layer.qkv(self.normed(x, layer.norms[0])).view(len(x), turned + kept, self.width)
        qk, v = y.split([turned, kept], 1)
        q, k = turn(qk, cos, sin).split([self.heads, kept], 1)
        x = x + layer.out(attend(q, k, v))
        gate, up = layer.gate_up(self.normed(x, layer.norms[1])).chunk(2, -1)
        return x + layer.down(F.silu(gate) * up)

    def attention(self, rows: Rows, read: list, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Of every token, behind its prompt: padded here alone. Keys and values are noted in `read`."""
        read.append((k, v))
        group = self.heads // self.key_heads
        count, most = rows.own.shape
        q = (
            q.flatten(1)
            .index_select(0, rows.own.flatten())
            .view(count, most, self.key_heads, group, self.width)
        )
        q = q.permute(0, 2, 3, 1, 4).reshape(count, self.key_heads, group * most, self.width)
        k, v = (
            x.flatten(1)
            .index_select(0, rows.keys.flatten())
            .view(count, -1, self.key_heads, self.width)
            .transpose(1, 2)
            for x in (k, v)
        )
        mask = rows.mask.repeat(1, 1, group, 1)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        out = out.view(count, self.key_heads, group, most, self.width).permute(0, 3, 1, 2, 4)
        return out.reshape(count * most, -1).index_select(0, rows.back)

    def attention_of_one(
        self, cache: tuple[Tensor, Tensor], mask: Tensor, q: Tensor, k: Tensor, v: Tensor
    ) -> Tensor:
        """
        Of one new token a row, the last that `mask` (B, 1, 1, S) shows; its key and value go into the cache.
        The heads of a group take the place of positions: no copy of the keys for each head.
        """
        end = mask.size(-1)
        keys, values = (part[:, :, :end] for part in cache)
        keys[:, :, -1], values[:, :, -1] = k, v
        q = q.view(len(q), self.key_heads, -1, self.width)
        return F.scaled_dot_product_attention(q, keys, values, attn_mask=mask).flatten(1)

    def turns(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosine and sine (T, 1, D) of the rotary angles at `positions` (T,)."""
        cos, sin = self.rotary(self.embedding, positions[None])
        return cos[0][:, None], sin[0][:, None]

    def normed(self, x: Tensor, weight: Tensor) -> Tensor:
        return F.rms_norm(x, weight.shape, weight, self.epsilon)

    def log_probs(self, rows: Rows, temperature: float) -> tuple[Tensor, Tensor]:
        """
        Log-probability and entropy of every token of the answers under softmax(logits / temperature), both
        (N,), in the order of the answers.
        """
        x, _ = self.states(rows)
        x = self.normed(x.index_select(0, rows.says), self.norm) / temperature
        return Chosen.apply(x, self.head, rows.said)

    @torch.inference_mode()
    def sample(
        self,
        prompts: list[list[int]],
        draws: Tensor,
        temperature: float,
        ends: Sequence[int],
    ) -> list[list[int]]:
        """
        One answer a prompt, drawn from softmax(logits / temperature), up to its end token (kept) or as many
        as there are `draws` (B, most): numbers in [0, 1), one a token. T = 0: greedy.
        """
        rows = rows_of(prompts, [[]] * len(prompts))
        x, read = self.states(rows)
        most = draws.size(1)
        cache = [tuple(room_for(part, rows, most) for part in layer) for layer in read]
        room = rows.prefix_mask  # (B, P)
        mask = F.pad(torch.zeros(room.shape).masked_fill_(~room, -torch.inf), (0, most))[:, None, None]
        positions, width = room.sum(1), room.size(1)
        x = x.index_select(0, rows.last)
        answers = torch.zeros(len(prompts), most, dtype=torch.long)
        ending = torch.tensor(ends)
        ended = torch.zeros(len(prompts), dtype=torch.bool)
        who = torch.arange(len(prompts))  # the answers that are still in the batch
        for place in range(most):
            logits = self.head(self.normed(x, self.norm))  # (B, V)
            token = draw(logits, temperature, draws[who, place])
            answers[who, place] = token
            ended[who] = torch.isin(token, ending)
            going = ~ended[who]
            if place == most - 1 or not going.any():
                break
            if going.float().mean() < COMPACT_BELOW:
                who, token, mask, positions = who[going], token[going], mask[going], positions[going]
                cache = [(keys[going], values[going]) for keys, values in cache]
            end = width + place + 1
            x = F.embedding(token, self.embedding)
            cos, sin = self.turns(positions + place)
            for layer, kept in zip(self.layers, cache, strict=True):
                attend = partial(self.attention_of_one, kept, mask[..., :end])
                x = self.step(layer, x, cos, sin, attend)
        return [cut_after_end(answer, ends) for answer in answers[:, : place + 1].tolist()]


def room_for(read: Tensor, rows: Rows, most: int) -> Tensor:
    """Keys or values (T, KV, D) of the prompts, behind each the room for an answer: (B, KV, P + most, D)"""
    prompts = read[rows.prefix].transpose(1, 2)
    return F.pad(prompts, (0, 0, 0, most))


def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions: x (T, heads, D)."""
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin


def draw(logits: Tensor, temperature: float, draws: Tensor) -> Tensor:
    """
    Token ids (B,) by inverting the cumulated probabilities of (B, V) at `draws` (B,): a random number a row,
    not one a token of the vocabulary.
    """
    if temperature == 0:
        return logits.argmax(-1)
    cumulated = torch.softmax(logits / temperature, -1).cumsum(-1)
    threshold = draws[:, None] * cumulated[:, -1:]
    return torch.searchsorted(cumulated, threshold, right=True).squeeze(1).clamp(max=logits.size(1) - 1)


def cut_after_end(answer: list[int], ends: Sequence[int]) -> list[int]:
    return next((answer[: i + 1] for i, token in enumerate(answer) if token in ends), answer)
