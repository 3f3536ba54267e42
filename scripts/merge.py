"""
Folds a LoRA adapter into its base, W' = W + (alpha / r) · B·A, and checks that the result answers as base and adapter did. Stage 7.

    python scripts/merge.py reports/runs/merge-…/run.json

Never into 4-bit weights: W' would be rounded again. An adapter that was trained on NF4 weights learned beside their rounding, so W is then
what those weights stand for, dequantised, and W' is kept in bf16. An adapter of another base is refused before anything is written. The
parity check reads the merged model back from the disk and compares it with the model as it was trained: greedy answers to
deploy.parityPrompts prompts of the test set, and the largest difference of any logit along them. In float32 (CPU) all answers agree; in
bf16 (GPU) the rounding of W' moves a few.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict, dataclass
from itertools import pairwise
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

# Memory: the weights of both models, the key-value cache of AT_ONCE answers, and 12 bytes for each of LOGITS_AT_ONCE logits
# (bf16 of both models, float32 of their difference): 0.19 GiB.
AT_ONCE = {"cpu": 64, "cuda": 8}  # Magic numbers: prompts answered in one batch; lib plans a GPU for its 8 (lib/model/fit-merge.ts)
LOGITS_AT_ONCE = 2**24  # Magic number: 110 tokens of a vocabulary of 152,000
SHARD = "4GB"  # of weights a file
OUT_OF_MEMORY = "end what else is on the GPU (nvidia-smi lists it), or take a card with more memory; the gpu.* settings do not help a merge"


@dataclass
class Parity:
    parityPrompts: int
    parityAgree: int
    maxLogitDifference: float


def main(run: RunFile, events: EventLog) -> None:
    try:
        merge(run, events)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise Failure("out_of_memory", f"the model as it was trained and the merged one do not fit into the GPU's memory together: {OUT_OF_MEMORY}: {str(error).splitlines()[0]}") from None


def merge(run: RunFile, events: EventLog) -> None:
    from sidecar.model import check_adapter, device_of, load_tokenizer
    from sidecar.watch import versions

    if run.models.adapter is None:
        raise Failure("bad_run_file", "run.json: models.adapter: merge needs one")
    check_adapter(run)
    wanted = run.config.deploy.parity_prompts
    prompts = [row["prompt"] for row in read_rows(run.input("parity").path, ["prompt"])][:wanted]
    device = device_of(run)
    tokenizer = load_tokenizer(run)
    model = with_adapter(run, device, dequantised=True)
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    trainable = sum(size for name, size in sizes.items() if ".lora_" in name)
    events.start(step=0, total_steps=1, device=device, trainable=trainable, total=sum(sizes.values()), versions=versions())
    if len(prompts) < wanted:
        events.warning("few_prompts", f"the parity check has {len(prompts)} prompts where deploy.parityPrompts asks for {wanted}: {run.input('parity').path} holds no more")

    final = Path(run.output)
    unfinished = final.with_name(f".{final.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    write_merged(model, tokenizer, unfinished)
    copy_tokenizer(run.models.base.folder, unfinished)
    del model  # two are loaded next
    parity = compare(run, device, tokenizer, unfinished, prompts)
    (Path(run.run_dir) / "parity.json").write_text(json.dumps(asdict(parity), indent=2) + "\n", encoding="utf-8")
    if parity.parityAgree < parity.parityPrompts:
        events.warning("parity", f"{parity.parityPrompts - parity.parityAgree} of {parity.parityPrompts} greedy answers of the merged model differ from the adapter's")
    replace_folder(unfinished, final)
    events.step(1, asdict(parity))


def with_adapter(run: RunFile, device: str, dequantised: bool = False) -> PeftModel:
    """The model as it was trained; or on weights in full precision that stand for the same, to be merged into."""
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
    """The base's own files over those that transformers writes: its class for Qwen2 puts its own rules into tokenizer.json."""
    for pattern in ("tokenizer*", "chat_template*", "special_tokens_map.json", "vocab.json", "merges.txt", "added_tokens.json"):
        for path in base.glob(pattern):
            shutil.copyfile(path, folder / path.name)


def compare(run: RunFile, device: str, tokenizer: PreTrainedTokenizerBase, folder: Path, prompts: list[str]) -> Parity:
    """The model as it was trained against the one in `folder`."""
    import torch
    from transformers import AutoModelForCausalLM

    from sidecar.model import dtype_of

    before = with_adapter(run, device)
    after = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype_of(device), use_safetensors=True).to(before.device).eval()
    agree, largest = 0, 0.0
    for start in range(0, len(prompts), AT_ONCE[device]):
        chats = [messages(run.config.prompt.system, prompt) for prompt in prompts[start : start + AT_ONCE[device]]]
        asked = tokenizer.apply_chat_template(chats, add_generation_prompt=True, return_dict=True, return_tensors="pt", padding=True).to(before.device)
        width = asked["input_ids"].size(1)
        with torch.inference_mode():
            answers = [
                model.generate(**asked, max_new_tokens=run.config.evaluate.max_tokens, do_sample=False, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
                for model in (before, after)
            ]
            texts = [tokenizer.batch_decode(ids[:, width:], skip_special_tokens=True) for ids in answers]
            agree += sum(a == b for a, b in zip(*texts, strict=True))
            ids = answers[0]  # (B, T): prompts and the adapter's answers
            mask = torch.cat([asked["attention_mask"], torch.ones_like(ids[:, width:])], 1)
            for rows in torch.arange(len(ids)).split(max(1, LOGITS_AT_ONCE // (ids.size(1) * before.config.vocab_size))):
                largest = max(largest, largest_difference((before, after), ids[rows], mask[rows], width))
    return Parity(len(prompts), agree, largest)


def largest_difference(models: tuple[PreTrainedModel | PeftModel, ...], ids: torch.Tensor, mask: torch.Tensor, width: int) -> float:
    """Of any logit of the two models along answers that follow `width` tokens of prompts. ids and mask: (B, T)."""
    at_once = max(1, LOGITS_AT_ONCE // (len(ids) * models[0].config.vocab_size))
    # The prompt first, of which only the last token's logits count; then the answer in slices, each beside the cache of what came before.
    ends = [*range(width, ids.size(1), at_once), ids.size(1)]
    caches, largest = [None] * len(models), 0.0
    for start, end in pairwise([0, *ends]):
        logits = []
        for i, model in enumerate(models):
            said = model(input_ids=ids[:, start:end], attention_mask=mask[:, :end], past_key_values=caches[i], use_cache=True, logits_to_keep=0 if start else 1)
            caches[i] = said.past_key_values
            logits.append(said.logits)
        largest = max(largest, (logits[0].float() - logits[1]).abs_().max().item())
    return largest


if __name__ == "__main__":
    sys.exit(run_stage("merge", main))
