"""The headless runner on the real kernel: what fails a notebook, and what is left of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
from jupyter_client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

SCRIPT = Path(__file__).parents[1] / "execute_notebook.py"


def write_notebook(folder: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    path = folder / "09_small.ipynb"
    nbformat.write(notebook, path)
    return path


def command(notebook: Path, *options: str) -> list[str]:
    return [sys.executable, str(SCRIPT), str(notebook), "--output", str(copy_of(notebook)), *options]


def copy_of(notebook: Path) -> Path:
    return notebook.parent / "copies" / notebook.name


def execute(notebook: Path) -> tuple[int, str, nbformat.NotebookNode]:
    done = subprocess.run(command(notebook), capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr, nbformat.read(copy_of(notebook), as_version=4)


def test_a_sound_notebook_runs_and_its_copy_holds_the_outputs(tmp_path):
    source = write_notebook(
        tmp_path, "const answer: number | null = 6 * 7;", "if (answer !== null) console.log(answer + 1);"
    )
    before = source.read_bytes()
    status, told, copy = execute(source)
    assert status == 0, told
    assert [output.text for output in copy.cells[1].outputs] == ["43\n"]
    assert len(copy.cells) == 2
    assert "[ 2] if (answer !== null)" in told
    assert source.read_bytes() == before


def test_a_failing_cell_fails_the_notebook_and_tells_source_and_error(tmp_path):
    status, told, copy = execute(
        write_notebook(tmp_path, "const a = 1;", 'throw new Error("boom " + a);', "console.log(a);")
    )
    assert status == 1
    assert (
        "09_small.ipynb: cell 2 failed" in told
        and 'throw new Error("boom " + a);' in told
        and "Error: boom 1" in told
    )
    assert copy.cells[2].outputs == []


def test_where_the_copy_cannot_be_written_the_cell_that_failed_is_told_all_the_same(tmp_path):
    notebook = write_notebook(tmp_path, 'throw new Error("boom");')
    copy_of(notebook).parent.write_text("a file where the folder should be")
    done = subprocess.run(command(notebook), capture_output=True, text=True, timeout=300)
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert "Error: boom" in told and "could not be written" in told and "Traceback" not in told


def test_a_shorthand_property_finds_the_variable_of_an_earlier_cell(tmp_path):
    earlier = 'import { basename } from "node:path";\nlet rate = 1; const { unit } = { unit: "%" };'
    uses = (
        "const given = { rate, nested: [{ unit }], basename };\n({ rate } = { rate: 2 });\n"
        "const f = (rate: number) => ({ rate });\n"
        "console.log(given.rate, rate, given.nested[0].unit, given.basename('a/b'), f(3).rate);"
    )
    status, told, copy = execute(write_notebook(tmp_path, earlier, uses))
    assert status == 0, told
    assert copy.cells[1].outputs[0].text == "1 2 % b 3\n"


def test_what_an_earlier_cell_declares_can_be_taken_apart_under_other_names(tmp_path):
    uses = (
        "const { rate: r, deep: { unit: u = '' } } = plan;\nlet s = 0;\n({ rate: s } = plan);\n"
        "const renamed = plan.steps.map(({ at: t }) => t);\nconsole.log(r, u, s, renamed);"
    )
    status, told, copy = execute(
        write_notebook(tmp_path, "const plan = { rate: 1, deep: { unit: '%' }, steps: [{ at: 7 }] };", uses)
    )
    assert status == 0, told
    assert copy.cells[1].outputs[0].text == "1 % 1 [ 7 ]\n"


def test_text_on_stderr_fails_the_notebook(tmp_path):
    status, told, _ = execute(write_notebook(tmp_path, 'console.warn("careful");', "console.log(1);"))
    assert status == 1
    assert "cell 1 wrote to stderr" in told and "careful" in told


def test_errors_that_nobody_awaits_fail_the_notebook_even_after_the_last_cell(tmp_path):
    late = 'setTimeout(() => { throw new Error("from a timer"); }, 30);'
    status, told, _ = execute(write_notebook(tmp_path, 'Promise.reject(new Error("unawaited"));\n1;', late))
    assert status == 1
    assert "unawaited" in told and "from a timer" in told


def test_an_error_is_its_message_without_a_stack(tmp_path):
    failing = 'throw new Error("not read", { cause: new TypeError("no such field") });'
    _, _, copy = execute(write_notebook(tmp_path, failing))
    assert [output.text for output in copy.cells[0].outputs] == [
        "Error: not read\n  because: TypeError: no such field\n"
    ]
    late = 'Promise.reject(new RangeError("too far"));\nawait new Promise((done) => setTimeout(done, 50));'
    _, _, copy = execute(write_notebook(tmp_path, late))
    assert [output.text for output in copy.cells[0].outputs] == [
        "An error nobody awaited: RangeError: too far\n"
    ]


def test_an_interrupted_cell_says_so_once(tmp_path):
    begin = "await new Promise((done) => setTimeout(done, 100));"
    wait = 'console.log("waiting");\nawait new Promise((done) => setTimeout(done, 60_000));'
    says = 'process.once("SIGINT", () => console.error("Stopped watching; it goes on."));'
    with kernel(tmp_path) as client:
        assert interrupted(client, f"{begin}\n{wait}") == "Interrupted.\n"
        time.sleep(1)
        assert interrupted(client, f"{says}\n{begin}\n{wait}") == "Stopped watching; it goes on.\n"
        time.sleep(1)  # for 0.2 s after a cell that failed, tslab drops what it is sent
        assert interrupted(client, f"{begin}\n{says}\n{wait}") == "Stopped watching; it goes on.\n"


def test_a_process_that_outlives_the_kernel_is_stopped_and_fails_the_notebook(tmp_path):
    spawn = (
        'import { spawn } from "node:child_process";\n'
        'spawn("sleep", ["310"], { detached: true, stdio: "ignore" }).unref();'
    )
    status, told, _ = execute(write_notebook(tmp_path, spawn))
    assert status == 1
    assert "outlived the notebook: sleep 310" in told
    assert not commands_running("sleep 310")


def test_an_interrupt_stops_the_kernel_and_its_children_and_keeps_the_copy(tmp_path):
    spawn = (
        'import { spawn } from "node:child_process";\n'
        'spawn("sleep", ["320"], { detached: true, stdio: "ignore" }).unref();\nconsole.log("spawned");'
    )
    notebook = write_notebook(tmp_path, spawn, "await new Promise((done) => setTimeout(done, 60_000));")
    runner = subprocess.Popen(command(notebook), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for(lambda: commands_running("sleep 320"))
    time.sleep(1)
    os.kill(runner.pid, signal.SIGINT)
    os.kill(runner.pid, signal.SIGINT)  # a terminal and npm both send it
    told, _ = runner.communicate(timeout=300)
    assert runner.returncode == 130, told
    assert not commands_running("sleep 320")
    assert nbformat.read(copy_of(notebook), as_version=4).cells[0].outputs[0].text == "spawned\n"


def test_a_kernel_whose_jupyter_is_gone_ends_by_itself(tmp_path):
    spin = 'console.log("pid", process.pid);\nawait new Promise((done) => setTimeout(done, 60_000));'
    runner = subprocess.Popen(
        command(write_notebook(tmp_path, "1 + 1;", spin)), stdout=subprocess.PIPE, text=True
    )
    assert runner.stdout and "1 + 1" in runner.stdout.readline()
    [kernel] = [
        p for p in psutil.Process(runner.pid).children(recursive=True) if "kernel.ts" in " ".join(p.cmdline())
    ]
    runner.kill()
    runner.wait()
    wait_for(lambda: not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE, seconds=15)


def test_a_cell_that_takes_too_long_fails_the_notebook(tmp_path):
    notebook = write_notebook(tmp_path, "await new Promise((done) => setTimeout(done, 60_000));")
    done = subprocess.run(command(notebook, "--timeout", "2"), capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "cell 1 took longer than 2 s" in done.stdout


def commands_running(text: str) -> list[psutil.Process]:
    return [
        p
        for p in psutil.process_iter(["cmdline", "status"])
        if " ".join(p.info["cmdline"] or []) == text and p.info["status"] != psutil.STATUS_ZOMBIE
    ]


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline, "waited in vain"
        time.sleep(0.1)


@contextmanager
def kernel(folder: Path) -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel(startup_timeout=60, kernel_name="tslab", cwd=str(folder))
    client.interrupt = manager.interrupt_kernel
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def interrupted(client: BlockingKernelClient, source: str) -> str:
    """All that a cell prints after "waiting", when it is interrupted there."""
    message = client.execute(source)
    told = ""
    while True:
        news = client.get_iopub_msg(timeout=300)
        if news["parent_header"].get("msg_id") != message:
            continue
        if news["msg_type"] == "stream":
            if "waiting" in news["content"]["text"]:
                client.interrupt()
            else:
                told += news["content"]["text"]
        if news["msg_type"] == "status" and news["content"]["execution_state"] == "idle":
            return told
