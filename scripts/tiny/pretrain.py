"""
Trains the three tiny models from scratch on the corpora that corpus.ts wrote.

    node scripts/tiny/corpus.ts CORPUS
    python scripts/tiny/pretrain.py CORPUS OUT [base base-finish teacher judge]

Each is a Qwen2 model of about 4 M parameters with a byte-level BPE tokenizer whose digits are single tokens.
All sizes, steps and seeds stand in recipe.json; `base-finish` continues from the saved base. Next-token loss
on the response alone; AdamW, cosine to a tenth of the peak. An H100 takes one to two minutes a model, two CPU
cores some hours. Writes OUT/<role>/{model.safetensors (bf16), config.json, tokenizer.json, …}.
"""

from __future__ import annotations

import gzip
import json
import math
import sys
import time
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn.utils.rnn import pad_sequence
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

RECIPE = json.loads((Path(__file__).parent / "recipe.json").read_text())
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|"
    "im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

Row = dict[str, str]


def read_corpus(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def train_tokenizer(corpora: list[list[Row]]) -> PreTrainedTokenizerFast:
    """One tokenizer for all three models, trained on an equal share of each corpus."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\d"), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=RECIPE["tokenizer"]["vocabSize"],
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    share = RECIPE["tokenizer"]["rows"] // len(corpora)
    tokenizer.train_from_iterator(
        (text for corpus in corpora for row in corpus[:share] for text in row.values()), trainer
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=CHAT_TEMPLATE,
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
    )


Example = tuple[torch.Tensor, torch.Tensor]  # ids (T,), labels (T,): -100 over the prompt


def encode(tokenizer: PreTrainedTokenizerFast, corpus: list[Row]) -> list[Example]:
    """Token ids of prompt + response + end, and the labels that leave the prompt out."""
    prompts = [f"<|im_start|>user\n{row['prompt']}<|im_end|>\n<|im_start|>assistant\n" for row in corpus]
    heads = tokenizer(prompts, add_special_tokens=False)["input_ids"]
    tails = tokenizer([row["response"] + "<|im_end|>" for row in corpus], add_special_tokens=False)[
        "input_ids"
    ]
    return [
        (torch.tensor(head + tail), torch.tensor([-100] * len(head) + tail))
        for head, tail in zip(heads, tails, strict=True)
    ]


def batches(rows: list[Example], size: int, generator: torch.Generator):
    """Endless batches of rows of like length, so that padding stays small; a new order each epoch."""
    while True:
        order = torch.randperm(len(rows), generator=generator).tolist()
        chunks = []
        for start in range(0, len(order) - size * 16 + 1, size * 16):
            block = sorted(order[start : start + size * 16], key=lambda i: len(rows[i][0]))
            chunks += [block[i : i + size] for i in range(0, len(block), size)]
        for i in torch.randperm(len(chunks), generator=generator).tolist():
            yield [rows[j] for j in chunks[i]]


def collate(batch: list[Example], device: str) -> Example:
    """Right-padded (B, T) ids and labels; right padding needs no mask under causal attention."""
    ids = pad_sequence([ids for ids, _ in batch], batch_first=True)
    labels = pad_sequence([labels for _, labels in batch], batch_first=True, padding_value=-100)
    return ids.to(device, non_blocking=True), labels.to(device, non_blocking=True)


def new_model(settings: dict, tokenizer: PreTrainedTokenizerFast) -> Qwen2ForCausalLM:
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=settings["hidden"],
        intermediate_size=settings["intermediate"],
        num_hidden_layers=settings["layers"],
        num_attention_heads=settings["heads"],
        num_key_value_heads=settings["keyValueHeads"],
        max_position_embeddings=settings["maxPositions"],
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen2ForCausalLM(config)


def fit(
    role: str, model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, corpus: list[Row], device: str
) -> None:
    settings = RECIPE[role]
    model.to(device).train()
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=settings["learningRate"],
        betas=(0.9, 0.95),
        weight_decay=settings["weightDecay"],
        fused=device == "cuda",
    )
    steps, warmup = settings["steps"], settings["warmupSteps"]
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / warmup, 0.55 + 0.45 * math.cos(math.pi * min(1.0, s / steps)))
    )
    stream = batches(
        encode(tokenizer, corpus), settings["batch"], torch.Generator().manual_seed(settings["seed"])
    )
    started, tokens = time.time(), 0
    for step in range(1, steps + 1):
        ids, labels = collate(next(stream), device)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            loss = model(input_ids=ids, labels=labels).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        tokens += int(ids.numel())
        if step % max(1, min(100, steps // 10)) == 0 or step == steps:
            print(
                f"{role} {step}/{steps} loss {loss.item():.4f}, {tokens / (time.time() - started):,.0f} "
                f"tokens/s, {time.time() - started:.0f} s",
                flush=True,
            )


def interpolate(model: Qwen2ForCausalLM, start: dict[str, torch.Tensor], keep: float) -> None:
    """
    Goes only part of the way from `start`: w = start + keep * (w - start). Wortsman et al. 2022,
    https://arxiv.org/abs/2109.01903
    """
    with torch.no_grad():
        for name, weight in model.state_dict().items():
            weight.lerp_(start[name].to(weight.device), 1 - keep)


def save(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, out: Path) -> None:
    model.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        do_sample=True,
        temperature=1.0,
    )
    model.to(torch.bfloat16).save_pretrained(out)
    tokenizer.save_pretrained(out)


def main(corpus_dir: Path, out_dir: Path, roles: list[str]) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = None
    for role in roles:
        settings = RECIPE[role]
        corpus = read_corpus(corpus_dir / f"{role}.jsonl.gz")
        torch.manual_seed(settings["seed"])
        if "from" in settings:
            out = out_dir / settings["from"]
            tokenizer = PreTrainedTokenizerFast.from_pretrained(out)
            model = Qwen2ForCausalLM.from_pretrained(out, dtype=torch.float32)
        else:
            out = out_dir / role
            tokenizer = tokenizer or train_tokenizer(
                [read_corpus(corpus_dir / f"{name}.jsonl.gz") for name in ("base", "teacher", "judge")]
            )
            model = new_model(settings, tokenizer)
        start = (
            {name: weight.clone() for name, weight in model.state_dict().items()}
            if "keep" in settings
            else None
        )
        fit(role, model, tokenizer, corpus, device)
        if start is not None:
            interpolate(model, start, settings["keep"])
        save(model, tokenizer, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or ["base", "base-finish", "teacher", "judge"])
