"""
One stage's processes on the machines of a Ray cluster (https://docs.ray.io/en/latest/train/train.html): what
`accelerate launch` does on one.

    python scripts/on_ray.py ADDRESS PROCESSES scripts/STAGE.py RUN.JSON

Ray Train places a training's processes, a GPU each, on as few machines as will do; a stage that is one
process is a Ray task. When a process is lost, as with its machine, all start again from the newest complete
checkpoint, three times at most; a failure that the run names itself would only come again, and ends it. Every
machine sees this repository, its .venv, the models and the run's folder under the same paths (a shared file
system): that is looked at before anything is loaded. SIGTERM cancels the run on all of them, also while it
waits for its GPUs.

Reads from the environment FTMODEL_RAY_WAIT, seconds to wait for the processes' places (60).
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sidecar.cluster import connect, handed_on, look_on_all_nodes, wait_for_places
from sidecar.events import EventLog
from sidecar.failure import Cancelled, Failure
from sidecar.on_worker import cancel_file, last_event, work, work_alone
from sidecar.stage import EXIT_CANCELLED, EXIT_FAILED

TRAININGS = ("sft", "grpo", "on_policy")
LOST_MACHINES = 3  # of one run; each costs the steps since the last checkpoint


def main(address: str, processes: int, script: Path, run_file: Path) -> int:
    """Causes of its own in the run's `end`: no_ray, no_gpu, cancelled."""
    run_dir = run_file.parent
    events = EventLog(run_dir / "events.jsonl")
    cancel_file(run_dir).unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: cancel_file(run_dir).touch())
    run = json.loads(run_file.read_text(encoding="utf-8"))
    task = {
        "command": [sys.executable, str(script), str(run_file)],
        "run_dir": str(run_dir),
        "events_from": (run_dir / "events.jsonl").stat().st_size,
        "environment": handed_on(),
    }
    try:
        connect(address)
        # ray's own handler would leave at once
        signal.signal(signal.SIGTERM, lambda *_: cancel_file(run_dir).touch())
        resource = "CPU" if run["config"]["profile"] == "tiny" else "GPU"
        if resource == "CPU":  # as scripts/on_cores.py
            task["environment"] |= {"ACCELERATE_USE_CPU": "true", "ACCELERATE_TORCH_DEVICE": "cpu"}
        wait_for_places(
            processes,
            resource,
            "gpu.processes",
            cancel_file(run_dir).exists,
            lambda found: events.warning("waiting", found),
        )
        look_on_all_nodes(resource, [*task["command"], *models_of(run)], run_dir)
        lost = (train if run["stage"] in TRAININGS else run_alone)(task, processes, resource == "GPU")
    except Cancelled:
        events.end("cancelled", "stopped by a signal before it had its processes")
        return EXIT_CANCELLED
    except Failure as failure:
        print(f"{failure.cause}: {failure.message}", file=sys.stderr)
        events.end(failure.cause, failure.message)
        return EXIT_FAILED
    if cancel_file(run_dir).exists():
        return EXIT_CANCELLED
    end = last_event(task, "end")
    if end is None:
        events.end("error", lost or "the processes left without a word")
    return 0 if end is not None and end["status"] == "done" else EXIT_FAILED


def models_of(run: dict[str, Any]) -> list[str]:
    """The folders that the run reads: the Base's, an adapter's. A model of the hub is in each one's cache."""
    named = [model["path"] for model in run["models"].values() if model is not None]
    return [path for path in named if os.path.isabs(path)]


def train(task: dict[str, Any], processes: int, on_gpu: bool) -> str | None:
    """None, or why the processes were lost once too often."""
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchConfig, TorchTrainer

    trainer = TorchTrainer(
        work,
        train_loop_config=task,
        # the stage meets its processes itself, by NCCL where there are GPUs
        torch_config=TorchConfig(backend="gloo"),
        scaling_config=ScalingConfig(
            num_workers=processes,
            use_gpu=on_gpu,
            resources_per_worker={"CPU": 1},
            placement_strategy="PACK",
        ),
        run_config=RunConfig(
            name="train",
            storage_path=os.path.join(task["run_dir"], "ray"),
            failure_config=FailureConfig(max_failures=LOST_MACHINES),
        ),
    )
    try:
        trainer.fit()
    except TrainingFailedError as error:
        return told(error)
    return None


def run_alone(task: dict[str, Any], _: int, on_gpu: bool) -> str | None:
    """As `train`, by a Ray task."""
    import ray

    alone = ray.remote(work_alone).options(
        num_cpus=1, num_gpus=int(on_gpu), max_retries=LOST_MACHINES, retry_exceptions=[RuntimeError]
    )
    try:
        ray.get(alone.remote(task))
    except ray.exceptions.RayError as error:
        return told(error)
    return None


def told(error: Exception) -> str:
    """Its last line; the whole of it is in the log."""
    print(error, file=sys.stderr)
    return str(error).strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).absolute(), Path(sys.argv[4]).absolute()))
