"""What Ollama has to be told beside a GGUF file, whose chat template it does not take from there."""

from __future__ import annotations

import re

from .reference import Reference

# https://github.com/ollama/ollama/blob/main/docs/template.md, "ChatML"
TEMPLATE = """{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""


def modelfile(reference: Reference) -> str | None:
    """
    The Modelfile for ./model.gguf: the template, the system message of every conversation, and decoding as
    the model was evaluated. None where the chat template is another one than ChatML.
    """
    system = None
    for text in reference.texts:
        added = text.rendered.removesuffix(chatml(text.chat))
        found = re.fullmatch(r"<\|im_start\|>system\n(.*)<\|im_end\|>\n", added, re.DOTALL)
        if text.rendered == added or (added and not found) or '"""' in added:
            return None
        # a template may put in a system message where there is none; Ollama takes it as the model's
        first = text.chat[0]
        system = found[1] if found else first["content"] if first["role"] == "system" else None
    lines = ["FROM ./model.gguf", f'TEMPLATE """{TEMPLATE}"""']
    if system:
        lines.append(f'SYSTEM """{system}"""')
    lines += ['PARAMETER stop "<|im_end|>"', "PARAMETER temperature 0", "PARAMETER repeat_penalty 1"]
    return "\n".join(lines) + "\n"


def chatml(chat: list[dict[str, str]]) -> str:
    turns = (f"<|im_start|>{turn['role']}\n{turn['content']}<|im_end|>\n" for turn in chat)
    return "".join(turns) + "<|im_start|>assistant\n"
