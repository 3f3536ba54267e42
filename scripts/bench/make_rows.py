"""
Training rows of given lengths in a model's own tokens: log-normal, as answers of a Teacher are, or all of one
length.

    python scripts/bench/make_rows.py MODEL OUT.JSONL --count 2000 --median 550 --mean 700 --cut 2048
    python scripts/bench/make_rows.py MODEL OUT.JSONL --count 64 --fixed 2048
    python scripts/bench/make_rows.py MODEL OUT.JSONL --count 4096 --prompt 200          questions only
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from sidecar.rows import encode, messages

WORD = " a"  # one token in Qwen's vocabulary, two in a vocabulary of bytes


def lengths(count: int, median: float, mean: float, cut: int, seed: int = 0) -> list[int]:
    """exp(N(ln median, s²)), whose mean is median · exp(s² / 2)."""
    draw = random.Random(seed)
    spread = math.sqrt(2 * math.log(mean / median))
    return [max(32, min(cut, round(draw.lognormvariate(math.log(median), spread)))) for _ in range(count)]


def row_of(tokenizer, i: int, length: int) -> dict[str, str]:
    """
    Prompt and response that are `length` tokens in the chat template, or one fewer; a quarter of them is the
    prompt.
    """

    def row(words: int) -> dict[str, str]:
        prompt = words // 4
        return {
            "id": f"b{i}",
            "prompt": f"Question {i}:{WORD * prompt}",
            "response": f"<think>\n{i}{WORD * (words - prompt)}\n</think>\n<answer>\n{i}\n</answer>",
            "type": "financial_calculation",
        }

    def tokens(words: int) -> int:
        one = row(words)
        return len(encode(tokenizer, "", one["prompt"], one["response"]).input_ids)

    empty = tokens(0)
    a_word = (tokens(8) - empty) / 8
    return row(max(0, int((length - empty) / a_word)))


def question_of(tokenizer, i: int, length: int) -> dict[str, str]:
    def tokens(text: str) -> int:
        return len(
            tokenizer.apply_chat_template(messages("", text), add_generation_prompt=True, return_dict=True)[
                "input_ids"
            ]
        )

    head = f"Question {i}, which nobody else is asked:"
    a_word = (tokens(head + WORD * 8) - tokens(head)) / 8
    return {
        "id": f"b{i}",
        "prompt": head + WORD * max(0, int((length - tokens(head)) / a_word)),
        "gold_answer": str(i),
        "type": "financial_calculation",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--median", type=float)
    parser.add_argument("--mean", type=float)
    parser.add_argument("--cut", type=int, default=2048)
    parser.add_argument("--fixed", type=int)
    parser.add_argument("--prompt", type=int)
    options = parser.parse_args()
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(options.model)
    if options.prompt:
        rows = [question_of(tokenizer, i, options.prompt) for i in range(options.count)]
    else:
        wanted = (
            [options.fixed] * options.count
            if options.fixed
            else lengths(options.count, options.median, options.mean, options.cut)
        )
        rows = [row_of(tokenizer, i, length) for i, length in enumerate(wanted)]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(json.dumps({"rows": len(rows)}))
