import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import torch
from conftest import NODE, RL_ROWS, ROOT, SCRIPTS, SFT_ROWS
from safetensors.torch import load_file, save_file
from test_ranks import on_cores
from trainers import assert_close, gradients, lora_policy


def test_a_run_trains_the_adapter_and_says_what_it_did(stage):
    sft = stage("sft", SFT_ROWS)
    assert sft.run() == 0, sft.log()
    start, *_ = sft.events("start")
    steps = sft.events("step")
    assert [e["step"] for e in steps] == [1, 2, 3, 4, 5, 6]  # 12 rows × 2 epochs / (2 × 2)
    assert (start["totalSteps"], start["device"], start["step"]) == (6, "cpu", 0)
    assert 0 < start["trainableParameters"] < start["totalParameters"]
    metrics = steps[-1]["metrics"]
    assert {
        "loss",
        "grad_norm",
        "learning_rate",
        "secondsPerStep",
        "tokensPerSecond",
        "memoryMiB",
        "epoch",
    } <= metrics.keys()
    assert metrics["epoch"] == pytest.approx(2)
    assert all(e["metrics"]["tokensPerSecond"] > 0 for e in steps)
    assert [e["step"] for e in sft.events("checkpoint")] == [2, 4, 6]
    assert sft.end() == ("done", None)
    assert steps[-1]["metrics"]["loss"] < steps[0]["metrics"]["loss"]
    assert sorted(p.name for p in (sft.folder / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    config = json.loads((sft.folder / "adapter" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "ckpts/tiny/base"
    assert sorted(config["target_modules"]) == [
        "down_proj",
        "gate_proj",
        "k_proj",
        "o_proj",
        "q_proj",
        "up_proj",
        "v_proj",
    ]


def test_losses_and_gradients_on_a_cpu_are_those_of_trl(base, tokenizer, tmp_path):
    from datasets import Dataset
    from sidecar.cpu_sft import CpuSFTTrainer
    from sidecar.rows import encode
    from trl import SFTConfig, SFTTrainer

    rows = [
        encode(tokenizer, "", row["prompt"], row["response"] * (1 + i % 3)) for i, row in enumerate(SFT_ROWS)
    ]
    data = Dataset.from_list([{"input_ids": row.input_ids, "labels": row.labels} for row in rows])
    found = []
    for kind in (SFTTrainer, CpuSFTTrainer):
        args = SFTConfig(
            output_dir=str(tmp_path),
            **{"max_length": None, "use_cpu": True, "bf16": False, "report_to": "none"},
            **{"gradient_checkpointing": False, "per_device_train_batch_size": 5},
        )
        trainer = kind(model=lora_policy(base), args=args, train_dataset=data, processing_class=tokenizer)
        batch = next(iter(trainer.get_train_dataloader()))
        for tokens in (None, torch.tensor(70)):
            loss = trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=tokens)
            loss.backward()
            found.append((loss.item(), gradients(trainer.model)))
        with torch.no_grad():
            measured = trainer.prediction_step(trainer.model, dict(batch), prediction_loss_only=True)[0]
        found.append((measured.item(), {}))
    plain, quick = found[:3], found[3:]
    for (loss, slopes), (expected, their_slopes) in zip(quick, plain, strict=True):
        assert loss == pytest.approx(expected, rel=1e-5)
        if their_slopes:
            assert_close(slopes, their_slopes)


def test_a_step_that_two_processes_share_learns_as_one_does_and_a_killed_run_resumes(stage):
    settings = {"batchSize": 4, "gradientAccumulation": 1, "loraDropout": 0.0, "saveSteps": 2}
    alone, shared, killed = (
        stage("sft", SFT_ROWS, folder=name, sft=settings) for name in ("alone", "shared", "killed")
    )
    assert alone.run() == 0, alone.log()
    assert on_cores(shared) == 0, shared.log()
    for name in ("loss", "grad_norm", "entropy", "num_tokens"):
        values = [[event["metrics"][name] for event in run.events("step")] for run in (alone, shared)]
        assert values[1] == pytest.approx(values[0], rel=1e-3, abs=1e-6), name
    for name, weight in alone.adapter().items():
        assert torch.allclose(weight, shared.adapter()[name], atol=1e-4), name
    assert "sidecar/cpu_sft.py" in shared.log()
    on_cores(killed, kill_at=2)
    assert not killed.events("end")
    assert on_cores(killed) == 0, killed.log()
    for name, weight in shared.adapter().items():
        assert torch.allclose(weight, killed.adapter()[name], atol=1e-6), name


@pytest.mark.parametrize("settings", [{"loraDropout": 0.1}, {"gradientCheckpointing": True}])
def test_what_the_decoder_leaves_out_is_trained_as_trl_does_it(stage, settings, monkeypatch):
    monkeypatch.setattr("sidecar.cpu_sft.CpuSFTTrainer.read", None)  # fails where it is called
    sft = stage("sft", SFT_ROWS, sft={"loraDropout": 0.0} | settings)
    assert sft.run() == 0, sft.log()


def test_held_out_rows_are_measured_and_change_nothing(stage):
    plain = stage("sft", SFT_ROWS, folder="plain")
    watched = stage("sft", SFT_ROWS, folder="watched")
    run = json.loads(watched.run_file.read_text())
    rows = watched.folder / "held_out.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in SFT_ROWS[:3]))
    run["inputs"]["heldOut"] = {"path": str(rows), "sha256": "1", "rows": 3}
    watched.run_file.write_text(json.dumps(run))
    assert plain.run() == 0, plain.log()
    assert watched.run() == 0, watched.log()
    losses = [e["metrics"]["heldOutLoss"] for e in watched.events("step") if "heldOutLoss" in e["metrics"]]
    assert len(losses) == 6  # fewer than ten steps: after each
    assert losses[-1] < losses[0]  # these rows are trained on, too
    assert plain.adapter().keys() == watched.adapter().keys()
    assert all(torch.equal(weight, plain.adapter()[name]) for name, weight in watched.adapter().items())
    assert not any("heldOutLoss" in e["metrics"] for e in plain.events("step"))


@pytest.fixture
def from_hub(tmp_path, base, monkeypatch):
    """
    from_hub(stage): its base is a hub id, whose commit stands in Hugging Face's cache as a download leaves
    it.
    """
    commit = "c" * 40
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    snapshot = tmp_path / "hub" / "models--owner--small" / "snapshots" / commit
    shutil.copytree(base, snapshot)

    def change(stage):
        run = json.loads(stage.run_file.read_text())
        run["models"]["base"] = {"path": "owner/small", "revision": commit, "sha256": None}
        stage.run_file.write_text(json.dumps(run))
        return snapshot

    return change


def test_a_hub_id_is_trained_and_merged_from_the_cache_and_the_adapter_names_its_commit(stage, from_hub):
    sft = stage("sft", SFT_ROWS)
    snapshot = from_hub(sft)
    assert sft.run() == 0, sft.log()
    config = json.loads((sft.folder / "adapter" / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("owner/small", "c" * 40)
    merge = stage("merge", RL_ROWS, folder="merge", adapter=sft.folder / "adapter")
    from_hub(merge)
    assert merge.run() == 0, merge.log()
    shutil.rmtree(snapshot)
    again = stage("sft", SFT_ROWS, folder="again")
    from_hub(again)
    assert again.run() == 1
    assert again.end() == ("failed", "bad_model")
    assert "is not in Hugging Face's cache" in again.events("end")[-1]["message"]


def test_the_learning_rate_warms_up_and_falls_as_a_cosine(stage):
    sft = stage(
        "sft", SFT_ROWS, sft={"epochs": 10, "warmupShare": 0.2, "learningRate": 1e-3, "saveSteps": 100}
    )
    assert sft.run() == 0, sft.log()
    rates = [
        e["metrics"]["learning_rate"] for e in sft.events("step")
    ]  # before the update of each of 30 steps
    assert len(rates) == 30
    assert rates[:7] == pytest.approx([i / 6 * 1e-3 for i in range(7)])  # 0.2 × 30 steps of warm-up
    assert rates[18] == pytest.approx(0.5e-3)  # half way down
    assert rates[-1] < 1e-5


def test_a_killed_run_resumes_and_ends_with_the_weights_of_one_that_was_not(stage):
    settings = {
        "epochs": 5,
        "saveSteps": 4,
    }  # 15 steps; dropout is on: the random numbers must be restored, too
    whole, killed = (
        stage("sft", SFT_ROWS, folder="whole", sft=settings),
        stage("sft", SFT_ROWS, folder="killed", sft=settings),
    )
    assert whole.run() == 0, whole.log()
    killed.kill_after(step=6)
    assert not killed.events("end")
    assert killed.run() == 0, killed.log()
    assert [e["step"] for e in killed.events("start")] == [0, 4]
    assert [e["step"] for e in killed.events("step")][-11:] == list(range(5, 16))
    assert whole.adapter().keys() == killed.adapter().keys()
    for name, weight in whole.adapter().items():
        assert weight.equal(killed.adapter()[name]), name


def test_a_damaged_checkpoint_is_passed_over_and_the_one_before_is_resumed_from(stage):
    sft = stage("sft", SFT_ROWS)
    assert sft.run() == 0
    first = sft.adapter()
    newest = sft.folder / "checkpoints" / "checkpoint-6"
    os.truncate(newest / "optimizer.pt", 1000)
    assert sft.run() == 0, sft.log()
    (warning,) = sft.events("warning")
    assert warning["code"] == "incomplete_checkpoint"
    assert "checkpoint-6 is passed over: optimizer.pt has 1000 bytes" in warning["message"]
    assert sft.events("start")[-1]["step"] == 4
    assert all(weight.equal(first[name]) for name, weight in sft.adapter().items())


def test_a_run_that_was_finished_when_it_was_killed_only_saves_its_adapter(stage):
    sft = stage("sft", SFT_ROWS)
    assert sft.run() == 0
    first, steps = sft.adapter(), len(sft.events("step"))
    subprocess.run(["rm", "-r", str(sft.folder / "adapter")], check=True)
    assert sft.run() == 0, sft.log()
    assert len(sft.events("step")) == steps
    assert all(weight.equal(first[name]) for name, weight in sft.adapter().items())


def test_a_cancelled_run_says_so_and_keeps_its_checkpoints(stage):
    sft = stage("sft", SFT_ROWS, sft={"epochs": 1000})
    process = sft.start()
    sft.wait_for(lambda events: any(e["event"] == "checkpoint" for e in events), process)
    os.kill(process.pid, signal.SIGTERM)
    process.join(timeout=300)
    assert process.exitcode == 128 + signal.SIGTERM
    assert sft.end() == ("failed", "cancelled")
    assert list((sft.folder / "checkpoints").glob("checkpoint-*/complete.json"))
    assert not (sft.folder / "adapter").exists()


def test_a_gradient_that_is_not_finite_stops_the_run_by_name_and_the_last_good_checkpoint_stays(
    stage, make_base
):
    from sidecar.checkpoint import newest_complete
    from sidecar.order import epochs_in_order
    from transformers import AutoTokenizer

    # A base that computes infinity from one character, in a row that comes late.
    base = make_base(tied=False)
    (token,) = AutoTokenizer.from_pretrained(base)("Z")["input_ids"]
    weights = load_file(base / "model.safetensors")
    weights["model.embed_tokens.weight"][token] = torch.inf
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    late = epochs_in_order(len(SFT_ROWS), 1, seed=42)[-1]
    rows = [{**row, "prompt": "Z" if i == late else row["prompt"]} for i, row in enumerate(SFT_ROWS)]
    sft = stage("sft", rows, base=base, sft={"epochs": 1})
    assert sft.config["seed"] == 42
    assert sft.run() == 1
    assert sft.end() == ("failed", "non_finite_gradient")
    assert "step 3" in sft.events("end")[-1]["message"]
    good, passed_over = newest_complete(sft.folder / "checkpoints")
    assert (good.name, passed_over) == ("checkpoint-2", [])
    assert all(w.isfinite().all() for w in load_file(good / "adapter_model.safetensors").values())


def test_rows_that_are_too_long_are_cut_and_counted(stage):
    long = {**SFT_ROWS[0], "prompt": "long " * 300}
    medium = {**SFT_ROWS[1], "response": SFT_ROWS[1]["response"] * 10}
    sft = stage("sft", [*SFT_ROWS, long, medium], sft={"epochs": 1})
    assert sft.run() == 0, sft.log()
    (warning,) = sft.events("warning")
    assert warning["code"] == "long_rows"
    assert "2 of 14 rows" in warning["message"]
    assert "were left out (the longest has" in warning["message"]


def test_one_row_is_enough_to_train_on(stage):
    sft = stage("sft", SFT_ROWS[:1])
    assert sft.run() == 0, sft.log()
    assert len(sft.events("step")) == 1
    assert all(value is not None for value in sft.events("step")[0]["metrics"].values())


@pytest.mark.parametrize(
    ("rows", "settings", "cause", "says"),
    [
        ("", {}, "no_rows", "rows.jsonl holds no rows"),
        ('{"id": "a"}\n', {}, "bad_data", "rows.jsonl:1: prompt"),
        (SFT_ROWS[:2], {"maxLength": 10}, "no_rows", "sft.maxLength = 10"),
        (
            SFT_ROWS[:1],
            {"learningRate": "fast"},
            "bad_run_file",
            "config.sft.learningRate: Input should be a valid number",
        ),
    ],
)
def test_what_cannot_be_trained_on_ends_by_name_before_anything_is_written(
    stage, rows, settings, cause, says
):
    sft = stage("sft", rows, sft=settings)
    assert sft.run() == 1
    assert sft.end() == ("failed", cause)
    assert says in sft.events("end")[-1]["message"]
    assert not (sft.folder / "adapter").exists()
    assert not (sft.folder / "checkpoints").exists()


def test_the_memory_plan_stands_at_the_head_of_the_log(stage):
    sft = stage("sft", SFT_ROWS[:2], sft={"maxLength": 10})
    sft.run_file.write_text(
        json.dumps({**json.loads(sft.run_file.read_text()), "plan": "Memory planned: 3 GiB"})
    )
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "sft.py"), str(sft.run_file)], capture_output=True, text=True
    )
    assert done.stdout.startswith("Memory planned: 3 GiB\n")


def test_the_gpu_profile_without_a_gpu_says_so_before_anything_is_loaded(stage, tmp_path):
    sft = stage("sft", SFT_ROWS, base=tmp_path / "not looked for", profile="gpu")
    # A process of its own: CUDA reads which GPUs it may see when it is first asked.
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "sft.py"), str(sft.run_file)],
        capture_output=True,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    assert done.returncode == 1, done.stderr
    assert sft.end() == ("failed", "no_gpu")


def test_the_script_runs_from_the_command_line_and_every_event_is_one_that_lib_reads(stage):
    sft = stage("sft", SFT_ROWS)
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "sft.py"), str(sft.run_file)],
        cwd=sft.folder,
        capture_output=True,
        text=True,
        env={**os.environ, "WANDB_MODE": "online"},
    )
    assert done.returncode == 0, done.stderr
    # The arithmetic first, then what makes it fast here and what does not.
    said = [
        "12 rows × 2 epochs / (2 × 2 × 1) = 6 steps",
        "off FlashAttention",
        "on  fused loss",
        "off 4-bit weights",
    ]
    assert sorted(said, key=done.stdout.index) == said
    assert not (sft.folder / "wandb").exists()
    program = f"""
        import {{ readFileSync }} from "node:fs";
        import {{ RunEvent }} from "{ROOT}/lib/records.ts";
        const lines = readFileSync("{sft.folder}/events.jsonl", "utf8").trim().split("\\n");
        for (const line of lines) RunEvent.parse(JSON.parse(line));"""
    subprocess.run([NODE, "--input-type=module", "-e", program], check=True, cwd=ROOT)


def test_the_scripts_ask_for_one_run_file():
    done = subprocess.run([sys.executable, str(SCRIPTS / "sft.py")], capture_output=True, text=True)
    assert done.returncode == 2
    assert "usage: python scripts/sft.py RUN.JSON" in done.stderr
