"""Run files made from lib's own profile, and stages run on them in processes that can be killed."""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SMALL = {
    "sft": {
        "batchSize": 2,
        "gradientAccumulation": 2,
        "epochs": 2,
        "saveSteps": 2,
        "loraDropout": 0.1,
        "maxLength": 128,
        "loraRank": 4,
    },
    "grpo": {
        "promptsPerStep": 2,
        "groupSize": 4,
        "microBatch": 4,
        "maxTokens": 16,
        "maxSteps": 4,
        "saveSteps": 2,
        "learningRate": 1e-2,
        "schedule": "constant",
        "loraRank": 4,
    },
    "onPolicy": {
        "promptsPerStep": 8,
        "microBatch": 8,
        "maxTokens": 16,
        "maxSteps": 4,
        "saveSteps": 2,
        "learningRate": 1e-2,
    },
    "evaluate": {"maxTokens": 12},
    "deploy": {"parityPrompts": 5},
}


class Stage:
    """A run folder, and the stage run on it in a process of its own."""

    def __init__(self, folder: Path, stage: str, config: dict[str, Any]):
        self.folder, self.stage, self.config = folder, stage, config
        self.run_file = folder / "run.json"

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        path = self.folder / "events.jsonl"
        lines = path.read_text().splitlines(keepends=True) if path.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if kind in (None, event["event"])]

    def end(self) -> tuple[str, str | None]:
        last = self.events()[-1]
        assert last["event"] == "end"
        return last["status"], last["cause"]

    def log(self) -> str:
        return (self.folder / "log.txt").read_text()

    def start(self) -> multiprocessing.Process:
        import export  # noqa: F401
        import grpo  # noqa: F401  (imported before the fork, once for all)
        import merge  # noqa: F401
        import on_policy  # noqa: F401
        import sft  # noqa: F401
        import sidecar.watch_grpo  # noqa: F401
        import trl
        from sidecar import cpu_grpo, distiller  # noqa: F401

        assert trl.SFTTrainer and trl.GRPOTrainer  # lazy modules
        process = multiprocessing.get_context("fork").Process(
            target=run_in_child, args=(self.stage, str(self.run_file), str(self.folder / "log.txt"))
        )
        process.start()
        return process

    def run(self) -> int:
        process = self.start()
        process.join(timeout=900)
        assert process.exitcode is not None, "the stage hangs"
        return process.exitcode

    def wait_for(
        self, seen: Callable[[list[dict[str, Any]]], bool], process: multiprocessing.Process
    ) -> None:
        deadline = time.monotonic() + 300
        while not seen(self.events()):
            assert process.is_alive() and time.monotonic() < deadline, self.log()
            time.sleep(0.005)

    def kill_after(self, step: int) -> None:
        """SIGKILL as soon as `step` was logged."""
        process = self.start()
        self.wait_for(lambda events: any(e["event"] == "step" and e["step"] >= step for e in events), process)
        os.kill(process.pid, signal.SIGKILL)
        process.join()

    def adapter(self) -> dict[str, Any]:
        from safetensors.torch import load_file

        return load_file(self.folder / "adapter" / "adapter_model.safetensors")


def run_in_child(stage: str, run_file: str, log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    module = __import__(stage)
    sys.argv = [f"{stage}.py", run_file]
    status = sys.modules["sidecar.stage"].run_stage(stage, module.main)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def make_stage(
    parent: Path,
    defaults: dict[str, Any],
    name: str,
    rows: list[dict[str, Any]] | str,
    base: Path,
    folder: str = "run",
    adapter: Path | None = None,
    reward: list[str] | None = None,
    teacher: Path | None = None,
    **sections: Any,
) -> Stage:
    """Writes a run folder: the default config with SMALL values and those of `sections` over it."""
    config = copy.deepcopy(defaults)
    for source in (SMALL, sections):
        for section, values in source.items():
            config[section] = {**config[section], **values} if isinstance(values, dict) else values
    path = parent / folder
    path.mkdir()
    data = path / "rows.jsonl"
    data.write_text(rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows))
    trains = name in ("sft", "grpo", "on_policy")
    run = {
        "key": f"{name}-0123456789ab",
        "stage": name,
        "label": name,
        "config": config,
        "inputs": {"train" if trains else "parity": {"path": str(data), "sha256": "0", "rows": len(rows)}},
        "models": {
            "base": {"path": str(base), "revision": "main", "sha256": "b" * 64},
            "adapter": adapter and {"path": str(adapter), "sha256": "a" * 64},
            **(
                {"teacher": {"path": str(teacher), "revision": "main", "sha256": "c" * 64}} if teacher else {}
            ),
        },
        "reward": reward and {"command": reward, "path": reward[-1], "sha256": "0"},
        "output": str(path / {"merge": "merged", "export": "exported"}.get(name, "adapter")),
        "runDir": str(path),
        "created": "2026-01-01T00:00:00Z",
    }
    (path / "run.json").write_text(json.dumps(run))
    return Stage(path, name, config)


def accelerate(processes: int, precision: str = "no") -> list[str]:
    """The arguments with which lib/run/process.ts starts several processes; the script follows."""
    options = {
        "num_processes": processes,
        "num_machines": 1,
        "max_restarts": 0,
        "machine_rank": 0,
        "gpu_ids": "all",
        "main_process_port": 0,
        "mixed_precision": precision,
        "dynamo_backend": "no",
    }
    return [
        "-m",
        "accelerate.commands.launch",
        "--multi_gpu",
        *(part for name, value in options.items() for part in (f"--{name}", str(value))),
    ]
