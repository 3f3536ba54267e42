"""Rows of a JSONL file, and a row as the tokens that are trained on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .failure import Failure
from .model import load_tokenizer
from .order import epochs_in_order
from .runfile import RunFile

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

IGNORED = -100  # a label that torch's cross entropy leaves out


def read_rows(path: str, texts: list[str]) -> list[dict[str, Any]]:
    """
    The rows of a JSONL file whose fields `texts` are texts that are not blank. Raises Failure naming file,
    line and field.
    """
    rows = []
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except OSError as error:
        raise Failure("bad_data", f"{path} cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:  # bad JSON or bad UTF-8
            raise Failure(
                "bad_data", f"{path}:{number}: expected a JSON object, found {line[:60]!r} ({error})"
            ) from error
        for field in texts:
            value = row.get(field) if isinstance(row, dict) else None
            if not isinstance(value, str) or not value.strip():
                raise Failure(
                    "bad_data", f"{path}:{number}: {field}: expected a text, found {json.dumps(value)[:60]}"
                )
        rows.append(row)
    if not rows:
        raise Failure("no_rows", f"{path} holds no rows: there is nothing to train on")
    return rows


def messages(system: str, prompt: str) -> list[dict[str, str]]:
    """The conversation up to the answer; a system message only when there is one."""
    head = [{"role": "system", "content": system}] if system else []
    return [*head, {"role": "user", "content": prompt}]


def assert_answer_is_whole(tokenizer: PreTrainedTokenizerBase, prompt: list[dict[str, str]]) -> None:
    """
    Raises Failure when the chat template opens the think block: the answer would begin inside it, and the
    reward would find no format in it.
    """
    if (
        tokenizer.apply_chat_template(prompt, add_generation_prompt=True, tokenize=False)
        .rstrip()
        .endswith("<think>")
    ):
        raise Failure(
            "bad_chat_template",
            "the chat template ends the prompt with <think>, so that no answer could hold the whole "
            "format; take it out of chat_template.jinja",
        )


def assert_written(tokenizer: PreTrainedTokenizerBase, head: list[dict[str, str]], response: str) -> None:
    """
    Raises Failure unless the chat template writes the whole answer (some take the think block out of it) and
    then the end token.
    """
    prompt = tokenizer.apply_chat_template(head, add_generation_prompt=True, tokenize=False)
    answer = tokenizer.apply_chat_template(
        [*head, {"role": "assistant", "content": response}], tokenize=False
    )[len(prompt) :]
    if not answer.lstrip().startswith(response.strip()):
        raise Failure(
            "bad_chat_template",
            f"the chat template changes the answer: {answer[:60]!r} stands for {response[:60]!r}; the "
            f"model would be trained on another text than the data holds",
        )
    if tokenizer.eos_token is None or tokenizer.eos_token not in answer[len(response.strip()) :]:
        raise Failure(
            "bad_chat_template",
            f"the chat template does not end an answer with the tokenizer's end token "
            f"{tokenizer.eos_token!r} but with {answer[-20:]!r}: the model would not learn to stop",
        )


@dataclass(frozen=True)
class Encoded:
    input_ids: list[int]  # (T,)
    labels: list[int]  # (T,), IGNORED on the prompt


def encode(tokenizer: PreTrainedTokenizerBase, system: str, prompt: str, response: str) -> Encoded:
    """
    Prompt and response in the tokenizer's chat template; the loss sees the response and its end token only.
    """
    head = messages(system, prompt)
    ids = tokenizer.apply_chat_template(head, add_generation_prompt=True, return_dict=True)["input_ids"]
    answered = [*head, {"role": "assistant", "content": response}]
    whole = tokenizer.apply_chat_template(answered, return_dict=True)["input_ids"]
    if whole[: len(ids)] != ids:
        raise Failure(
            "bad_chat_template",
            "the chat template writes the prompt otherwise when an answer follows: the model would be "
            "trained on another "
            "prompt than it is asked",
        )
    assert_written(tokenizer, head, response)
    # Templates may write a newline after the end token; a model never sees it when it answers.
    eos = tokenizer.eos_token_id
    end = len(whole) - whole[::-1].index(eos) if eos in whole[len(ids) :] else len(whole)
    whole = whole[:end]
    return Encoded(whole, [IGNORED] * len(ids) + whole[len(ids) :])


@dataclass(frozen=True)
class Questions:
    tokenizer: PreTrainedTokenizerBase
    data: Dataset  # id, question, gold, prompt (messages); in the order of all epochs
    steps: int  # optimizer steps
    epochs: float  # how often `data` holds each row


def questions_of(run: RunFile) -> Questions:
    """
    What a stage asks whose answers are the model's own. Raises Failure when they do not fill one step, and
    for a chat template whose prompt no answer could complete.
    """
    from datasets import Dataset

    settings, tokenizer = run.settings, load_tokenizer(run)
    rows = read_rows(run.input("train").path, ["id", "prompt", "gold_answer"])
    steps = steps_of(len(rows), run)
    updates = updates_of(run)
    asked = steps // updates * settings.prompts_per_step
    order = epochs_in_order(len(rows), settings.epochs, run.config.seed)[:asked]
    data = [
        {
            "id": row["id"],
            "question": row["prompt"],
            "gold": row["gold_answer"],
            "prompt": messages(run.config.prompt.system, row["prompt"]),
        }
        for row in (rows[i] for i in order)
    ]
    assert_answer_is_whole(tokenizer, data[0]["prompt"])
    group = run.config.grpo.group_size if run.stage == "grpo" else 1
    print(
        f"{steps // updates} steps × {settings.prompts_per_step} questions × {group} answers = "
        f"{len(order) * group} answers{f', {updates} updates a step' if updates > 1 else ''}"
    )
    return Questions(tokenizer, Dataset.from_list(data), steps, len(order) / len(rows))


def steps_of(rows: int, run: RunFile) -> int:
    """
    Optimizer steps: whole batches of questions in `epochs` passes, each with all its updates, at most
    maxSteps. Raises Failure when not one is full.
    """
    settings = run.settings
    full = round(rows * settings.epochs) // settings.prompts_per_step
    if full == 0:
        raise Failure(
            "no_rows",
            f"{rows} questions × {settings.epochs:g} epochs do not fill one step of "
            f"{run.section}.promptsPerStep = {settings.prompts_per_step} questions",
        )
    updates = updates_of(run)
    return min(settings.max_steps // updates, full) * updates


def updates_of(run: RunFile) -> int:
    """How often a batch of answers is learned from."""
    return run.config.grpo.updates_per_batch if run.stage == "grpo" else 1
