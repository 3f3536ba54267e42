"""
Baseline of SFT: a plain PEFT loop, as one writes it from the documentation. Batches padded to their longest
row, SDPA, the whole loss, AdamW.

    python scripts/bench/plain_sft.py MODEL ROWS.JSONL --batch 8 --steps 60 [--checkpointing] [--four-bit]

Prints one JSON object: tokensPerSecond (real tokens only, of all timed steps), the same a step, memoryGiB
(torch's peak).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from sidecar.model import TARGETS
from sidecar.rows import encode, read_rows

WARM_UP = 3  # steps that are not timed


def main(options: argparse.Namespace) -> dict:
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    cuda = options.device == "cuda"
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    rows = [
        encode(tokenizer, "", row["prompt"], row["response"])
        for row in read_rows(options.rows, ["prompt", "response"])
    ]
    rows = [row for row in rows if len(row.input_ids) <= options.length]
    four_bit = (
        {
            "quantization_config": BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=torch.bfloat16,
            )
        }
        if options.four_bit
        else {}
    )
    model = AutoModelForCausalLM.from_pretrained(
        options.model,
        dtype=torch.bfloat16,
        attn_implementation="sdpa",
        device_map={"": options.device},
        **four_bit,
    )
    model.config.use_cache = False
    if options.four_bit:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=options.checkpointing)
    elif options.checkpointing:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    model = get_peft_model(
        model,
        LoraConfig(r=16, lora_alpha=32, lora_dropout=0.05, target_modules=TARGETS, task_type="CAUSAL_LM"),
    )
    model.train()
    optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=2e-4)
    seconds, tokens = [], []
    for step in range(options.steps + WARM_UP):
        some = [rows[(step * options.batch + i) % len(rows)] for i in range(options.batch)]
        width = max(len(row.input_ids) for row in some)
        ids = torch.tensor(
            [row.input_ids + [tokenizer.pad_token_id] * (width - len(row.input_ids)) for row in some],
            device=options.device,
        )  # (B, T)
        labels = torch.tensor(
            [row.labels + [-100] * (width - len(row.labels)) for row in some], device=options.device
        )
        mask = torch.tensor(
            [[1] * len(row.input_ids) + [0] * (width - len(row.input_ids)) for row in some],
            device=options.device,
        )
        started = time.perf_counter()
        with torch.autocast(options.device, torch.bfloat16):
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        loss.backward()
        if (step + 1) % options.accumulation == 0:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if cuda:
            torch.cuda.synchronize()
        if step >= WARM_UP:
            seconds.append(time.perf_counter() - started)
            tokens.append(int(mask.sum()))
    return {
        "tokensPerSecond": sum(tokens) / sum(seconds),
        "steps": [n / s for n, s in zip(tokens, seconds, strict=True)],
        "memoryGiB": torch.cuda.max_memory_allocated() / 2**30 if cuda else None,
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "loss": loss.item(),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("rows")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--accumulation", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--length", type=int, default=2048)
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--four-bit", action="store_true")
    parser.add_argument("--device", default="cuda")
    print(json.dumps(main(parser.parse_args())))
