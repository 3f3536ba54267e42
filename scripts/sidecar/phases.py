"""Where the seconds of a GRPO step go."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from transformers import GenerationConfig
from trl import GRPOTrainer

NOT_DRAWN = {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}


class TimedGRPOTrainer(GRPOTrainer):
    """
    Adds to the metrics of a step: seconds/sync (the policy goes to whatever answers), seconds/generate
    (prompts into tokens, answers, their text), seconds/reward, and seconds/score (log-probabilities under the
    reference, advantages). GrpoWatch adds what is left of the step as seconds/update: forward and backward
    passes, and the optimizer. And sampling/above_max, the share of the weights of gpu.vllmCorrection (one an
    answer or one a token) that were above their bound.
    """

    inner = 0.0  # seconds of the phases inside the one that runs

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Counts the seconds inside, without those of phases within it."""
        outer, self.inner = self.inner, 0.0
        started = time.perf_counter()
        yield
        if self.accelerator.device.type == "cuda":
            torch.cuda.synchronize()  # what was launched belongs to this phase
        seconds = time.perf_counter() - started
        self._metrics["train"][f"seconds/{name}"].append(seconds - self.inner)
        self.inner = outer + seconds

    def _generate(self, prompts: list) -> Any:
        with self.phase("generate"):
            return super()._generate(prompts)

    def _calculate_rewards(self, *args, **kwargs) -> torch.Tensor:
        with self.phase("reward"):
            return super()._calculate_rewards(*args, **kwargs)

    def _generate_and_score_completions(self, inputs: Any) -> dict[str, Any]:
        with self.phase("score"):
            batch = super()._generate_and_score_completions(inputs)
        if (weights := batch.get("importance_sampling_ratio")) is not None:  # (B, 1) or (B, C)
            kept = (
                batch["completion_mask"].bool()
                if weights.size(1) > 1
                else torch.ones_like(weights, dtype=torch.bool)
            )
            self.log_bounded(weights[kept])
        return batch

    def greedy(self, prompt_ids: list[list[int]]) -> list[list[int]]:
        """
        Token ids of the policy's most likely answer to each prompt, by what writes the answers that it learns
        from. What is logged of a step, and the random numbers of the next one, stay as they are.
        """
        logged, device = self._metrics["train"], self.accelerator.device
        by = self.vllm_generation if self.use_vllm else self
        name = "temperature" if self.use_vllm else "generation_config"
        before = getattr(by, name)
        self._metrics["train"] = defaultdict(list)
        greedy = 0 if self.use_vllm else GenerationConfig.from_dict(before.to_dict() | NOT_DRAWN)
        setattr(by, name, greedy)
        try:
            with torch.random.fork_rng([device] if device.type == "cuda" else []):
                return self._generate_single_turn(prompt_ids, None, {}, num_generations=1)[0]
        finally:
            self._metrics["train"] = logged
            setattr(by, name, before)

    def policy_log_probs(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """
        Log-probability (B, C) of each answer token under the policy as it is now; `inputs` as compute_loss
        gets them.
        """
        ids, mask = (
            torch.cat([inputs[f"prompt_{x}"], inputs[f"completion_{x}"]], 1) for x in ("ids", "mask")
        )
        width = inputs["completion_ids"].size(1)
        with torch.no_grad():
            return self._get_per_token_logps_and_entropies(self.model, ids, mask, width)[0]

    def log_bounded(self, weights: torch.Tensor) -> None:
        """
        `weights`: what the correction multiplies by, (n,): 0 or the bound itself where it was above the
        bound.
        """
        mask = self.vllm_importance_sampling_mode.endswith("mask")
        bounded = (weights == (0 if mask else self.vllm_importance_sampling_clip_max)).float()
        share = bounded.mean() if len(bounded) else bounded.new_zeros(())
        self._metrics["train"]["sampling/above_max"].append(self.accelerator.gather(share).mean().item())
