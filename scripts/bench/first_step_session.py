"""
How long a reader waits for the first step of a training: a notebook's session in a real kernel.

    python scripts/bench/first_step_session.py ROOT sft|grpo WORKSPACE

Starts the kernel of the repository at ROOT and runs the notebook of the stage as Run All does, cell after
cell without a pause, down to its training cell. The clock starts when that cell is sent, as a reader presses
the keys, and stops with the event of its first step. The training is ended, and after half a minute, in which
a reader looks at a curve, another value is set and the same cell is run once more. Prints the seconds of
both, [first, second]. Whoever reads between the cells waits less for the first, never longer.

The adapter of the stage must not be in WORKSPACE: what is trained already is not trained again.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from jupyter_client.manager import KernelManager

NOTEBOOKS = {"sft": "04_*.ipynb", "grpo": "05_*.ipynb"}
TRAINS = {"sft": "await trainSft(lab,", "grpo": "await trainGrpo(lab,"}
OTHER_VALUE = {"sft": '"sft.learningRate": 9e-4', "grpo": '"grpo.learningRate": 6e-4'}
T = TypeVar("T")
PAUSE = 30.0  # seconds
PATIENCE = 900.0


def cells_of(root: Path, stage: str) -> tuple[list[str], str]:
    """
    The code cells before the training cell, and that one. Without those that train something else: they would
    leave the trainer's Python warm.
    """
    (path,) = (root / "notebooks").glob(NOTEBOOKS[stage])
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    at = next(i for i, source in enumerate(sources) if TRAINS[stage] in source)
    return [source for source in sources[:at] if "await train" not in source], sources[at]


def with_other_value(before: list[str], stage: str) -> str:
    """The cell that opens the lab, with a value changed."""
    (source,) = (source for source in before if "openLab({" in source)
    return source.replace("openLab({", f"openLab({{ {OTHER_VALUE[stage]},")


class Session:
    def __init__(self, root: Path, workspace: Path):
        folder = Path(tempfile.mkdtemp())
        spec = folder / "kernels" / "session"
        spec.mkdir(parents=True)
        node, kernel = root / "node_modules" / ".bin" / "node", root / "scripts" / "kernel.ts"
        argv = [str(node), str(kernel), "{connection_file}"]
        (spec / "kernel.json").write_text(
            json.dumps({"argv": argv, "display_name": "session", "language": "typescript"})
        )
        os.environ["JUPYTER_PATH"] = str(folder)
        self.runs = workspace / "reports" / "runs"
        self.manager = KernelManager(kernel_name="session")
        environment = {**os.environ, "FTMODEL_WORKSPACE": str(workspace)}
        self.manager.start_kernel(cwd=str(root / "notebooks"), env=environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=300)

    def run(self, source: str) -> None:
        said: list[str] = []

        def hear(message: dict) -> None:
            if message["msg_type"] == "stream" and message["content"]["name"] == "stderr":
                said.append(message["content"]["text"])

        reply = self.client.execute_interactive(source, timeout=PATIENCE, output_hook=hear)
        if reply["content"]["status"] != "ok":
            raise SystemExit(f"a cell failed\n{source}\n{''.join(said)}")

    def seconds_to_first_step(self, source: str, stage: str) -> float:
        """Runs the training cell, and ends the training after its first step."""
        before = set(self.runs.glob(f"{stage}-*"))
        called = time.time()
        self.client.execute(source)
        (folder,) = until(lambda: set(self.runs.glob(f"{stage}-*/events.jsonl")) - placed(before))
        step = until(lambda: first_step(folder))
        self.manager.interrupt_kernel()
        self.client.get_shell_msg(timeout=PATIENCE)
        self.run(f'import {{ cancelRun }} from "ftmodel"; await cancelRun(lab, "{folder.parent.name}");')
        return step - called

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel()


def placed(runs: set[Path]) -> set[Path]:
    return {run / "events.jsonl" for run in runs}


def first_step(events: Path) -> float | None:
    """When it was done, in seconds since 1970."""
    lines = events.read_text(encoding="utf-8").splitlines(keepends=True)
    whole = [json.loads(line) for line in lines if line.endswith("\n")]
    return next((event["time"] for event in whole if event["event"] == "step"), None)


def until(look: Callable[[], T | None]) -> T:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise SystemExit(f"no first step in {PATIENCE:.0f} s")


def main(root: Path, stage: str, workspace: Path) -> None:
    before, training = cells_of(root, stage)
    session = Session(root, workspace)
    try:
        for source in before:
            session.run(source)
        first = session.seconds_to_first_step(training, stage)
        time.sleep(PAUSE)
        session.run(with_other_value(before, stage))
        print(json.dumps([first, session.seconds_to_first_step(training, stage)]))
    finally:
        session.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
