"""
Baseline of GRPO: TRL's trainer with its own `generate`, LoRA, and a reward of one line.

    python scripts/bench/plain_grpo.py MODEL QUESTIONS.JSONL --prompts 16 --answers 4 --tokens 512 --steps 3

Prints one JSON object: secondsPerStep (the first step is not counted), the same a step, memoryGiB (torch's peak).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from sidecar.model import TARGETS
from sidecar.rows import messages, read_rows


def main(options: argparse.Namespace) -> dict:
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoTokenizer, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    class Clock(TrainerCallback):
        seconds: list[float] = []

        def on_step_begin(self, *_, **__):
            self.started = time.perf_counter()

        def on_step_end(self, *_, **__):
            self.seconds.append(time.perf_counter() - self.started)

    rows = read_rows(options.rows, ["prompt"])[: options.prompts * (options.steps + 1)]
    clock, answers, cpu = Clock(), options.prompts * options.answers, options.device == "cpu"
    trainer = GRPOTrainer(
        model=options.model,
        processing_class=AutoTokenizer.from_pretrained(options.model, padding_side="left"),
        train_dataset=Dataset.from_list([{"prompt": messages("", row["prompt"])} for row in rows]),
        reward_funcs=[lambda completions, **_: [float(len(set(completion[0]["content"]))) for completion in completions]],
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules=TARGETS, task_type="CAUSAL_LM"),
        callbacks=[clock],
        args=GRPOConfig(
            output_dir=tempfile.mkdtemp(), max_steps=options.steps + 1, per_device_train_batch_size=options.batch, gradient_accumulation_steps=answers // options.batch,
            num_generations=options.answers, max_completion_length=options.tokens, beta=0.05, learning_rate=5e-6, temperature=0.7, gradient_checkpointing=True,
            use_cpu=cpu, bf16=not cpu, save_strategy="no", logging_steps=1, report_to=[], disable_tqdm=True,
            generation_kwargs={"min_new_tokens": options.tokens},
        ),
    )  # fmt: skip
    trainer.train()
    timed = clock.seconds[1:]
    return {"secondsPerStep": sum(timed) / len(timed), "steps": timed, "memoryGiB": None if cpu else torch.cuda.max_memory_allocated() / 2**30}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("rows")
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--answers", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--device", default="cuda")
    print(json.dumps(main(parser.parse_args())))
