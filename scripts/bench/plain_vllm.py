"""
Baseline of distilling: vLLM offline, all prompts but those of the warm-up in one call.

    python scripts/bench/plain_vllm.py MODEL QUESTIONS.JSONL --tokens 512 --repeats 2

Prints one JSON object: tokensPerSecond, the same a repeat.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from sidecar.rows import messages, read_rows


def main(options: argparse.Namespace) -> dict:
    from vllm import LLM, SamplingParams

    llm = LLM(
        model=options.model,
        max_model_len=options.length,
        gpu_memory_utilization=0.9,
        max_num_seqs=options.sequences,
        seed=0,
    )
    chats = [messages("", row["prompt"]) for row in read_rows(options.rows, ["prompt"])]
    sampling = SamplingParams(temperature=0.6, top_p=0.95, max_tokens=options.tokens, seed=1)
    warm, chats = chats[: options.warm_up], chats[options.warm_up :]
    llm.chat(warm, sampling, use_tqdm=False)
    rates = []
    for _ in range(options.repeats):
        llm.reset_prefix_cache()
        started = time.perf_counter()
        answers = llm.chat(chats, sampling, use_tqdm=False)
        rates.append(
            sum(len(answer.outputs[0].token_ids) for answer in answers) / (time.perf_counter() - started)
        )
    return {"tokensPerSecond": len(rates) / sum(1 / rate for rate in rates), "repeats": rates}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("rows")
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument(
        "--sequences",
        type=int,
        default=512,
        help="at once; vLLM captures CUDA graphs up to 512 and is slower beyond",
    )
    parser.add_argument("--warm-up", type=int, default=64, help="the first rows, which are not timed")
    parser.add_argument("--repeats", type=int, default=2)
    print(json.dumps(main(parser.parse_args())))
