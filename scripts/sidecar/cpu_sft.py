"""
TRL's SFT trainer as it suits a small model on CPU cores (cpu_trainer.py): the same losses and gradients
(tests compare them), by decoder.py.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from trl import SFTTrainer

from .cpu_trainer import OnCores
from .decoder import Decoder, is_plain
from .rows import IGNORED
from .shared_prompts import rows_of

if TYPE_CHECKING:
    from peft import PeftModel

    from .flash import Kernel
    from .runfile import RunFile


class CpuSFTTrainer(OnCores, SFTTrainer):
    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.policy = Decoder(self.accelerator.unwrap_model(self.model), "default", trained=True)

    def compute_loss(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        loss = super().compute_loss(self.read, *args, **kwargs)
        for metrics in self._metrics.values():
            metrics.pop("mean_token_accuracy", None)  # `read` does not know it
        return loss

    def read(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor, **_: Any) -> SimpleNamespace:
        """What TRL's loss wants of a model: log-probability and entropy of each token with a label, (N,)."""
        rows = list(zip(input_ids, attention_mask.bool(), labels != IGNORED, strict=True))
        prompts = [ids[there & ~learned].tolist() for ids, there, learned in rows]
        answers = [ids[learned].tolist() for ids, _, learned in rows]
        log_probs, entropy = self.policy.log_probs(rows_of(prompts, answers), 1.0)
        each = torch.ones_like(log_probs)
        return SimpleNamespace(log_probs=log_probs, entropy=entropy, label_mask=each, is_top1=each)


def sft_trainer_of(policy: PeftModel, run: RunFile, kernel: Kernel | None) -> type[SFTTrainer]:
    """Padded rows on a CPU by decoder.py where it can, otherwise as TRL does it."""
    sft = run.config.sft
    plain = policy.device.type == "cpu" and kernel is None and is_plain(policy.get_base_model())
    quick = plain and sft.lora_dropout == 0 and not sft.gradient_checkpointing
    return CpuSFTTrainer if quick and not run.config.models.load_in_4bit else SFTTrainer
