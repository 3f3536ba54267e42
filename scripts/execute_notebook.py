"""
Runs one notebook headless and saves the executed copy.

    python scripts/execute_notebook.py notebooks/04_sft.ipynb --output reports/notebooks/04_sft.ipynb

Fails when a cell fails, when anything stands on a cell's stderr (tslab tells of unawaited errors only there),
and when the kernel leaves a process behind. The copy is saved in every case. Exit status: 0, 1, or 130 after
Ctrl-C.
"""

import argparse
import os
import re
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # our kernel, also where the user has a `tslab` of their own

import nbformat  # noqa: E402
import psutil  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError  # noqa: E402

# Warnings that say nothing about the notebook. A new one needs its reason here.
ALLOWED_STDERR: list[re.Pattern[str]] = []

# Errors that nobody awaits surface in the next cell; this one is for those of the last cell.
LAST_CELL = "await new Promise((done) => setTimeout(done, 100));"


def main(args: argparse.Namespace) -> int:
    notebook = nbformat.read(args.notebook, as_version=4)
    clear_outputs(notebook)
    runner = Runner(notebook, args)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, runner.interrupted)
    # nbclient replaces the main thread's signal handlers while it runs; in another thread it leaves them
    # alone.
    problems: list[str] = []

    def run() -> None:
        try:
            problems.extend(runner.run())
        except Exception:  # noqa: BLE001 - a thread's error would be lost, and the run would count as green
            problems.append(traceback.format_exc())

    work = threading.Thread(target=run, daemon=True)
    work.start()
    while work.is_alive():
        work.join(0.2)
    try:
        runner.save()
    except OSError as error:  # a full disk: what the cells said comes first
        problems.append(f"{args.output} could not be written: {error.strerror or error}")
    for problem in problems:
        print(problem, flush=True)
    return 1 if problems else 0


def clear_outputs(notebook: nbformat.NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


class Runner:
    def __init__(self, notebook: nbformat.NotebookNode, args: argparse.Namespace):
        self.notebook, self.output = notebook, Path(args.output)
        self.label = Path(args.notebook).stem[:2]
        self.family: dict[int, psutil.Process] = {}  # every process seen below the kernel
        self.started = 0.0
        self.stopping = False
        self.client = NotebookClient(
            notebook,
            timeout=args.timeout or None,
            startup_timeout=120,
            kernel_name="tslab",
            resources={"metadata": {"path": str(Path(args.notebook).resolve().parent)}},
            on_cell_execute=self.cell_started,
            on_cell_executed=self.cell_done,
        )

    def run(self) -> list[str]:
        last = nbformat.v4.new_code_cell(LAST_CELL)
        self.notebook.cells.append(last)
        problems: list[str] = []
        try:
            self.client.execute()
        except CellExecutionError:
            problems.append(self.failure("failed"))
        except CellTimeoutError:
            problems.append(self.failure(f"took longer than {self.client.timeout} s"))
        except DeadKernelError:
            problems.append(self.failure("ended the kernel"))
        finally:
            self.notebook.cells.remove(last)
        if not problems:  # a failed cell has told its stderr already
            problems += [
                self.unexpected(index, cell)
                for index, cell in enumerate(self.notebook.cells)
                if stderr_of(cell)
            ]
            if late := stderr_of(last):
                problems.append(
                    f"\n{self.output.name}: an error that nobody awaited, after the last cell\n{late}"
                )
        return problems + self.left_behind()

    def cell_started(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        self.started, self.current = time.time(), cell_index
        if cell.source != LAST_CELL:
            print(f"  {self.label} [{cell_index + 1:2}] {first_line(cell)[:72]:72} ", end="", flush=True)

    def cell_done(self, cell: nbformat.NotebookNode, cell_index: int, execute_reply: dict) -> None:
        self.remember_family()
        if cell.source != LAST_CELL:
            print(f"{time.time() - self.started:7.1f} s", flush=True)

    def failure(self, how: str) -> str:
        cell = self.notebook.cells[self.current]
        told = "\n".join(text_of(output) for output in cell.get("outputs", []))
        return f"\n{self.output.name}: cell {self.current + 1} {how}\n{indent(cell.source)}\n{told.strip()}"

    def unexpected(self, index: int, cell: nbformat.NotebookNode) -> str:
        told = f"{self.output.name}: cell {index + 1} wrote to stderr"
        return f"\n{told}\n{indent(cell.source)}\n{stderr_of(cell)}"

    def save(self) -> None:
        self.output.parent.mkdir(parents=True, exist_ok=True)
        partial = self.output.with_suffix(".partial")
        nbformat.write(self.notebook, partial)
        os.replace(partial, self.output)

    def remember_family(self) -> None:
        for child in psutil.Process().children(recursive=True):
            self.family.setdefault(child.pid, child)

    def left_behind(self) -> list[str]:
        """Stops what outlived the kernel and tells of it."""
        _, there = psutil.wait_procs(list(self.family.values()), timeout=5)
        alive = [process for process in there if not has_ended(process)]
        names = [f"{self.label}: process {p.pid} outlived the notebook: {command_of(p)}" for p in alive]
        self.stop(alive)
        return names

    def stop(self, processes: list[psutil.Process]) -> None:
        for process in processes:
            quietly(process.terminate)
        _, alive = psutil.wait_procs(processes, timeout=5)
        for process in alive:
            quietly(process.kill)

    def interrupted(self, number: int, frame: object) -> None:
        """
        Ctrl-C: the kernel and everything below it stop (a training goes on from its checkpoint next time);
        the copy is kept.
        """
        if self.stopping:
            return
        self.stopping = True
        print("\nstopping the kernel and what it started …", flush=True)
        self.remember_family()
        self.stop(list(self.family.values()))
        self.notebook.cells = [cell for cell in self.notebook.cells if cell.source != LAST_CELL]
        self.save()
        os._exit(130)


def stderr_of(cell: nbformat.NotebookNode) -> str:
    text = "".join(
        o.text for o in cell.get("outputs", []) if o.output_type == "stream" and o.name == "stderr"
    )
    return "\n".join(
        line for line in text.splitlines() if line.strip() and not any(p.search(line) for p in ALLOWED_STDERR)
    )


def text_of(output: nbformat.NotebookNode) -> str:
    if output.output_type == "stream":
        return output.text
    return "\n".join(output.get("traceback", [])) or str(output.get("data", {}).get("text/plain", ""))


def first_line(cell: nbformat.NotebookNode) -> str:
    return next((line for line in cell.source.splitlines() if line.strip() and not line.startswith("//")), "")


def indent(source: str) -> str:
    return "\n".join(f"    {line}" for line in source.splitlines())


def has_ended(process: psutil.Process) -> bool:
    """Also where nobody asks for its exit status: a container's first process may not."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:120]
    except psutil.Error:
        return "(gone)"


def quietly(action) -> None:  # type: ignore[no-untyped-def]
    try:
        action()
    except psutil.NoSuchProcess:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("notebook")
    parser.add_argument("--output", required=True, help="the executed copy")
    parser.add_argument("--timeout", type=int, default=0, help="seconds a cell may take; 0 for no limit")
    sys.exit(main(parser.parse_args()))
