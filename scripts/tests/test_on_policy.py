"""On-policy distillation: what it computes, and that its runs learn, resume and refuse as others do."""

import json
import os
import shutil
import signal

import pytest
import torch
from conftest import RL_ROWS, question
from test_ranks import on_cores
from trainers import assert_close, batch_of, gradients, lora_policy

TEMPERATURE = 0.7
LENGTHS = [5, 9, 1, 3, 7]


@pytest.fixture(scope="session")
def teacher(make_base):
    """Another model of the same tokenizer."""
    return make_base(hidden=48, seed=1)


@pytest.fixture
def distilling(stage, sft_adapter, teacher):
    def make(folder="run", **settings):
        return stage(
            "on_policy", RL_ROWS, folder=folder, adapter=sft_adapter, teacher=teacher, onPolicy=settings
        )

    return make


def loss_of(student, teacher, batch, beta):
    """on_policy.py's docstring in plain torch, over all tokens of the answers."""
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], 1)  # (B, P + C)
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], 1)
    answers = batch["completion_mask"].bool()

    def log_softmax(model):  # (N, V): the token before says it
        logits = model(input_ids=ids, attention_mask=mask).logits[:, -answers.size(1) - 1 : -1][answers]
        return torch.log_softmax(logits / TEMPERATURE, -1)

    def kl(a, b):
        return (a.exp() * (a - b)).sum(-1)

    p, q = log_softmax(student), log_softmax(teacher).detach()
    m = ((1 - beta) * p.exp() + beta * q.exp()).log()
    each = {0: kl(q, p), 1: kl(p, q)}.get(beta, (1 - beta) * kl(p, m) + beta * kl(q, m))
    return each.mean()


@pytest.mark.parametrize("beta", [0, 0.5, 0.9, 1])
@pytest.mark.parametrize("on_cores", [False, True])
def test_loss_and_gradient_of_the_trainer_are_those_of_the_formula(
    base, teacher, tokenizer, tmp_path, beta, on_cores
):
    from datasets import Dataset
    from sidecar.distiller import CpuDistiller
    from transformers import AutoModelForCausalLM
    from trl import DistillationConfig, DistillationTrainer

    taught_by = AutoModelForCausalLM.from_pretrained(teacher, dtype=torch.float32).eval()
    trainer = (CpuDistiller if on_cores else DistillationTrainer)(
        model=lora_policy(base),
        teacher_model=taught_by,
        args=DistillationConfig(
            output_dir=str(tmp_path),
            beta=beta,
            temperature=TEMPERATURE,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            report_to="none",
        ),
        train_dataset=Dataset.from_list([{"prompt": "x"}]),
        processing_class=tokenizer,
    )
    prompts = [tokenizer(f"<|im_start|>user\n{question(i)}")["input_ids"] for i in (1, 2, 3)]
    ids, mask, most = batch_of(prompts, LENGTHS)
    width, student = ids.size(1) - most, trainer.model
    parts = {"prompt": slice(None, width), "completion": slice(width, None)}
    batch = {f"{name}_ids": ids[:, part] for name, part in parts.items()}
    batch |= {f"{name}_mask": mask[:, part] for name, part in parts.items()}
    found = []
    for loss in (
        lambda: trainer._compute_loss(student, batch, torch.tensor(sum(LENGTHS)))[0],
        lambda: loss_of(student, taught_by, batch, beta),
    ):
        value = loss()
        value.backward()
        found.append((value.item(), gradients(student)))
    (trl, trl_gradients), (plain, plain_gradients) = found
    assert trl == pytest.approx(plain, rel=1e-5) and trl > 0.1
    assert_close(trl_gradients, plain_gradients)


@pytest.mark.parametrize("as_trl_does", [False, True])  # with checkpointing, and on a GPU
def test_the_student_comes_nearer_to_the_teacher_on_its_own_answers(distilling, as_trl_does):
    run = distilling(maxSteps=12, epochs=12, gradientCheckpointing=as_trl_does, microBatch=4)
    assert run.run() == 0, run.log()
    assert run.end() == ("done", None)
    steps = [event["metrics"] for event in run.events("step")]
    assert len(steps) == 12 and steps[-1]["epoch"] == pytest.approx(12)
    losses = [metrics["loss"] for metrics in steps]
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])
    assert {"entropy", "completions/mean_length", "secondsPerStep", "memoryMiB"} <= steps[0].keys()
    rates = [metrics["learning_rate"] for metrics in steps]
    assert max(rates) == 1e-2 and rates[-1] == pytest.approx(1e-2 / 11)  # linear, after a step of warm-up


def test_a_killed_run_resumes_and_ends_with_the_weights_of_one_that_was_not(distilling):
    settings = {"maxSteps": 10, "epochs": 10, "saveSteps": 3, "microBatch": 4}
    whole, killed = (distilling(folder=name, **settings) for name in ("whole", "killed"))
    assert whole.run() == 0, whole.log()
    killed.kill_after(step=5)
    assert not killed.events("end")
    assert killed.run() == 0, killed.log()
    assert [event["step"] for event in killed.events("start")] == [0, 3]
    for name, weight in whole.adapter().items():
        assert weight.equal(killed.adapter()[name]), name


def test_a_step_that_two_processes_share_answers_and_learns_as_one_does(distilling):
    settings = {"maxSteps": 4, "epochs": 4}
    alone, shared = (distilling(folder=name, **settings) for name in ("alone", "shared"))
    assert alone.run() == 0, alone.log()
    assert on_cores(shared) == 0, shared.log()
    for name in ("loss", "grad_norm", "entropy", "completions/mean_length"):
        values = [[event["metrics"][name] for event in run.events("step")] for run in (alone, shared)]
        assert values[1] == pytest.approx(values[0], rel=1e-3, abs=1e-6), name
    for name, weight in alone.adapter().items():
        assert torch.allclose(weight, shared.adapter()[name], atol=1e-4), name


def test_a_cancelled_run_says_so(distilling):
    run = distilling(maxSteps=1000, epochs=1000)
    process = run.start()
    run.wait_for(lambda events: any(event["event"] == "step" for event in events), process)
    os.kill(process.pid, signal.SIGTERM)
    process.join(timeout=60)
    assert run.end() == ("failed", "cancelled")


def swap_two_tokens(file):
    vocabulary = file["model"]["vocab"]
    vocabulary["a"], vocabulary["b"] = vocabulary["b"], vocabulary["a"]


def widen_vocabulary(file):
    file["vocab_size"] = 384


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("tokenizer.json", swap_two_tokens, "'a' is "),
        ("config.json", widen_vocabulary, "a vocabulary of 384 instead of"),
    ],
)
def test_a_teacher_of_other_tokens_is_refused_before_any_weights_are_read(
    teacher, tmp_path, stage, sft_adapter, file, change, says
):
    other = tmp_path / "other"
    shutil.copytree(teacher, other)
    (other / "model.safetensors").unlink()
    content = json.loads((other / file).read_text())
    change(content)
    (other / file).write_text(json.dumps(content))
    run = stage("on_policy", RL_ROWS, adapter=sft_adapter, teacher=other)
    assert run.run() == 1
    assert run.end() == ("failed", "other_tokenizer")
    message = run.events("end")[-1]["message"]
    assert says in message and "models.teacher" in message and str(other) in message


def test_without_a_teacher_the_run_file_is_refused(stage, sft_adapter):
    run = stage("on_policy", RL_ROWS, adapter=sft_adapter)
    assert run.run() == 1
    assert run.end() == ("failed", "bad_run_file")
    assert "models.teacher" in run.events("end")[-1]["message"]
