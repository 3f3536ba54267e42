"""
One stage's processes on the machines of a Ray cluster (https://docs.ray.io/en/latest/train/train.html): what
`accelerate launch` does on one.

    python scripts/on_ray.py ADDRESS PROCESSES scripts/STAGE.py RUN.JSON

Ray Train places the processes, a GPU each, on as few machines as will do. When one is lost with its machine,
all start again from the newest complete checkpoint, three times at most; a failure that the run names itself
would only come again, and ends it. Every machine sees this repository, its .venv, the models and the run's
folder under the same paths (a shared file system): that is looked at before anything is loaded. SIGTERM
cancels the run on all of them, also while it waits for its GPUs.

Reads from the environment FTMODEL_RAY_WAIT, seconds to wait for the processes' places (60).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

os.environ.update(
    RAY_USAGE_STATS_ENABLED="0", RAY_TRAIN_V2_ENABLED="1"
)  # no telemetry; both are read when ray is imported

from sidecar.events import EventLog
from sidecar.failure import Cancelled, Failure
from sidecar.on_worker import cancel_file, ended, look_around, work
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
LOST_MACHINES = 3  # of one run; each costs the steps since the last checkpoint
LOOK_S = 1.0


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
        "environment": {name: value for name, value in os.environ.items() if name.startswith(HANDED_ON)},
    }
    try:
        connect(address)
        # ray's own handler would leave at once
        signal.signal(signal.SIGTERM, lambda *_: cancel_file(run_dir).touch())
        resource = "CPU" if run["config"]["profile"] == "tiny" else "GPU"
        wait_for_places(processes, resource, cancel_file(run_dir), events)
        look_on_all_nodes(resource, [*task["command"], *models_of(run)], run_dir)
        lost = train(task, processes, resource == "GPU")
    except Cancelled:
        events.end("cancelled", "stopped by a signal before it had its processes")
        return EXIT_CANCELLED
    except Failure as failure:
        print(f"{failure.cause}: {failure.message}", file=sys.stderr)
        events.end(failure.cause, failure.message)
        return EXIT_FAILED
    if cancel_file(run_dir).exists():
        return EXIT_CANCELLED
    end = ended(task)
    if end is None:
        events.end("error", lost or "the processes left without a word")
    return 0 if end is not None and end["status"] == "done" else EXIT_FAILED


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
            f"`ray start --head`, and `ray start --address=…` on the other machines, of Ray "
            f"{ray.__version__} on Python {sys.version.split()[0]} like here",
        ) from error


def wait_for_places(processes: int, resource: str, cancel: Path, events: EventLog) -> None:
    """
    Until the cluster has a free place for each process; says what it waits for whenever that changes. Raises
    Failure (no_gpu) when there is none in time, Cancelled when the run is.
    """
    import ray

    patience = float(os.environ.get("FTMODEL_RAY_WAIT", "60"))
    deadline, told = time.monotonic() + patience, ""
    while True:
        free, there = (
            int(found.get(resource, 0)) for found in (ray.available_resources(), ray.cluster_resources())
        )
        if free >= processes:
            return
        if cancel.exists():
            raise Cancelled
        found = f"gpu.processes = {processes} {resource}s; the Ray cluster has {there}, {free} of them free"
        if time.monotonic() > deadline:
            raise Failure(
                "no_gpu",
                f"{found}, after {patience:.0f} seconds: add machines with `ray start --address=…`, end what "
                f"holds the others, lower gpu.processes, or set FTMODEL_RAY_WAIT to more seconds",
            )
        if found != told:
            events.warning("waiting", f"{found}. Waiting for {patience:.0f} seconds at most.")
            told = found
        time.sleep(LOOK_S)


def models_of(run: dict[str, Any]) -> list[str]:
    """The folders that the run reads: the Base's, an adapter's. A model of the hub is in each one's cache."""
    named = [model["path"] for model in run["models"].values() if model is not None]
    return [path for path in named if os.path.isabs(path)]


def look_on_all_nodes(resource: str, paths: list[str], run_dir: Path) -> None:
    """
    Raises Failure where a machine lacks one of `paths`, or may not write into the run's folder: the first
    process there would find out minutes later, in words of its own.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def on(node: dict[str, Any]) -> Any:
        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        look = ray.remote(look_around).options(num_cpus=0, scheduling_strategy=there)
        return look.remote(paths, str(run_dir))

    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get(resource, 0) > 0]
    for node, wrong in zip(nodes, ray.get([on(node) for node in nodes]), strict=True):
        if wrong:
            raise Failure(
                "no_ray",
                f"machine {node['NodeManagerAddress']} of the Ray cluster: {wrong}. All machines must see "
                f"this repository, its .venv, the models and the workspace under the same paths (a shared "
                f"file system)",
            )


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
        print(error, file=sys.stderr)
        return str(error).strip().splitlines()[-1]
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).absolute(), Path(sys.argv[4]).absolute()))
