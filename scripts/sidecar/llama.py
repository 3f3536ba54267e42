"""llama.cpp, asked what it makes of a GGUF file."""

from __future__ import annotations

import json
import secrets
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failure import Failure
from .reference import Reference, Text

MOST_TOKENS = 512  # whose log-probabilities are compared at a place, the most likely ones
SMALL = 100_000_000  # bytes, magic number


@dataclass
class Parity:
    prompts: int
    tokens: int  # of all answers
    sameTokens: int  # at which both have the same most likely one
    sameTexts: int  # answers with no other token
    maxLogprobDifference: float  # nats


class Server:
    """llama.cpp on one model, on a free port of 127.0.0.1 with a key of its own, until the process ends."""

    def __init__(self, path: Path, positions: int):
        import torch
        import xllamacpp as x

        self.key = secrets.token_hex(16)
        settings = x.CommonParams()
        settings.model.path = str(path)
        settings.api_keys = [self.key]
        settings.n_ctx, settings.n_parallel = positions, 1
        settings.n_gpu_layers, settings.fit_params, settings.warmup = 0, False, False
        settings.verbosity = -1
        # Its threads spin while they wait for each other: a small model gains nothing by more than one.
        settings.cpuparams.n_threads = 1 if path.stat().st_size < SMALL else torch.get_num_threads()
        # In float32 all the way, so that what differs is the file's fault.
        settings.cache_type_k = settings.cache_type_v = x.ggml_type.GGML_TYPE_F32
        settings.flash_attn_type = x.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
        try:
            self.server = x.Server(settings)
        except RuntimeError as error:
            raise Failure("parity", f"llama.cpp does not load {path}: {error}") from error
        self.open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # to this machine

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(
            self.server.listening_address + path, json.dumps(body).encode(), headers
        )
        with self.open(request) as response:
            return json.load(response)


def compare(path: Path, reference: Reference) -> Parity:
    """
    Asks llama.cpp the questions of `reference`, as conversations. Raises Failure("parity") where its chat
    template or its tokens are others.
    """
    longest = max(len(text.prompt) + len(text.answer) for text in reference.texts)
    server = Server(path, longest + 8)
    parity = Parity(len(reference.texts), 0, 0, 0, 0.0)
    for text, logits in zip(reference.texts, reference.logits, strict=True):
        assert_same_prompt(server, path, text)
        different, difference = walk(server, text, logits)
        parity.tokens += len(text.answer)
        parity.sameTokens += len(text.answer) - different
        parity.sameTexts += different == 0
        parity.maxLogprobDifference = max(parity.maxLogprobDifference, difference)
    return parity


def assert_same_prompt(server: Server, path: Path, text: Text) -> None:
    rendered = server.ask("/apply-template", {"messages": text.chat})["prompt"]
    tokens = server.ask("/tokenize", {"content": rendered, "parse_special": True, "add_special": True})[
        "tokens"
    ]
    for what, found, expected in (
        ("chat template writes", rendered, text.rendered),
        ("tokenizer reads", tokens, text.prompt),
    ):
        if found != expected:
            raise Failure(
                "parity",
                f"the {what} another prompt in {path.name} than in the model: expected "
                f"{json.dumps(expected)[:200]}, found {json.dumps(found)[:200]}. The file was not published",
            )


def walk(server: Server, text: Text, logits: Any) -> tuple[int, float]:
    """
    The answer written greedily, from behind each token that is another one than the model's. Returns how many
    those were, and the largest difference of a log-probability at the first places.
    """
    import numpy as np

    exact = logits.astype(np.float64)
    wanted = exact - np.log(np.exp(exact - exact.max(1, keepdims=True)).sum(1, keepdims=True))
    wanted -= exact.max(1, keepdims=True)
    different, largest, place = 0, 0.0, 0
    while place < len(text.answer):
        probabilities = min(MOST_TOKENS, logits.shape[1]) if place < len(logits) else 0
        # One by one: of a token that ends within a character llama.cpp tells no probabilities.
        left = 1 if probabilities else len(text.answer) - place
        written = server.ask(
            "/completion",
            {
                "prompt": text.prompt + text.answer[:place],
                "n_predict": left,
                "n_probs": probabilities,
                "temperature": 0,
                "samplers": ["temperature"],
                "return_tokens": True,
            },
        )
        likely = written.get("completion_probabilities", [])
        begun = place
        for token in written["tokens"]:
            if likely:
                top = likely[0]["top_logprobs"]
                found = np.array([one["logprob"] for one in top])
                difference = np.abs(found - wanted[place, [one["id"] for one in top]]).max()
                largest = max(largest, float(difference) if np.isfinite(difference) else float("inf"))
            place += 1
            if token != text.answer[place - 1]:
                different += 1
                break
        if place == begun:
            raise Failure("parity", "llama.cpp wrote nothing where the model wrote a token")
    return different, largest
