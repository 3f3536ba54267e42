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
import tempfile
import time

import torch
from baseline import WARM_UP, lora, sft_figures, sft_parser, sft_rows
from sidecar.flash import one_by_one, use_kernel, working_kernel


def main(options: argparse.Namespace) -> dict:
    from datasets import Dataset
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
    encoded = sft_rows(tokenizer, options.rows, options.length)
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
        peft_config=lora(),
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
    return sft_figures(tokens, seconds, options.device)


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    return sft_parser(__doc__, batch=16, steps=40).parse_args(arguments)


if __name__ == "__main__":
    print(json.dumps(main(options_of())))
