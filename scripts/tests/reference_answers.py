"""
What transformers says, for the forward pass in TypeScript to be compared with: no test by itself.

    python scripts/tests/reference_answers.py MODEL ADAPTER-OR-"" ASKED.json OUT.json

ASKED: {"texts": [...], "prompts": [...], "logitsOf": n, "maxTokens": n}, prompts as the model reads them.
OUT: {"encoded": tokens of each text by the folder's tokenizer.json, "answers": greedy tokens of each prompt,
up to the end of the turn, "logits": of the first n, for every position of prompt and answer}. Everything in
float32.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer

BATCH = 50


def main(folder: str, adapter: str, asked: dict) -> dict:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    if adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, adapter).eval()
    end = tokenizer.eos_token_id
    prompts, answers = asked["prompts"], []
    for start in range(0, len(prompts), BATCH):
        batch = tokenizer(
            prompts[start : start + BATCH], add_special_tokens=False, padding=True, return_tensors="pt"
        )
        written = model.generate(**batch, do_sample=False, max_new_tokens=asked["maxTokens"])
        for tokens in written[:, batch["input_ids"].size(1) :].tolist():
            answers.append(tokens[: tokens.index(end) + 1] if end in tokens else tokens)
    logits = []
    for prompt, answer in list(zip(prompts, answers, strict=True))[: asked["logitsOf"]]:
        ids = tokenizer(prompt, add_special_tokens=False)["input_ids"] + answer
        logits.append(model(torch.tensor([ids])).logits[0].tolist())
    # Of the file itself: for a qwen2 model AutoTokenizer puts Qwen's own words and NFC in the place of the
    # file's.
    file = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    encoded = [file.encode(text, add_special_tokens=False).ids for text in asked["texts"]]
    return {"encoded": encoded, "answers": answers, "logits": logits}


if __name__ == "__main__":
    torch.manual_seed(0)
    with torch.inference_mode():
        result = main(sys.argv[1], sys.argv[2], json.loads(Path(sys.argv[3]).read_text()))
    Path(sys.argv[4]).write_text(json.dumps(result))
