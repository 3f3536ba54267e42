"""
TRL's GRPO trainer as it suits a small model on CPU cores: the same numbers (tests compare them), answers and
log-probabilities by decoder.py. Several processes of one thread each (scripts/on_cores.py) share a step: each
has its share of the answers, and the gradients are averaged.

TRL reads every prompt G times, once a copy, pads all answers to the longest one and projects prompt positions
onto the vocabulary, too. On two cores that is most of a step. A GPU does it otherwise (packed_grpo.py).
"""

from __future__ import annotations

from random import Random
from typing import Any

import torch
from torch import Tensor

from .decoder import Decoder
from .phases import TimedGRPOTrainer
from .shared_prompts import rows_of


class CpuGRPOTrainer(TimedGRPOTrainer):
    """For a model that `decoder.is_plain`, on a CPU, without gradient checkpointing."""

    without_gradient_scores = "reference"

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        assert (self.top_p, self.top_k, self.min_p, self.repetition_penalty) == (1.0, 0, None, 1.0), (
            "Decoder draws from the plain distribution"
        )
        model = self.accelerator.unwrap_model(self.model)
        self.policy = Decoder(model, "default", trained=True)
        self.answering = Decoder(model, "default")
        self.reference = Decoder(model, "ref" if "ref" in model.peft_config else None)

    def _generate_single_turn(self, prompt_ids: list[list[int]], *_: Any, **__: Any) -> tuple[list, None]:
        with self.phase("sync"):
            self.answering.refresh(len(prompt_ids))
        draws = self.draws(len(prompt_ids))
        return self.answering.sample(prompt_ids, draws, self.temperature, self.eos_token_ids), None

    def greedy(self, prompt_ids: list[list[int]]) -> list[list[int]]:
        self.answering.refresh(len(prompt_ids))
        nothing = torch.zeros(len(prompt_ids), self.max_completion_length)
        return self.answering.sample(prompt_ids, nothing, 0, self.eos_token_ids)

    def draws(self, rows: int) -> Tensor:
        """
        The random numbers of this process's `rows` answers, one a token. They depend on seed, step and place
        among the answers of all processes: however many there are, they answer alike.
        """
        # 32 bits: torch's generator on a CPU takes no more of its seed
        seed = Random(f"{self.args.seed}/{self.state.global_step}").getrandbits(32)
        numbers = torch.Generator().manual_seed(seed)
        processes, first = self.accelerator.num_processes, self.accelerator.process_index * rows
        whole = torch.rand(processes * rows, self.max_completion_length, generator=numbers)
        return whole[first : first + rows]

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Tensor, attention_mask: Tensor, logits_to_keep: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor, None]:
        """
        Log-probability and entropy of each answer token under softmax(logits / temperature), both (B, C); 0
        where an answer is padded. Of the policy where there are gradients, otherwise of the reference: the
        policy that answered is the one that learns, and is never asked without.

        input_ids, attention_mask (B, P + C): prompts padded on the left, answers on the right; C =
        logits_to_keep.
        """
        width = input_ids.size(1) - logits_to_keep
        ids, mask = input_ids.tolist(), attention_mask.bool()
        lengths = mask[:, :width].sum(1).tolist(), mask[:, width:].sum(1).tolist()
        prompts = [row[width - length : width] for row, length in zip(ids, lengths[0], strict=True)]
        answers = [row[width : width + length] for row, length in zip(ids, lengths[1], strict=True)]
        decoder = self.policy if torch.is_grad_enabled() else self.reference
        found = decoder.log_probs(rows_of(prompts, answers), self.temperature)
        places = mask[:, width:].flatten().nonzero().squeeze(1)
        nothing = torch.zeros(len(ids) * logits_to_keep)
        logps, entropies = (nothing.index_copy(0, places, x).view(-1, logits_to_keep) for x in found)
        return logps, entropies, None

    def training_step(self, *args: Any, **kwargs: Any) -> Tensor:
        """Averages the gradients: DistributedDataParallel hears nothing of the decoder's passes."""
        loss = super().training_step(*args, **kwargs)
        if self.accelerator.num_processes > 1 and self.accelerator.sync_gradients:
            slopes = [p.grad for p in self.model.parameters() if p.grad is not None]
            flat = torch.cat([slope.flatten() for slope in slopes])
            torch.distributed.all_reduce(flat)
            parts = (flat / self.accelerator.num_processes).split([slope.numel() for slope in slopes])
            for slope, part in zip(slopes, parts, strict=True):
                slope.copy_(part.view_as(slope))
        return loss
