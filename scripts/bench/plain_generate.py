"""
Baseline of evaluation: transformers' `generate` in batches.

    python scripts/bench/plain_generate.py MODEL QUESTIONS.JSONL --batch 64 --batches 4 --tokens 512

Prints one JSON object: tokensPerSecond, the same a batch. Every answer is `--tokens` long: the end token is
not heard.
"""

from __future__ import annotations

import argparse
import json
import time

import torch
from baseline import chats_of, mean_rate, parser_of


def main(options: argparse.Namespace) -> dict:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(options.model, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(
        options.model, dtype=torch.bfloat16, device_map={"": options.device}
    ).eval()
    questions = chats_of(options.rows)
    rates = []
    for batch in range(options.batches + 1):  # the first one is not timed
        chats = [questions[(batch * options.batch + i) % len(questions)] for i in range(options.batch)]
        asked = tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, return_dict=True, return_tensors="pt", padding=True
        ).to(options.device)
        started = time.perf_counter()
        with torch.inference_mode():
            out = model.generate(
                **asked,
                max_new_tokens=options.tokens,
                min_new_tokens=options.tokens,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
            )
        if options.device == "cuda":
            torch.cuda.synchronize()
        if batch > 0:
            rates.append(
                (out.size(1) - asked["input_ids"].size(1)) * options.batch / (time.perf_counter() - started)
            )
    return {"tokensPerSecond": mean_rate(rates), "batches": rates}


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--device", default="cuda")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    print(json.dumps(main(options_of())))
