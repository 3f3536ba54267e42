"""
One stage's processes on the machines of a Ray cluster (https://docs.ray.io/en/latest/train/train.html): what
`accelerate launch` does on one.

    python scripts/on_ray.py ADDRESS PROCESSES scripts/STAGE.py RUN.JSON

Ray Train places the processes, a GPU each, and ends all of them when one fails; each is the stage's own entry
point. Every machine sees this repository, its .venv, the models and the run's folder under the same paths (a
shared file system). SIGTERM cancels the run on all of them.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

os.environ.update(
    RAY_USAGE_STATS_ENABLED="0", RAY_TRAIN_V2_ENABLED="1"
)  # no telemetry; both are read when ray is imported

from sidecar.events import EventLog
from sidecar.failure import Failure
from sidecar.on_worker import cancel_file, work
from sidecar.stage import EXIT_CANCELLED, EXIT_FAILED

# Of this process's environment, what a stage or a library under it reads; paths and devices are each
# machine's own.
HANDED_ON = (
    "FTMODEL_",
    "HF_",
    "WANDB_",
    "ACCELERATE_",
    "NCCL_",
    "GLOO_",
    "OMP_",
    "PYTHON",
    "CUDA_DEVICE_ORDER",
)


def main(address: str, processes: int, script: Path, run_file: Path) -> int:
    """Causes of its own in the run's `end`: no_ray, when the package or the cluster is missing."""
    run_dir = run_file.parent
    cancel_file(run_dir).unlink(missing_ok=True)
    try:
        connect(address)
    except Failure as failure:
        print(f"{failure.cause}: {failure.message}", file=sys.stderr)
        EventLog(run_dir / "events.jsonl").end(failure.cause, failure.message)
        return EXIT_FAILED
    signal.signal(
        signal.SIGTERM, lambda *_: cancel_file(run_dir).touch()
    )  # ray's own handler would leave at once
    task = {
        "command": [sys.executable, str(script), str(run_file)],
        "run_dir": str(run_dir),
        "environment": {name: value for name, value in os.environ.items() if name.startswith(HANDED_ON)},
    }
    on_gpu = json.loads(run_file.read_text(encoding="utf-8"))["config"]["profile"] != "tiny"
    done = train(task, processes, on_gpu)
    return EXIT_FAILED if not done else EXIT_CANCELLED if cancel_file(run_dir).exists() else 0


def connect(address: str) -> None:
    try:
        import ray
    except ImportError as error:
        raise Failure(
            "no_ray",
            f"gpu.ray needs the package ray, which is not installed ({error}): install the gpu packages, "
            f"or leave gpu.ray empty to train on this machine",
        ) from error
    python_path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    try:
        if ":" in address:
            socket.create_connection(
                address.rsplit(":", 1), timeout=10
            ).close()  # ray itself asks for minutes
        ray.init(
            address=address,
            log_to_driver=False,
            runtime_env={"env_vars": {"PYTHONPATH": python_path, "RAY_TRAIN_V2_ENABLED": "1"}},
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise Failure(
            "no_ray",
            f"no Ray cluster answers at gpu.ray = {address} ({str(error).splitlines()[0]}): start one with "
            f"`ray start --head`, and `ray start --address=…` on the other machines",
        ) from error


def train(task: dict[str, Any], processes: int, on_gpu: bool) -> bool:
    """
    Whether every process ended well. Waits, as long as it takes, until the cluster has a place for each.
    """
    from ray.train import RunConfig, ScalingConfig
    from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer
    from ray.train.v2.api.exceptions import TrainingFailedError

    scaling = ScalingConfig(num_workers=processes, use_gpu=on_gpu, resources_per_worker={"CPU": 1})
    try:
        DataParallelTrainer(
            work,
            train_loop_config=task,
            scaling_config=scaling,
            run_config=RunConfig(name="train", storage_path=os.path.join(task["run_dir"], "ray")),
        ).fit()
    except TrainingFailedError as error:
        print(error, file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).absolute(), Path(sys.argv[4]).absolute()))
