"""What a model answers in float32: what its exported files are compared with."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TEXT_TOKENS = 32  # of each answer, at most
LOGITS_KEPT = 2**24  # numbers of all answers together: 64 MB


@dataclass
class Text:
    """One question and its greedy answer."""

    chat: list[dict[str, str]]
    rendered: str  # by the chat template, up to the assistant's turn
    prompt: list[int]
    answer: list[int]


@dataclass
class Reference:
    ends: list[int]  # tokens that end a text
    texts: list[Text]
    logits: list[np.ndarray]  # of each text (T, V): at its first T places; T is the same or the text's end


def write_reference(source: Path, chats: list[list[dict[str, str]]], run_dir: Path) -> Reference:
    """Answers `chats` greedily; kept as reference.json and, by the text's number, reference.safetensors."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    model = AutoModelForCausalLM.from_pretrained(source, dtype=torch.float32, use_safetensors=True).eval()
    end = model.generation_config.eos_token_id
    ends = end if isinstance(end, list) else [tokenizer.eos_token_id if end is None else end]
    places = max(1, LOGITS_KEPT // (model.config.vocab_size * len(chats)))
    texts, logits = [], []
    for chat in chats:
        rendered = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
        prompt = tokenizer(rendered, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            # A penalty in the generation settings would make it another text than the greedy one.
            said = model.generate(
                torch.tensor([prompt]), max_new_tokens=TEXT_TOKENS, do_sample=False, repetition_penalty=1.0,
                eos_token_id=ends, pad_token_id=ends[0], output_logits=True, return_dict_in_generate=True,
            )  # fmt: skip
        texts.append(Text(chat, rendered, prompt, said.sequences[0, len(prompt) :].tolist()))
        logits.append(torch.cat(said.logits[:places]))  # (T, V)
    save_file({str(i): rows for i, rows in enumerate(logits)}, run_dir / "reference.safetensors")
    told = {"ends": ends, "texts": [asdict(text) for text in texts]}
    (run_dir / "reference.json").write_text(json.dumps(told), encoding="utf-8")
    return Reference(ends, texts, [rows.numpy() for rows in logits])
