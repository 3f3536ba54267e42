"""
Baseline of distilling: vLLM offline, all prompts but those of the warm-up in one call.

    python scripts/bench/plain_vllm.py MODEL QUESTIONS.JSONL --tokens 512 --repeats 2

Prints one JSON object: tokensPerSecond, the same a repeat.
"""

from __future__ import annotations

import argparse
import json
import time

from baseline import chats_of, mean_rate, parser_of


def main(options: argparse.Namespace) -> dict:
    from vllm import LLM, SamplingParams

    llm = LLM(
        model=options.model,
        max_model_len=options.length,
        gpu_memory_utilization=0.9,
        max_num_seqs=options.sequences,
        seed=0,
    )
    chats = chats_of(options.rows)
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
    return {"tokensPerSecond": mean_rate(rates), "repeats": rates}


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = parser_of(__doc__)
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
    return parser.parse_args(arguments)


if __name__ == "__main__":
    print(json.dumps(main(options_of())))
