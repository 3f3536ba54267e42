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
import time

import torch
from baseline import WARM_UP, lora, sft_figures, sft_parser, sft_rows


def main(options: argparse.Namespace) -> dict:
    from peft import get_peft_model, prepare_model_for_kbit_training
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    tokenizer = AutoTokenizer.from_pretrained(options.model)
    rows = sft_rows(tokenizer, options.rows, options.length)
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
    model = get_peft_model(model, lora(lora_dropout=0.05))
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
        if options.device == "cuda":
            torch.cuda.synchronize()
        if step >= WARM_UP:
            seconds.append(time.perf_counter() - started)
            tokens.append(int(mask.sum()))
    return {**sft_figures(tokens, seconds, options.device), "loss": loss.item()}


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = sft_parser(__doc__, batch=8, steps=60)
    parser.add_argument("--four-bit", action="store_true")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    print(json.dumps(main(options_of())))
