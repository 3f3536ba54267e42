"""
A Ray cluster before anything is loaded on it: that it answers, has room, and sees the same files everywhere.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .failure import Cancelled, Failure

# No telemetry; both are read when ray is imported.
os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_TRAIN_V2_ENABLED="1")

# Of this process's environment, what a stage, a server or a library under them reads; paths and devices are
# each machine's own.
HANDED_ON = (
    "FTMODEL_",
    "HF_",
    "WANDB_",
    "ACCELERATE_",
    "NCCL_",
    "GLOO_",
    "OMP_",
    "PYTHON",
    "VLLM_",
    "DO_NOT_TRACK",
    "CUDA_DEVICE_ORDER",
)
# Ray keeps the arguments of tasks and shows them: a secret is set in the job's environment instead.
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD")
LOOK_S = 1.0


def handed_on() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(HANDED_ON) and not SECRET.search(name)
    }


def connect(address: str) -> None:
    """Raises Failure (no_ray)."""
    try:
        import ray
    except ImportError as error:
        raise Failure(
            "no_ray",
            f"gpu.ray needs the package ray, which is not installed ({error}): install the gpu packages, "
            f"or leave gpu.ray empty to work on this machine",
        ) from error
    python_path = os.pathsep.join(
        filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")])
    )
    try:
        if ":" in address:
            # ray itself asks for minutes
            socket.create_connection(address.rsplit(":", 1), timeout=10).close()
        ray.init(
            address=address,
            log_to_driver=False,
            runtime_env={"env_vars": {"PYTHONPATH": python_path, "RAY_TRAIN_V2_ENABLED": "1"}},
        )
    except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
        raise Failure(
            "no_ray",
            f"no Ray cluster answers at gpu.ray = {address} ({str(error).splitlines()[0]}): start one with "
            f"`RAY_AUTH_MODE=token ray start --head`, and `ray start --address=…` on the other machines, of "
            f"Ray {ray.__version__} on Python {sys.version.split()[0]} like here (scripts/cluster.md)",
        ) from error


def wait_for_places(
    wanted: int, resource: str, setting: str, cancelled: Callable[[], bool], tell: Callable[[str], None]
) -> None:
    """
    Until the cluster has so many places (GPU or CPU) free, as the config's key `setting` asks; says what it
    waits for whenever that changes, FTMODEL_RAY_WAIT seconds at most (60). Raises Failure (no_gpu) when there
    is none in time, Cancelled when the run is.
    """
    import ray

    patience = float(os.environ.get("FTMODEL_RAY_WAIT", "60"))
    deadline, told = time.monotonic() + patience, ""
    while True:
        free, there = (
            int(found.get(resource, 0)) for found in (ray.available_resources(), ray.cluster_resources())
        )
        if free >= wanted:
            return
        if cancelled():
            raise Cancelled
        found = f"{setting} = {wanted} {resource}s; the Ray cluster has {there}, {free} of them free"
        if time.monotonic() > deadline:
            raise Failure(
                "no_gpu",
                f"{found}, after {patience:.0f} seconds: add machines with `ray start --address=…`, end what "
                f"holds the others, lower {setting}, or set FTMODEL_RAY_WAIT to more seconds",
            )
        if found != told:
            tell(f"{found}. Waiting for {patience:.0f} seconds at most.")
            told = found
        time.sleep(LOOK_S)


def look_on_all_nodes(resource: str, paths: list[str], folder: Path) -> None:
    """
    Raises Failure (no_ray) where a machine lacks one of `paths`, or may not write into `folder`: the first
    process there would find out minutes later, in words of its own.
    """
    import ray
    from ray.exceptions import NodeDiedError, TaskUnschedulableError, WorkerCrashedError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    def on(node: dict[str, Any]) -> Any:
        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        look = ray.remote(look_around).options(num_cpus=0, scheduling_strategy=there)
        return look.remote(paths, str(folder))

    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get(resource, 0) > 0]
    for node, look in [(node, on(node)) for node in nodes]:
        try:
            wrong = ray.get(look)
        except (NodeDiedError, TaskUnschedulableError, WorkerCrashedError):
            continue  # it went meanwhile
        if wrong:
            raise Failure(
                "no_ray",
                f"machine {node['NodeManagerAddress']} of the Ray cluster: {wrong}. All machines must see "
                f"this repository, its .venv, the models and the workspace under the same paths (a shared "
                f"file system)",
            )


def look_around(paths: list[str], folder: str) -> str:
    """On its machine: "" when all of `paths` are there and the folder takes a file, else why not."""
    for path in paths:
        if not os.path.exists(path):
            return f"there is no {path}"
    probe = Path(folder) / f"probe-{socket.gethostname()}-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        return f"{folder} takes no file ({error.strerror})"
    return ""


def free_port(host: str = "") -> int:
    with socket.create_server((host, 0)) as free:
        return free.getsockname()[1]
