"""
What trainers share on CPU cores: several processes of one thread each (scripts/on_cores.py) share a step, and
decoder.py draws the answers of those that generate, each process its share.
"""

from __future__ import annotations

from random import Random
from typing import Any

import torch
from torch import Tensor

from .decoder import Decoder


class OnCores:
    """Before a trainer whose passes do not go through the wrapped model's forward."""

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


class CpuTrainer:
    """
    Before one of TRL's trainers, for a policy that `decoder.is_plain`, on a CPU, without gradient
    checkpointing.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        assert (self.top_p, self.top_k, self.min_p, self.repetition_penalty) == (1.0, 0, None, 1.0), (
            "Decoder draws from the plain distribution"
        )
        model = self.accelerator.unwrap_model(self.model)
        self.policy = Decoder(model, "default", trained=True)
        self.answering = Decoder(model, "default")

    def answers(self, prompts: list[list[int]]) -> list[list[int]]:
        """One a prompt, of this process's, drawn from the policy as `answering` was last refreshed."""
        return self.answering.sample(prompts, self.draws(len(prompts)), self.temperature, self.eos_token_ids)

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


def without_padding(ids: Tensor, mask: Tensor, width: int) -> tuple[list[list[int]], list[list[int]]]:
    """
    Prompts and answers of ids and mask (B, P + C): prompts padded on the left up to P = `width`, answers on
    the right.
    """
    rows, kept = ids.tolist(), mask.bool()
    lengths = kept[:, :width].sum(1).tolist(), kept[:, width:].sum(1).tolist()
    prompts = [row[width - length : width] for row, length in zip(rows, lengths[0], strict=True)]
    answers = [row[width : width + length] for row, length in zip(rows, lengths[1], strict=True)]
    return prompts, answers
