"""A reader's round in a real kernel: complete a key, change a value, run, stop, run again, end, compare."""

import contextlib
import json
import os
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[2]
PLOTLY = "application/vnd.plotly.v1+json"
IMPORTS = 'import { compareRuns, liveFigure, openLab, sftLoss, trainSft } from "ftmodel";'
TRAIN = """
const live = liveFigure({ intervalMs: 200 });
const run = await trainSft(lab, { onProgress: (run) => live.update(sftLoss({ ...run, name: "sft" })) });
await live.finish(sftLoss({ ...run, name: "sft" }));
"""


class Kernel:
    def __init__(self, workspace: Path):
        os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
        self.manager = KernelManager(kernel_name="tslab")
        folder = ROOT / ".check" / "kernel"  # inside the repository, where "ftmodel" is found
        folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "FTMODEL_WORKSPACE": str(workspace)}
        self.manager.start_kernel(cwd=str(folder), env=environment)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=300)

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def complete(self, code: str) -> list[str]:
        return self.client.complete(code, len(code), reply=True, timeout=300)["content"]["matches"]

    def run(self, code: str, interrupt_when=None) -> "Output":
        """Runs a cell; interrupted once, as soon as a figure of its is what `interrupt_when` asks for."""
        output = Output()
        waiting = interrupt_when

        def hear(message: dict) -> None:
            nonlocal waiting
            output.add(message)
            if waiting and output.figures and waiting(output.figures[-1]):
                waiting = None
                self.manager.interrupt_kernel()

        reply = self.client.execute_interactive(code, timeout=400, output_hook=hear)
        output.status = reply["content"]["status"]
        return output

    def replies(self, *requests: str) -> list[str]:
        """The statuses of their replies, in the order of the requests."""
        found: dict[str, str] = {}
        while not found.keys() >= set(requests):
            message = self.client.get_shell_msg(timeout=300)
            found[message["parent_header"]["msg_id"]] = message["content"]["status"]
        return [found[request] for request in requests]


class Output:
    def __init__(self) -> None:
        self.figures: list[dict] = []
        self.text, self.errors, self.status = "", "", ""

    def add(self, message: dict) -> None:
        content = message["content"]
        if message["msg_type"] in ("display_data", "update_display_data"):
            if PLOTLY in content["data"]:
                self.figures.append(content["data"][PLOTLY])
            else:
                self.text += content["data"].get("text/plain", "")
        elif message["msg_type"] == "stream":
            if content["name"] == "stderr":
                self.errors += content["text"]
            else:
                self.text += content["text"]


def texts(figure: dict) -> str:
    notes = [note["text"] for note in figure["layout"].get("annotations", [])]
    return " ".join([figure["layout"]["title"]["text"], *notes])


def write_rows(workspace: Path) -> None:
    folder = workspace / "data" / "processed"
    folder.mkdir(parents=True)
    rows = [
        {
            "id": f"q{n}",
            "prompt": f"Delmar earned ${n} million and paid $1 million. What is left?",
            "type": "financial_calculation",
            "response": f"<think>\n{n}-1={n - 1}\n</think>\n<answer>\n${n - 1} million\n</answer>",
            "gold_answer": f"${n - 1} million",
        }
        for n in range(2, 26)
    ]
    for name in ("sft", "test"):
        lines = [json.dumps(row) + "\n" for row in rows]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


@pytest.fixture
def kernel(tmp_path):
    write_rows(tmp_path)
    kernel = Kernel(tmp_path)
    yield kernel
    kernel.stop()
    for file in tmp_path.glob("reports/runs/*/pid.json"):  # a run outlives its kernel
        with contextlib.suppress(ProcessLookupError):
            os.killpg(json.loads(file.read_text())["pid"], signal.SIGKILL)


def test_change_a_value_run_stop_run_again_end_compare(kernel, tmp_path):
    early = kernel.run("openLab();")
    assert early.errors.splitlines() == [
        "1:1 - Cannot find name 'openLab'.",
        "  to do:    Names come from the cells above: run those first (menu Run, Run All Above Selected "
        "Cell).",
    ]
    assert kernel.run(IMPORTS).status == "ok"

    # Tab completes a key, inside its quotes; a slip is told before anything runs
    assert kernel.complete('const lab = openLab({ "sft.learn') == ["sft.learningRate"]
    assert 'const lab = openLab({ "sft.' not in kernel.complete('const lab = openLab({ "sft.')
    assert all(key.startswith("grpo.") for key in kernel.complete('openLab({ "grpo.'))
    slip = kernel.run('const lab = openLab({ "sft.learningrate": 1e-3 });')
    assert "'\"sft.learningrate\"' does not exist" in slip.errors

    # a value changed; stopped after the first steps
    assert kernel.run('const lab = openLab({ "sft.epochs": 100 });').status == "ok"
    first = kernel.run(TRAIN, interrupt_when=lambda figure: "of 300 steps" in texts(figure))
    assert first.text.startswith("Loss of SFT")  # in words, before there is anything to draw
    assert "Starting Python and torch" in first.text and "Run the cell again" in first.text
    assert "standing still? Run the cell again" in texts(first.figures[-1])
    assert first.figures[-1]["layout"]["xaxis"]["range"] == [0, 303]
    assert "goes on in the background" in first.errors
    line = next(line for line in first.errors.splitlines() if "cancelRun" in line).strip()
    # the Python of this first training began to load when the lab was opened
    (trainer,) = (json.loads(file.read_text())["pid"] for file in tmp_path.glob("reports/runs/*/pid.json"))
    assert any(part.endswith("warm.py") for part in psutil.Process(trainer).cmdline())

    # run again it goes on where the run is by now, and the line that was printed ends it as it stands
    again = kernel.run(TRAIN, interrupt_when=lambda figure: "of 300 steps" in texts(figure))
    assert "goes on in the background" in again.errors
    assert "Starting Python" not in again.text
    ended = kernel.run(line)
    assert (ended.status, ended.errors) == ("ok", ""), ended.errors

    # another value, to its end; both beside each other
    assert kernel.run('const lab = openLab({ "sft.epochs": 1 });').status == "ok"
    done = kernel.run(TRAIN)
    assert done.status == "ok", done.errors
    assert "standing still" not in texts(done.figures[-1])
    compared = kernel.run('const { rows } = await compareRuns(lab, "sft");')
    assert compared.status == "ok", compared.errors
    table = {row.split()[0]: row for row in compared.text.splitlines() if "sft-" in row}
    assert set(table) == {"100", "1"}
    assert "cancelled" in table["100"] and "done" in table["1"] and "3 of 3" in table["1"]
    assert "SFT runs over each other" in texts(compared.figures[-1])


def test_what_a_client_has_asked_before_the_kernel_was_there_is_answered(tmp_path):
    manager = KernelManager(kernel_name="tslab", cache_ports=False)
    manager.write_connection_file()
    client = manager.client()
    client.start_channels()
    try:
        asked = [client.kernel_info() for _ in range(10)]
        manager.start_kernel(cwd=str(tmp_path))
        heard = {client.get_shell_msg(timeout=180)["parent_header"]["msg_id"] for _ in asked}
        assert heard == set(asked)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_failed_cell_cancels_what_waits_behind_it_and_not_what_comes_after(kernel):
    assert kernel.run("const ready = true;").status == "ok"
    failing = 'await new Promise((done) => setTimeout(done, 500)); throw new Error("planted");'
    blocking = 'const end = Date.now() + 500; while (Date.now() < end); throw new Error("planted");'
    for code in (failing, blocking):
        failed, waiting = kernel.client.execute(code), kernel.client.execute("console.log(1);")
        assert kernel.replies(failed, waiting) == ["error", "abort"]
        assert kernel.replies(kernel.client.execute("console.log(2);")) == ["ok"]


def test_a_package_that_a_cell_missed_is_found_once_it_is_installed(kernel):
    package = ROOT / ".check" / "kernel" / "node_modules" / "late"
    shutil.rmtree(package.parent, ignore_errors=True)
    try:
        missed = kernel.run('import { late } from "late";')
        assert "Cannot find module 'late'" in missed.errors
        package.mkdir(parents=True)
        (package / "index.js").write_text("exports.late = 41;\n")
        (package / "index.d.ts").write_text("export declare const late: number;\n")
        (package / "package.json").write_text('{"name": "late", "main": "index.js", "types": "index.d.ts"}')
        assert kernel.run("const one = 1;").status == "ok"
        found = missed
        for _ in range(40):  # the compiler hears of changed folders from the operating system
            found = kernel.run('import { late } from "late"; console.log(late + one);')
            if found.status == "ok":
                break
            time.sleep(0.5)
        assert (found.text.strip(), found.errors) == ("42", "")
    finally:
        shutil.rmtree(package.parent, ignore_errors=True)
