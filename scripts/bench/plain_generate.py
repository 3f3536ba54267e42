"""
Baseline of evaluation: transformers' `generate` in batches.

    python scripts/bench/plain_generate.py MODEL QUESTIONS.JSONL --batch 64 --batches 4 --tokens 512

Prints one JSON object: tokensPerSecond, the same a batch. Every answer is `--tokens` long: the end token is
not heard.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch
from sidecar.rows import messages, read_rows


def main(options: argparse.Namespace) -> dict:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(options.model, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(
        options.model, dtype=torch.bfloat16, device_map={"": options.device}
    ).eval()
    prompts = [row["prompt"] for row in read_rows(options.rows, ["prompt"])]
    rates = []
    for batch in range(options.batches + 1):  # the first one is not timed
        chats = [
            messages("", prompts[(batch * options.batch + i) % len(prompts)]) for i in range(options.batch)
        ]
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
    return {"tokensPerSecond": len(rates) / sum(1 / rate for rate in rates), "batches": rates}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("rows")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--batches", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--device", default="cuda")
    print(json.dumps(main(parser.parse_args())))
