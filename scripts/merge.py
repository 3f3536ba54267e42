"""
Folds a LoRA adapter into its base, W' = W + (alpha / r) · B·A, and checks that the result is the model that
was trained. Stage 7.

    python scripts/merge.py reports/runs/merge-…/run.json

Never into 4-bit weights: W' would be rounded again. An adapter that was trained on NF4 weights learned beside
their rounding, so W is then what those weights stand for, dequantised, and W' is kept in bf16. An adapter of
another base is refused before anything is written.

The parity check: base and adapter answer deploy.parityPrompts prompts of the test set greedily, and the
merged model, read back from the disk, is shown the same texts (teacher forcing). At each token of them: is
the most likely token the same, and how far apart are the log-probabilities of the one that stands there? In
float32 (CPU) the merged model must choose every token of every answer itself. In bf16 W' is rounded to 8
bits, so greedy texts part ways wherever two tokens are almost equally likely and say nothing: there
deploy.parityTopTokens is the least share of equal choices. A merged model that fails is not published.
"""

from __future__ import annotations

import gc
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.checkpoint import replace_folder
from sidecar.events import EventLog
from sidecar.failure import Failure, is_out_of_memory
from sidecar.rows import messages, read_rows
from sidecar.runfile import RunFile
from sidecar.stage import run_stage

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# Magic numbers; lib plans a GPU's memory for them (lib/gpu/merge.ts).
PROMPTS_AT_ONCE = 64  # in one batch: a GPU writes 64 texts in hardly more time than one
TOKENS_AT_ONCE = 2**16  # of one batch, prompts and texts with padding: fewer prompts where they are long
PREFILL = 64  # tokens of each prompt read at once: LoRA's float32 sums of a whole batch are gigabytes
LOGITS_AT_ONCE = 2**26  # 440 tokens of a vocabulary of 152,000
TEXT_TOKENS = 128  # of each answer: 64 of them are thousands of choices, enough to tell two models apart
SHARD = "4GB"  # of weights a file
OUT_OF_MEMORY = (
    "end what else is on the GPU (nvidia-smi lists it), or take a card with more memory; "
    "the gpu.* settings do not help a merge"
)


@dataclass(frozen=True)
class Texts:
    """What base and adapter wrote to a batch of prompts, and what they thought of it."""

    ids: torch.Tensor  # (B, T): prompts, padded on the left, and their texts
    mask: torch.Tensor  # (B, T): 1 where a token is no padding
    width: int  # tokens of the prompts
    top: torch.Tensor  # (B, T - width): the most likely token at each place of the texts
    logprobs: torch.Tensor  # (B, T - width): of the token that stands there


@dataclass
class Parity:
    """The metrics of the merge's one step."""

    parityPrompts: int
    parityTokens: int  # of all texts
    parityAgree: int  # texts that the merged model would have written itself, token by token
    parityTopTokens: float  # share of the tokens at which both models have the same most likely one
    maxLogprobDifference: float  # nats, of the text's own tokens
    meanLogprobDifference: float
    paritySeconds: float  # the check alone: texts, reading the merged model back, comparing


def main(run: RunFile, events: EventLog) -> None:
    try:
        merge(run, events)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        said = str(error).splitlines()[0]
        found = "the model does not fit into the GPU's memory to be merged"
        raise Failure("out_of_memory", f"{found}: {OUT_OF_MEMORY}: {said}") from None


def merge(run: RunFile, events: EventLog) -> None:
    from sidecar.adapter_check import check_adapter
    from sidecar.model import device_of, load_tokenizer
    from sidecar.watch import versions

    if run.models.adapter is None:
        raise Failure("bad_run_file", "run.json: models.adapter: merge needs one")
    check_adapter(run)
    wanted = run.config.deploy.parity_prompts
    path = run.input("parity").path
    prompts = [row["prompt"] for row in read_rows(path, ["prompt"])][:wanted]
    device = device_of(run)
    tokenizer = load_tokenizer(run)
    model = with_adapter(run, device)
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    trainable = sum(size for name, size in sizes.items() if ".lora_" in name)
    total = sum(sizes.values())
    events.start(step=0, total_steps=1, device=device, trainable=trainable, total=total, versions=versions())
    if len(prompts) < wanted:
        few = f"the parity check has {len(prompts)} prompts where deploy.parityPrompts asks for {wanted}"
        events.warning("few_prompts", f"{few}: {path} holds no more")

    begun = time.monotonic()
    texts = list(write_texts(run, model, tokenizer, prompts))
    seconds = time.monotonic() - begun
    if run.config.models.load_in_4bit:
        del model  # what stands for its weights in full precision is loaded next
        free_memory()
        model = with_adapter(run, device, dequantised=True)
    final = Path(run.output)
    unfinished = final.with_name(f".{final.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    write_merged(model, tokenizer, unfinished)
    copy_tokenizer(run.models.base.folder, unfinished)
    del model
    free_memory()
    begun = time.monotonic()
    parity = compare(run, device, unfinished, texts)
    parity.paritySeconds = seconds + time.monotonic() - begun
    written = json.dumps(asdict(parity), indent=2) + "\n"
    (Path(run.run_dir) / "parity.json").write_text(written, encoding="utf-8")
    events.step(1, asdict(parity))
    try:
        assert_parity(run, device, parity)
    except Failure:
        shutil.rmtree(unfinished)
        raise
    replace_folder(unfinished, final)


def free_memory() -> None:
    """Gives a GPU's memory back once the last name of a model is gone; its modules point at each other."""
    import torch

    gc.collect()
    torch.cuda.empty_cache()


def with_adapter(run: RunFile, device: str, dequantised: bool = False) -> PeftModel:
    """
    The model as it was trained; or on weights in full precision that stand for the same, to be merged into.
    """
    from peft import PeftModel
    from sidecar.model import dtype_of, load_base

    base = load_base(run, device)
    if dequantised and run.config.models.load_in_4bit:
        base = base.dequantize(dtype_of(device))
    return PeftModel.from_pretrained(base, run.models.adapter.path).eval()


def write_merged(model: PeftModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Weights, configuration, generation settings, tokenizer and chat template: all that a server needs."""
    merged = model.merge_and_unload(safe_merge=True)  # safe: refuses weights that are not finite
    if merged.generation_config.eos_token_id is None:
        merged.generation_config.eos_token_id = tokenizer.eos_token_id
    merged.save_pretrained(folder, safe_serialization=True, max_shard_size=SHARD)
    tokenizer.save_pretrained(folder)


def copy_tokenizer(base: Path, folder: Path) -> None:
    """
    The base's own files over those that transformers writes: its class for Qwen2 puts its own rules into
    tokenizer.json.
    """
    for pattern in (
        "tokenizer*",
        "chat_template*",
        "special_tokens_map.json",
        "vocab.json",
        "merges.txt",
        "added_tokens.json",
    ):
        for path in base.glob(pattern):
            shutil.copyfile(path, folder / path.name)


def write_texts(
    run: RunFile, model: PeftModel, tokenizer: PreTrainedTokenizerBase, prompts: list[str]
) -> Iterator[Texts]:
    """The greedy answers of base and adapter, in batches of prompts of like length."""
    import torch

    chats = [messages(run.config.prompt.system, prompt) for prompt in prompts]
    encoded = tokenizer.apply_chat_template(chats, add_generation_prompt=True, return_dict=True)["input_ids"]
    limit = min(TEXT_TOKENS, run.config.evaluate.max_tokens)
    for batch in batches(sorted(encoded, key=len), limit):
        asked = tokenizer.pad({"input_ids": batch}, return_tensors="pt").to(model.device)
        width = asked["input_ids"].size(1)
        with torch.inference_mode():
            # A penalty in the base's generation settings would make it another text than the greedy one.
            ids = model.generate(
                **asked, max_new_tokens=limit, prefill_chunk_size=PREFILL, do_sample=False,
                repetition_penalty=1.0, eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )  # fmt: skip
            text = ids[:, width:]
            end = (text == tokenizer.eos_token_id).long()
            there = (end.cumsum(1) == end).long()  # what follows an end is padding
            mask = torch.cat([asked["attention_mask"], there], 1)
            yield Texts(ids, mask, width, *choices(model, ids, mask, width))


def batches(prompts: list[list[int]], limit: int) -> Iterator[list[list[int]]]:
    """Prompts, the shortest first, in batches that the bounds allow once each has `limit` tokens more."""
    batch: list[list[int]] = []
    for ids in prompts:
        tokens = (len(batch) + 1) * (len(ids) + limit)
        if batch and (len(batch) == PROMPTS_AT_ONCE or tokens > TOKENS_AT_ONCE):
            yield batch
            batch = []
        batch.append(ids)
    yield batch


def choices(
    model: PreTrainedModel | PeftModel, ids: torch.Tensor, mask: torch.Tensor, width: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The likeliest token at each place of texts behind `width` tokens; the log-probability of theirs."""
    import torch

    length = ids.size(1) - width
    tops, logprobs = [], []
    for rows in torch.arange(len(ids)).split(max(1, LOGITS_AT_ONCE // (length * model.config.vocab_size))):
        shown = {
            "input_ids": ids[rows],
            "attention_mask": mask[rows],
            "position_ids": (mask[rows].cumsum(1) - 1).clamp(min=0),  # as generate counts: no padding
        }
        before = model(**shown, logits_to_keep=length + 1, use_cache=False).logits[:, :-1]  # (B, T, V)
        for logits, token in zip(before, ids[rows, width:], strict=True):  # (T, V), (T,)
            tops.append(logits.argmax(-1))
            exact = logits.float()
            logprobs.append(exact.gather(1, token[:, None])[:, 0] - exact.logsumexp(-1))
    return torch.stack(tops), torch.stack(logprobs)


def compare(run: RunFile, device: str, folder: Path, texts: list[Texts]) -> Parity:
    """What the merged model in `folder` makes of the texts of base and adapter."""
    import torch
    from sidecar.model import current_device, dtype_of
    from transformers import AutoModelForCausalLM

    place = device if device == "cpu" else current_device()
    model = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype_of(device),
        device_map={"": place},
        use_safetensors=True,
        attn_implementation="sdpa",
    ).eval()
    prompts, agree, same, differences = 0, 0, 0, []
    for text in texts:
        with torch.inference_mode():
            top, logprobs = choices(model, text.ids, text.mask, text.width)
        there = text.mask[:, text.width :].bool()  # (B, T)
        same += (top == text.top)[there].sum().item()
        agree += ((top == text.ids[:, text.width :]) | ~there).all(1).sum().item()
        prompts += len(text.ids)
        differences.append((logprobs - text.logprobs)[there].abs())
    difference = torch.cat(differences)
    largest, mean = difference.max().item(), difference.mean().item()
    return Parity(prompts, len(difference), agree, same / len(difference), largest, mean, 0.0)


def assert_parity(run: RunFile, device: str, parity: Parity) -> None:
    """Raises Failure("parity") when the merged model is another one than base and adapter."""
    import torch
    from sidecar.model import dtype_of

    bound = run.config.deploy.parity_top_tokens
    different = parity.parityPrompts - parity.parityAgree
    # A 4-bit map multiplies in bf16 wherever the processor can, whatever the type of what goes in.
    exact = dtype_of(device) == torch.float32 and not run.config.models.load_in_4bit
    if exact and different:
        found = f"{different} of {parity.parityPrompts} greedy answers are others; float32 changes none"
    elif not parity.parityTopTokens >= bound:
        found = "fewer equal choices than rounding alone explains (deploy.parityTopTokens)"
    else:
        return
    share, asked = f"{parity.parityTopTokens:.2%}", f"{1 if exact else bound:.2%}"
    mean, largest = f"{parity.meanLogprobDifference:.3g}", f"{parity.maxLogprobDifference:.3g}"
    raise Failure(
        "parity",
        f"the merged model is not the one that was trained: {found}. At {share} of the {parity.parityTokens} "
        f"tokens of {parity.parityPrompts} texts both have the same most likely token, where {asked} is "
        f"asked; "
        f"log-probabilities differ by {mean} on average, by {largest} at most. The merged model was not "
        "published. Merge once more; when it fails again, load the base as it was loaded for the training "
        "(models.loadIn4bit) and see that its files are the same. Lower the bound only where the average "
        "difference is small",
    )


if __name__ == "__main__":
    sys.exit(run_stage("merge", main))
