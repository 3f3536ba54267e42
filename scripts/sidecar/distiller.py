"""
TRL's trainer for on-policy distillation, and as it suits small models on CPU cores (cpu_trainer.py): the same
numbers (a test compares them), answers and hidden states by decoder.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from trl import DistillationTrainer
from trl.trainer.distillation_trainer import _chunked_divergence_loss

from .cpu_trainer import CpuTrainer, without_padding
from .decoder import Decoder, is_plain
from .shared_prompts import Rows, rows_of

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel

    from .runfile import RunFile


class CpuDistiller(CpuTrainer, DistillationTrainer):
    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.teacher = Decoder(self.accelerator.unwrap_model(self.teacher_model), None)

    def _generate_single_turn(self, prompt_ids: list[list[int]], *_: Any, **__: Any) -> list[list[int]]:
        self.answering.refresh(len(prompt_ids))
        return self.answers(prompt_ids)

    def _compute_loss(
        self, student: PeftModel, inputs: dict[str, Tensor], num_items_in_batch: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The loss, the sum of the tokens' entropies, and how many tokens; (1,) each."""
        ids, mask = (
            torch.cat([inputs[f"prompt_{x}"], inputs[f"completion_{x}"]], 1) for x in ("ids", "mask")
        )
        rows = rows_of(*without_padding(ids, mask, inputs["prompt_ids"].size(1)))
        with torch.no_grad():
            taught = self.says(self.teacher, rows)
        head = student.get_output_embeddings().weight
        loss, entropy, count = _chunked_divergence_loss(
            self.says(self.policy, rows),
            taught,
            head,
            self.teacher_model.get_output_embeddings().weight,
            torch.ones(taught.shape[:2]),
            self.beta,
            num_items_in_batch=num_items_in_batch,
            temperature=self.temperature,
        )
        return loss, entropy.detach(), count

    def says(self, decoder: Decoder, rows: Rows) -> Tensor:
        """What the head makes the next token of, at every token of the answers: (1, N, H)."""
        x, _ = decoder.states(rows)
        return decoder.normed(x.index_select(0, rows.says), decoder.norm)[None]


def distiller_of(policy: PeftModel, teacher: PreTrainedModel, run: RunFile) -> type[DistillationTrainer]:
    """On a CPU by decoder.py where it can, otherwise as TRL does it."""
    plain = is_plain(policy.get_base_model()) and is_plain(teacher)
    quick = plain and policy.device.type == "cpu" and not run.config.on_policy.gradient_checkpointing
    return CpuDistiller if quick and not run.config.models.load_in_4bit else DistillationTrainer
