"""
Models of a few thousand random weights, rows for them, and fixtures of the stages; what is set before torch
is imported.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[1]
ROOT = SCRIPTS.parent
NODE = str(ROOT / "node_modules" / ".bin" / "node")

sys.path.insert(0, str(SCRIPTS))
# One thread: a process may then be forked after torch has computed. The rest is read when libraries are
# imported.
os.environ.update(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    HF_HUB_OFFLINE="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    TOKENIZERS_PARALLELISM="false",
    WANDB_MODE="disabled",
)

from visible_gpus import visible_gpus

GPUS = visible_gpus()
# This process and those it forks work on the CPU. What is tried on a GPU is a process of its own, which is
# told of them again (test_gpu.py).
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import pytest

pytest.register_assert_rewrite("stages")
from stages import Stage, make_stage

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|"
    "im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
WORDS = [
    "revenue",
    "cost",
    "profit",
    "margin",
    "growth",
    "loan",
    "bond",
    "share",
    "rises",
    "falls",
    "by",
    "percent",
    "of",
    "the",
    "year",
    "利润",
    "收入",
    "增长",
]


def question(i: int) -> str:
    return " ".join(WORDS[(i * 7 + j * (i % 5 + 1)) % len(WORDS)] for j in range(6 + i % 4)) + f" {i}?"


def answer(i: int) -> str:
    return f"<think>\n{question(i + 1)}\n</think>\n<answer>\n{i}\n</answer>"


SFT_ROWS = [
    {"id": f"q{i}", "prompt": question(i), "response": answer(i), "type": "financial_calculation"}
    for i in range(12)
]
RL_ROWS = [
    {"id": f"q{i}", "prompt": question(i), "gold_answer": str(i), "type": "financial_calculation"}
    for i in range(8)
]


@pytest.fixture(scope="session")
def make_base(tmp_path_factory) -> Callable[..., Path]:
    """
    make_base(hidden=…) writes a random Qwen2 model with tokenizer and chat template, bf16 as the shipped
    ones.
    """

    def make(hidden: int = 32, seed: int = 0, tied: bool = True) -> Path:
        import torch
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
        from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

        bpe = Tokenizer(models.BPE())
        bpe.pre_tokenizer, bpe.decoder = (
            pre_tokenizers.ByteLevel(add_prefix_space=False),
            decoders.ByteLevel(),
        )
        special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
        trainer = trainers.BpeTrainer(
            vocab_size=320,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        bpe.train_from_iterator([answer(i) for i in range(50)], trainer)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML
        )
        torch.manual_seed(seed)
        model = Qwen2ForCausalLM(
            Qwen2Config(
                vocab_size=len(tokenizer),
                hidden_size=hidden,
                intermediate_size=2 * hidden,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=256,
                tie_word_embeddings=tied,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
                bos_token_id=None,
                initializer_range=0.3,  # random, but with opinions
            )
        )
        # one constant feature, which the end token likes: with seed 0 four answers of five end within 16
        # tokens
        if tied:
            weight = model.model.embed_tokens.weight.data
            weight[:, 0] = 1
            weight[tokenizer.eos_token_id, 0] = 5
        folder = tmp_path_factory.mktemp(f"base{hidden}")
        model.to(torch.bfloat16).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def base(make_base) -> Path:
    return make_base()


@pytest.fixture(scope="session")
def profiles() -> dict[str, Any]:
    """Both profiles as lib has them: the sidecar is tested on what it will get."""
    return json.loads(
        node("import { PROFILES } from './lib/config/profiles.ts'; console.log(JSON.stringify(PROFILES));")
    )


def node(program: str, stdin: str = "") -> str:
    return subprocess.run(
        [NODE, "--input-type=module", "-e", program],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture
def stage(tmp_path, base, profiles) -> Callable[..., Stage]:
    """
    stage("sft", rows, sft={…}) → a run folder of the tiny profile; another `base`, `adapter`, `reward` and
    sections can be given.
    """

    def make(name: str, rows: list[dict[str, Any]] | str, base: Path = base, **options: Any) -> Stage:
        return make_stage(tmp_path, profiles["tiny"], name, rows, base, **options)

    return make


@pytest.fixture(scope="session")
def sft_adapter(tmp_path_factory, base, profiles) -> Path:
    """The adapter of one SFT run that moved well away from the base."""
    sft = make_stage(
        tmp_path_factory.mktemp("sft"),
        profiles["tiny"],
        "sft",
        SFT_ROWS,
        base,
        sft={"learningRate": 0.03, "epochs": 4},
    )
    assert sft.run() == 0, sft.log()
    return sft.folder / "adapter"


@pytest.fixture
def reward_module(tmp_path) -> Callable[[str], list[str]]:
    """reward_module("(row) => ({…})") → the command of lib's reward server on a module with that reward."""

    def make(source: str) -> list[str]:
        path = tmp_path / "reward.ts"
        path.write_text(f"export const reward = {source};\n")
        return [NODE, str(ROOT / "lib" / "reward" / "server.ts"), str(path)]

    return make


@pytest.fixture
def node_program(tmp_path) -> Callable[[str], list[str]]:
    """node_program("…") → the command of a Node program that stands in for a misbehaving reward server."""

    def make(source: str) -> list[str]:
        path = tmp_path / "program.mjs"
        path.write_text(source)
        return [NODE, str(path)]

    return make


@pytest.fixture(scope="session")
def tokenizer(base):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(base, padding_side="left")


@pytest.fixture(scope="session")
def prompts(tokenizer) -> list[list[int]]:
    return [tokenizer(f"<|im_start|>user\n{question(i)}")["input_ids"] for i in (1, 2, 3)]
