"""
TRL's GRPO trainer as it suits a small model on CPU cores (cpu_trainer.py): the same numbers (tests compare
them), answers and log-probabilities by decoder.py.

TRL reads every prompt G times, once a copy, pads all answers to the longest one and projects prompt positions
onto the vocabulary, too. On two cores that is most of a step. A GPU does it otherwise (packed_grpo.py).
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora import Linear
from torch import Tensor

from .cpu_trainer import CpuTrainer, OnCores, without_padding
from .decoder import Decoder
from .fused_lora import adapter_of
from .phases import TimedGRPOTrainer
from .shared_prompts import rows_of


class CpuGRPOTrainer(OnCores, CpuTrainer, TimedGRPOTrainer):
    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        model = self.accelerator.unwrap_model(self.model)
        self.reference = Decoder(model, "ref" if "ref" in model.peft_config else None)
        self.one_map = next(module for module in model.modules() if isinstance(module, Linear))

    def _generate_single_turn(self, prompt_ids: list[list[int]], *_: Any, **__: Any) -> tuple[list, None]:
        with self.phase("sync"):
            self.answering.refresh(len(prompt_ids))
        return self.answers(prompt_ids), None

    def greedy(self, prompt_ids: list[list[int]]) -> list[list[int]]:
        self.answering.refresh(len(prompt_ids))
        nothing = torch.zeros(len(prompt_ids), self.max_completion_length)
        return self.answering.sample(prompt_ids, nothing, 0, self.eos_token_ids)

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: Tensor, attention_mask: Tensor, logits_to_keep: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor, None]:
        """
        Log-probability and entropy of each answer token under softmax(logits / temperature), both (B, C); 0
        where an answer is padded. Of the policy, or of the reference while TRL has it in the policy's place.

        input_ids, attention_mask (B, P + C): prompts padded on the left, answers on the right; C =
        logits_to_keep.
        """
        width = input_ids.size(1) - logits_to_keep
        rows = rows_of(*without_padding(input_ids, attention_mask, width))
        decoder = self.policy if adapter_of(self.one_map) == "default" else self.reference
        found = decoder.log_probs(rows, self.temperature)
        places = attention_mask[:, width:].flatten().nonzero().squeeze(1)
        nothing = torch.zeros(len(input_ids) * logits_to_keep)
        logps, entropies = (nothing.index_copy(0, places, x).view(-1, logits_to_keep) for x in found)
        return logps, entropies, None
