"""
Baseline of SFT: TRL's own trainer in its fast setting. LoRA, rows laid end to end (`padding_free`), Liger's
kernels, AdamW; attention by the kernel that the product uses, since TRL's needs a package that is compiled on
the user's machine.

    python scripts/bench/plain_sft_trl.py MODEL ROWS.JSONL --batch 16 --steps 40 [--checkpointing]

Prints one JSON object: tokensPerSecond (of all timed steps), the same a step, memoryGiB (torch's peak).
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
from sidecar.flash import one_by_one, use_kernel, working_kernel
from sidecar.model import TARGETS
from sidecar.rows import encode, read_rows

WARM_UP = 3  # steps that are not timed


def main(options: argparse.Namespace) -> dict:
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    class Clock(TrainerCallback):
        """Wall clock from the end of one step to the end of the next: loading of rows counts, too."""

        def __init__(self) -> None:
            self.ends: list[float] = []

        def on_step_end(self, *_, **__):
            if cuda:
                torch.cuda.synchronize()
            self.ends.append(time.perf_counter())

    cuda = options.device == "cuda"
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    encoded = [
        encode(tokenizer, "", row["prompt"], row["response"])
        for row in read_rows(options.rows, ["prompt", "response"])
    ]
    encoded = [row for row in encoded if len(row.input_ids) <= options.length]
    step_rows, steps = options.batch * options.accumulation, options.steps + WARM_UP
    rows = [encoded[i % len(encoded)] for i in range(step_rows * steps)]
    model = AutoModelForCausalLM.from_pretrained(
        options.model, dtype=torch.bfloat16, attn_implementation="sdpa", device_map={"": options.device}
    )
    use_kernel(model, working_kernel("cuda")[0] if cuda else one_by_one)
    clock = Clock()
    trainer = SFTTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list([{"input_ids": r.input_ids, "labels": r.labels} for r in rows]),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules=TARGETS, task_type="CAUSAL_LM"),
        callbacks=[clock],
        args=SFTConfig(
            output_dir=tempfile.mkdtemp(),
            max_steps=steps,
            max_length=None,
            padding_free=True,
            use_liger_kernel=cuda,  # Triton: on a GPU only
            per_device_train_batch_size=options.batch,
            gradient_accumulation_steps=options.accumulation,
            gradient_checkpointing=options.checkpointing,
            learning_rate=2e-4,
            train_sampling_strategy="sequential",
            use_cpu=not cuda,
            bf16=cuda,
            save_strategy="no",
            logging_steps=10,
            report_to=[],
            disable_tqdm=True,
        ),
    )
    trainer.train()
    lengths = [len(row.input_ids) for row in rows]
    tokens = [sum(lengths[i * step_rows : (i + 1) * step_rows]) for i in range(WARM_UP, steps)]
    seconds = [b - a for a, b in zip(clock.ends[WARM_UP - 1 :], clock.ends[WARM_UP:], strict=False)]
    return {
        "tokensPerSecond": sum(tokens) / sum(seconds),
        "steps": [n / s for n, s in zip(tokens, seconds, strict=True)],
        "memoryGiB": torch.cuda.max_memory_allocated() / 2**30 if cuda else None,
        "device": torch.cuda.get_device_name() if cuda else "cpu",
    }


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("rows")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--device", default="cuda")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    print(json.dumps(main(options_of())))
