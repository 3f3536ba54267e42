"""
A small LoRA policy, trainers of it that nobody runs, and batches as TRL makes them: for tests of what they
compute.
"""

import copy

import torch
from sidecar.model import TARGETS


def lora_policy(base, device="cpu", dtype=torch.float32):
    """A LoRA model whose adapter does something; its own weights are float32 whatever the base's are."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, attn_implementation="sdpa")
    model = get_peft_model(
        model, LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS, task_type="CAUSAL_LM")
    )
    for name, weight in model.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(weight, std=0.05)
    return model.eval().to(device)


def trainer_of(kind, policy, tokenizer, folder, **settings):
    """A trainer of the class `kind` on a copy of `policy`, whose adapter is the reference, too."""
    from datasets import Dataset
    from trl import GRPOConfig

    defaults = {
        "beta": 0.1,
        "temperature": 0.7,
        "num_generations": 4,
        "per_device_train_batch_size": 4,
        "loss_type": "grpo",
    }
    defaults |= {"use_cpu": True, "bf16": False, "gradient_checkpointing": False, "report_to": "none"}
    args = GRPOConfig(output_dir=str(folder), **(defaults | settings))
    policy = copy.deepcopy(policy)
    policy.set_adapter("default")
    return kind(
        model=policy,
        reward_funcs=[lambda completions, **_: [0.0] * len(completions)],
        args=args,
        train_dataset=Dataset.from_list([{"prompt": "x"}] * 4),
        processing_class=tokenizer,
    )


def batch_of(prompts, lengths):
    """
    Ids and mask (B, P + C), and C: prompts by turns, padded on the left, answers of random tokens padded on
    the right; 0 tokens stands for a truncated, masked answer.
    """
    torch.manual_seed(5)
    asked = [prompts[i % len(prompts)] for i in range(len(lengths))]
    width, most = max(map(len, asked)), max(1, *lengths)
    ids = torch.tensor([[0] * (width - len(p)) + p for p in asked])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in asked])
    answers = torch.randint(3, 300, (len(lengths), most))
    answer_mask = (torch.arange(most) < torch.tensor(lengths)[:, None]).long()
    return torch.cat([ids, answers], 1), torch.cat([mask, answer_mask], 1), most


def inputs_of(prompts, lengths, log_probs, reference_apart=1.0, vllm_apart=None):
    """
    A batch as TRL's compute_loss gets it, under a policy whose `log_probs` of a batch are (B, C). Those of
    the reference are so far from them (standard deviation, each token), and those of vLLM where `vllm_apart`
    is given.
    """
    ids, mask, most = batch_of(prompts, lengths)
    width = ids.size(1) - most
    batch = {
        "prompt_ids": ids[:, :width],
        "prompt_mask": mask[:, :width],
        "completion_ids": ids[:, width:],
        "completion_mask": mask[:, width:],
        "advantages": torch.linspace(-1.5, 1.2, len(lengths)),
        "num_items_in_batch": mask[:, width:].sum(),
    }
    with torch.no_grad():
        p = log_probs(batch)
    batch["ref_per_token_logps"] = p + reference_apart * torch.randn(len(lengths), most)
    if vllm_apart is not None:
        batch["sampling_per_token_logps"] = p + vllm_apart * torch.randn(len(lengths), most)
    return batch


def gradients(model):
    """Of all trained weights, by name; and none is left behind."""
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


def assert_close(found, expected, tolerance=1e-4):
    assert found.keys() == expected.keys() and found
    for name, value in expected.items():
        assert torch.allclose(found[name], value, atol=tolerance * max(1e-3, value.abs().max().item())), name
