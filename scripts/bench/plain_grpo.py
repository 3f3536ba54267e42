"""
Baseline of GRPO: TRL's trainer as its documentation sets it up, LoRA, and a reward of one line.

    python scripts/bench/plain_grpo.py MODEL QUESTIONS.JSONL --prompts 16 --answers 4 --tokens 512 --steps 3
    python scripts/bench/plain_grpo.py MODEL RL.JSONL --prompts 16 --answers 8 --batch 16 --vllm 0.3 --adapter
    DIR --free

With --vllm the answers come from vLLM in this process, on so large a share of the GPU; without it from the
model's own generate. --free lets answers end where they end; otherwise all have --tokens tokens. Prints one
JSON object: secondsPerStep (the first --warm-up steps are not counted), the same a step, meanLength (tokens
of an answer, of the last step), memoryGiB (torch's peak).
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from typing import Any

import torch
from baseline import chats_of, lora, memory_gib, parser_of


def main(options: argparse.Namespace) -> dict[str, Any]:
    from datasets import Dataset
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.seconds: list[float] = []
            self.length: float | None = None

        def on_step_begin(self, *_, **__):
            self.started = time.perf_counter()

        def on_step_end(self, *_, **__):
            self.seconds.append(time.perf_counter() - self.started)

        def on_log(self, *_, logs, **__):
            self.length = logs.get("completions/mean_length", self.length)

    total = options.steps + options.warm_up
    chats = chats_of(options.rows, options.system)
    prompts = [chats[i % len(chats)] for i in range(options.prompts * total)]
    clock, answers, cpu = Clock(), options.prompts * options.answers, options.device == "cpu"
    tokenizer = AutoTokenizer.from_pretrained(options.model, padding_side="left")
    model: Any = options.model
    adapter: dict[str, Any] = {"peft_config": lora()}
    if options.adapter:
        base = AutoModelForCausalLM.from_pretrained(
            options.model, dtype=torch.bfloat16, device_map={"": options.device}
        )
        model, adapter = PeftModel.from_pretrained(base, options.adapter, is_trainable=True), {}
    exact = {} if options.free else {"min_tokens" if options.vllm else "min_new_tokens": options.tokens}
    vllm: dict[str, Any] = {}
    if options.vllm:
        asked = tokenizer.apply_chat_template(prompts, add_generation_prompt=True, return_dict=True)
        length = max(map(len, asked["input_ids"])) + options.tokens
        vllm = {
            "use_vllm": True,
            "vllm_mode": "colocate",
            "vllm_gpu_memory_utilization": options.vllm,
            "vllm_max_model_length": length,
        }
        if not options.adapter:
            vllm["model_init_kwargs"] = {"dtype": "bfloat16"}  # as what is measured beside it
    trainer = GRPOTrainer(
        model=model,
        processing_class=tokenizer,
        train_dataset=Dataset.from_list([{"prompt": prompt} for prompt in prompts]),
        reward_funcs=[lambda completions, **_: [len(set(said[0]["content"])) / 100 for said in completions]],
        callbacks=[clock],
        args=GRPOConfig(
            output_dir=tempfile.mkdtemp(),
            max_steps=total,
            per_device_train_batch_size=options.batch,
            gradient_accumulation_steps=answers // options.batch,
            num_generations=options.answers,
            max_completion_length=options.tokens,
            generation_kwargs=exact,
            beta=0.05,
            learning_rate=options.rate,
            temperature=0.7,
            gradient_checkpointing=not options.whole,
            shuffle_dataset=False,
            use_cpu=cpu,
            bf16=not cpu,
            save_strategy="no",
            logging_steps=1,
            report_to=[],
            disable_tqdm=True,
            **vllm,
        ),
        **adapter,
    )
    trainer.train()
    timed = clock.seconds[options.warm_up :]
    return {
        "secondsPerStep": sum(timed) / len(timed),
        "steps": timed,
        "meanLength": clock.length,
        "memoryGiB": memory_gib(options.device),
    }


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--answers", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--warm-up", type=int, default=1)
    parser.add_argument("--rate", type=float, default=5e-6)
    parser.add_argument("--system", default="")
    parser.add_argument("--adapter", default="")
    parser.add_argument("--vllm", type=float, default=0.0)
    parser.add_argument("--free", action="store_true")
    parser.add_argument(
        "--whole", action="store_true", help="keep all activations: no gradient checkpointing"
    )
    parser.add_argument("--device", default="cuda")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    print(json.dumps(main(options_of())))
