"""
TRL's GRPO trainer with two of its steps done in a way that suits a CPU: the same numbers (tests compare
them), a third of the time.

TRL reads every prompt G times, once a copy, pads all answers to the longest one and projects prompt positions
onto the vocabulary, too. On two cores that is most of a step. A GPU does it otherwise (packed_grpo.py).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from transformers import DynamicCache

from .phases import TimedGRPOTrainer
from .rollout import Rollouts

# Magic number: answers a forward pass, sorted by length, so that short ones are not padded to the longest
CHUNK = 16


class CpuGRPOTrainer(TimedGRPOTrainer):
    """For a text model on a CPU, without gradient checkpointing."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        assert not self.args.gradient_checkpointing, (
            "gradient checkpointing keeps no keys of the prompt to share"
        )
        assert (self.top_p, self.top_k, self.min_p, self.repetition_penalty) == (1.0, 0, None, 1.0), (
            "Rollouts draw from the plain distribution"
        )
        self.rollouts = Rollouts(self.accelerator.unwrap_model(self.model))

    def _generate_single_turn(
        self, prompt_ids, images, multimodal_fields, num_generations, has_tool_images=False
    ):
        with self.phase("sync"):
            self.rollouts.refresh(self.accelerator.unwrap_model(self.model))
        answers = self.rollouts.sample(
            prompt_ids,
            self.max_completion_length,
            self.temperature,
            self.eos_token_ids,
            self._tokenizer.pad_token_id,
        )
        return answers, None

    def _get_per_token_logps_and_entropies(
        self,
        model,
        input_ids,
        attention_mask,
        logits_to_keep,
        batch_size=None,
        compute_entropy=False,
        **kwargs,
    ):
        """
        Log-probability and entropy of each answer token under softmax(logits / temperature), both (B, C); 0
        where an answer is padded.

        input_ids, attention_mask (B, P + C): prompts padded on the left, answers on the right; C =
        logits_to_keep.
        """
        causal = self.accelerator.unwrap_model(model).get_base_model()
        width = input_ids.size(1) - logits_to_keep
        answers, answer_mask = input_ids[:, width:], attention_mask[:, width:]  # (B, C)
        prompts = torch.cat([input_ids[:, :width], attention_mask[:, :width]], 1)
        unique, which = prompts.unique(dim=0, return_inverse=True)  # (U, 2P), (B,)
        read = DynamicCache()
        hidden = causal.model(
            input_ids=unique[:, :width],
            attention_mask=unique[:, width:],
            past_key_values=read,
            use_cache=True,
        ).last_hidden_state[:, -1:]

        lengths = answer_mask.sum(1)  # (B,)
        by_length = lengths.argsort(descending=True)
        logps, entropies = [], []
        for rows in by_length.split(CHUNK):
            longest = max(
                1, int(lengths[rows].max())
            )  # one position at least: a batch of masked answers still needs a gradient (of 0)
            states = hidden[which[rows]]  # (b, 1, H): says the first token
            if longest > 1:
                cache = DynamicCache(
                    [(layer.keys[which[rows]], layer.values[which[rows]]) for layer in read.layers]
                )
                seen = attention_mask[rows, : width + longest - 1]
                rest = causal.model(
                    input_ids=answers[rows, : longest - 1],
                    attention_mask=seen,
                    past_key_values=cache,
                    use_cache=True,
                )
                states = torch.cat([states, rest.last_hidden_state], 1)  # (b, longest, H)
            distribution = F.log_softmax(
                causal.lm_head(states).float() / self.temperature, -1
            )  # (b, longest, V)
            chosen = distribution.gather(-1, answers[rows, :longest, None]).squeeze(-1)
            logps.append(F.pad(chosen * answer_mask[rows, :longest], (0, logits_to_keep - longest)))
            if compute_entropy:
                with torch.no_grad():
                    entropy = -(distribution.exp() * distribution).sum(-1) * answer_mask[rows, :longest]
                entropies.append(F.pad(entropy, (0, logits_to_keep - longest)))
        back = by_length.argsort()
        return torch.cat(logps)[back], torch.cat(entropies)[back] if compute_entropy else None, None
