"""
RMS norms by torch's own kernel. Liger's also sums the gradient of the norm's weights over all tokens, which
LoRA leaves frozen, and is started from Python.
"""

from __future__ import annotations

from types import MethodType

import torch.nn.functional as F
from torch import Tensor, nn


def use_torch_norms(model: nn.Module) -> int:
    """
    Has each frozen norm of Llama's kind (x / rms(x) * weight) computed by torch, and returns how many.
    Another kind, as Gemma's (1 + weight), keeps its own way.
    """
    norms = [module for module in model.modules() if is_frozen_rms_norm(module)]
    for module in norms:
        module.forward = MethodType(forward, module)
    return len(norms)


def is_frozen_rms_norm(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    of_llama = type(module).__name__.endswith("RMSNorm") and hasattr(module, "variance_epsilon")
    return of_llama and weight is not None and not weight.requires_grad


def forward(self: nn.Module, x: Tensor) -> Tensor:
    return F.rms_norm(x, self.weight.shape, self.weight, self.variance_epsilon)
