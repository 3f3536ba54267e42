"""
TRL's GRPO trainer without padding: the answers of a pass are laid end to end behind their prompts, and each
prompt is read once.

TRL pads prompts and answers to the longest of the whole batch and reads every prompt G times; with prompts of
up to 1,024 tokens more than two thirds of what it reads is padding or repetition. And it cuts a step into
passes of equally many answers, planned for the longest that may come; here a pass holds as many as `room`
tokens allow. The numbers are the same: tests compare losses and gradients.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import torch

from .flash import padded
from .phases import TimedGRPOTrainer

# Magic number: times as many tokens a pass that keeps no activations, beside what is planned for keeping
# those of all layers.
WITHOUT_GRADIENT = 4


@dataclass(frozen=True)
class Pack:
    """Prompts and answers as one row of T tokens."""

    model_inputs: dict[str, Any]  # input_ids, position_ids, shift_labels (1, T); the attention's sequences
    scored: torch.Tensor  # (T,) bool: tokens that say an answer's next one
    places: torch.Tensor  # (N,) of the scored ones in a flattened (B, C), in the order of the row


class PackedGRPOTrainer(TimedGRPOTrainer):
    """
    For a text model whose attention is flash.use_kernel's. `room`: tokens of a pass that is trained on;
    `share`: read a prompt once for all its answers; `split`: times as many passes as `room` asks for, once
    memory has run out. One batch a step for TRL (no accumulation), which is cut into passes here.

    With vLLM the weights of gpu.vllmCorrection are taken from the pass that is trained on, where each batch
    of answers is learned from once. TRL takes them from a pass of their own, of the same policy; with several
    updates there is one.
    """

    def __init__(self, *, room: int, share: bool, split: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        once = (self.args.gradient_accumulation_steps, self.args.steps_per_generation)
        assert once == (1, 1), once
        self.room, self.share, self.split = room, share, split
        self.room_without_gradient = room * (1 if self.args.gradient_checkpointing else WITHOUT_GRADIENT)
        self.corrects = self.use_vllm and self.vllm_importance_sampling_correction
        self.vllm_importance_sampling_correction = False
        self.batch: dict[str, Any] = {}  # of the pass that is trained on

    def _generate_single_turn(self, *args: Any, **kwargs: Any) -> Any:
        causal = self.accelerator.unwrap_model(self.model).get_base_model()
        with nullcontext() if self.use_vllm else padded(causal):
            return super()._generate_single_turn(*args, **kwargs)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """
        The mean loss of the batch. The gradients of all passes but the last are there when this returns; the
        caller adds the last one's.
        """
        answers = inputs["completion_mask"].size(0)
        parts = passes(rows_of(inputs), self.room, self.share, self.split)
        counts = self.accelerator.gather(torch.tensor(len(parts), device=self.accelerator.device))
        parts = split_into(parts, int(counts.max()))
        before = torch.zeros((), device=self.accelerator.device)
        for number, rows in enumerate(parts, start=1):
            batch = {name: value[rows] if value.ndim else value for name, value in inputs.items()}
            last = number == len(parts)
            with nullcontext() if last else self.accelerator.no_sync(model):
                # dapo and cispo divide by the tokens of the whole batch, the others by what they are given.
                part = 1 if self.loss_type in ("dapo", "cispo") else len(rows) / answers
                loss = super().compute_loss(model, batch) * part
                if not last:
                    self.accelerator.backward(loss)
                    before += loss.detach()
        return loss + before

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        self.batch = inputs
        return super()._compute_loss(model, inputs)

    def _get_per_token_logps_and_entropies(
        self, model, input_ids, attention_mask, logits_to_keep, batch_size=None, compute_entropy=False, **_
    ):
        """
        Log-probability and entropy of each answer token under softmax(logits / temperature), both (B, C); 0
        where an answer is padded.

        input_ids, attention_mask (B, P + C): prompts padded on the left, answers on the right; C =
        logits_to_keep.
        """
        trained = torch.is_grad_enabled()
        rows = Rows(input_ids.cpu(), attention_mask.cpu(), logits_to_keep)
        logps = entropies = torch.zeros(input_ids.size(0) * logits_to_keep, device=input_ids.device)
        # What is trained on is a pass already.
        whole = [list(range(input_ids.size(0)))]
        parts = whole if trained else passes(rows, self.room_without_gradient, self.share, self.split)
        for part in parts:
            pack = packed(rows, part, self.share, input_ids.device)
            with self.accelerator.autocast():
                out = model(**pack.model_inputs, fused_lm_head=True)
            logps = logps.scatter(0, pack.places, out.log_probs[0][pack.scored].float())
            entropies = entropies.scatter(0, pack.places, out.entropy[0][pack.scored].float())
        logps, entropies = logps.view(-1, logits_to_keep), entropies.view(-1, logits_to_keep)
        if trained and self.corrects:
            self.weigh(self.batch.get("old_per_token_logps", logps.detach()))
        return logps, entropies if compute_entropy else None, None

    def weigh(self, logps: torch.Tensor) -> None:
        """
        Multiplies the advantages of the pass by its answers' weights. `logps` (B, C): of who answered. TRL
        multiplies the gain by them instead; a weight is not negative, so that this is the same, clipped or
        not.
        """
        mask = self.batch["completion_mask"].bool()
        apart = (logps - self.batch["sampling_per_token_logps"]) * mask
        apart = torch.nan_to_num(apart, nan=0.0)  # of a token that vLLM could not score: a weight of 1
        mode, bound = self.vllm_importance_sampling_mode, self.vllm_importance_sampling_clip_max
        whole, cut = mode.startswith("sequence"), mode.endswith("mask")
        weights = (apart.sum(1, keepdim=True) if whole else apart).exp()
        weights = weights.masked_fill(weights > bound, 0) if cut else weights.clamp(max=bound)
        self.batch["advantages"] = self.batch["advantages"][:, None] * weights
        self.batch["importance_sampling_ratio"] = weights  # TRL's name, for inspect_step.py
        kept = weights.flatten() if whole else weights[mask]
        self.log_bounded(kept)
        logged, gather = self._metrics["train"], self.accelerator.gather
        apart = apart[mask].abs()
        for name, values in {"sampling_logp_difference": apart, "importance_sampling_ratio": kept}.items():
            values = values if len(values) else values.new_zeros(1)
            logged[f"sampling/{name}/mean"].append(gather(values.mean()).mean().item())
            logged[f"sampling/{name}/max"].append(gather(values.max()).max().item())


class Rows:
    """
    Prompts and answers as TRL pads them, on the CPU: ids and mask (B, P + C), C the width of the answers.
    """

    def __init__(self, ids: torch.Tensor, mask: torch.Tensor, answer_width: int):
        width = ids.size(1) - answer_width
        prompt_lengths, self.answer_lengths = mask[:, :width].sum(1).tolist(), mask[:, width:].sum(1).tolist()
        self.answer_width = answer_width
        self.answers = [row[:length] for row, length in zip(ids[:, width:], self.answer_lengths, strict=True)]
        prompts = [row[width - length :] for row, length in zip(ids[:, :width], prompt_lengths, strict=True)]
        names = [prompt.numpy().tobytes() for prompt in prompts]
        number = {name: i for i, name in enumerate(dict.fromkeys(names))}
        self.prompt_of = [number[name] for name in names]  # of each row, among those that differ
        self.prompts = dict(zip(self.prompt_of, prompts, strict=True))


def rows_of(inputs: dict[str, torch.Tensor]) -> Rows:
    ids, mask = (
        torch.cat([inputs[f"prompt_{x}"], inputs[f"completion_{x}"]], 1).cpu() for x in ("ids", "mask")
    )
    return Rows(ids, mask, inputs["completion_ids"].size(1))


def passes(rows: Rows, room: int, share: bool, split: int = 1) -> list[list[int]]:
    """
    Rows by prompt, in as few and as equal passes of at most `room` tokens as that order gives; one row at
    least. `share`: a prompt counts once a pass, not once for each of its answers. `split`: up to so many
    times as many passes as `room` needs: less room alone would leave a pass as it is that is far below it.
    """

    def cut(most: float) -> list[list[int]]:
        parts: list[list[int]] = []
        tokens, prompt = 0, -1
        for row in sorted(range(len(rows.answers)), key=lambda row: rows.prompt_of[row]):
            known = share and rows.prompt_of[row] == prompt
            prompt = rows.prompt_of[row]
            more = rows.answer_lengths[row] + (0 if known else len(rows.prompts[prompt]))
            if not parts or tokens + more > most:
                parts.append([])
                tokens, more = 0, rows.answer_lengths[row] + len(rows.prompts[prompt])
            parts[-1].append(row)
            tokens += more
        return parts

    most = split * len(cut(room))
    # The least room that gives no more: a last pass of a few answers launches as many kernels as a full one.
    low, high = 0, room
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if len(cut(middle)) <= most else (middle, high)
    return cut(high)


def split_into(parts: list[list[int]], count: int) -> list[list[int]]:
    """
    The longest passes in two until there are `count`: all processes meet after each pass, so that they need
    as many.
    """
    while len(parts) < count:
        longest = max(range(len(parts)), key=lambda i: len(parts[i]))
        part = parts[longest]
        parts[longest : longest + 1] = [part[: len(part) // 2], part[len(part) // 2 :]]
    return parts


def packed(rows: Rows, part: list[int], share: bool, device: torch.device) -> Pack:
    """
    The rows `part` end to end. A prompt stands once, without its last token, which begins each of its
    answers: so every token's label is the one that follows it. `share` false: each answer has its own prompt.
    Answers of 0 tokens (masked ones) are left out.
    """
    tokens: list[torch.Tensor] = []
    labels: list[torch.Tensor] = []
    positions: list[torch.Tensor] = []
    keys: list[torch.Tensor] = []  # places in the row that each sequence sees
    places: list[torch.Tensor] = []
    ends = [0]

    def lay(ids: torch.Tensor, says: torch.Tensor, first: int, prefix: torch.Tensor) -> torch.Tensor:
        """
        Appends a sequence that begins at position `first`, behind the keys `prefix`; returns its places in
        the row.
        """
        own = torch.arange(ends[-1], ends[-1] + len(ids))
        tokens.append(ids)
        labels.append(says)
        positions.append(torch.arange(first, first + len(ids)))
        keys.append(torch.cat([prefix, own]))
        ends.append(ends[-1] + len(ids))
        return own

    nothing = torch.empty(0, dtype=torch.long)
    scored = [row for row in part if rows.answer_lengths[row]]
    for number in dict.fromkeys(rows.prompt_of[row] for row in scored or part[:1]):
        start, last = rows.prompts[number][:-1], rows.prompts[number][-1:]
        silent = torch.full_like(start, -100)
        # Without any answer the prompt alone is read: the loss still needs a gradient, of zero.
        shared = lay(start, silent, 0, nothing) if len(start) and (share or not scored) else nothing
        for row in (row for row in scored if rows.prompt_of[row] == number):
            answer = rows.answers[row]
            begin = nothing if share else start
            ids = torch.cat([begin, last, answer[:-1]])
            lay(ids, torch.cat([silent[: len(begin)], answer]), len(start) - len(begin), shared)
            places.append(row * rows.answer_width + torch.arange(len(answer)))
        if not scored and not len(start):
            lay(last, torch.full_like(last, -100), 0, nothing)

    def sequences(lengths: Iterable[int]) -> tuple[torch.Tensor, int]:
        cumulative = list(accumulate(lengths, initial=0))
        longest = max(b - a for a, b in pairwise(cumulative))
        return torch.tensor(cumulative, dtype=torch.int32, device=device), longest

    queries, most_queries = sequences(map(len, tokens))
    seen, most_keys = sequences(map(len, keys))
    attention = {
        "cu_seq_lens_q": queries,
        "max_length_q": most_queries,
        "cu_seq_lens_k": seen,
        "max_length_k": most_keys,
    }
    if share:
        attention["key_rows"] = torch.cat(keys).to(device)
    row = {"input_ids": tokens, "position_ids": positions, "shift_labels": labels}
    row = {name: torch.cat(values)[None].to(device) for name, values in row.items()}  # (1, T)
    return Pack(
        {**row, **attention}, row["shift_labels"][0] != -100, torch.cat([*places, nothing]).to(device)
    )
