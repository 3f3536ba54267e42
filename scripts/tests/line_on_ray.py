"""The whole line in a process of its own, and what it left in its workspace."""

import json
import os
import re
import subprocess
import time

from conftest import NODE, ROOT, SCRIPTS


def line(workspace, address="", places=0):
    settings = {"gpu.ray": address, "gpu.processes": places, "gpu.replicas": places} if address else {}
    with open(workspace / "line.txt", "a") as log:
        return subprocess.Popen(
            [NODE, str(SCRIPTS / "tests" / "whole-line.ts"), json.dumps(settings)],
            env={**os.environ, "FTMODEL_WORKSPACE": str(workspace)},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )


def until(met, workspace, seconds=1200):
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, said(workspace)
        time.sleep(0.05)


def said(workspace):
    logs = [workspace / "line.txt", *workspace.glob("reports/servers/**/*.log")]
    return "\n".join(f"{path.name}:\n{path.read_text()[-3000:]}" for path in logs)


def count(workspace, pattern):
    return sum(len(path.read_bytes().splitlines()) for path in workspace.glob(pattern))


def rows(workspace, pattern):
    return [
        json.loads(row) for path in sorted(workspace.glob(pattern)) for row in path.read_text().splitlines()
    ]


def texts(answers):
    return sorted((row["id"], row["completion"]) for row in answers)


def files(workspace):
    """Without times, process ids and hashes in their names, and what only tells how it went."""
    paths = [path.relative_to(workspace).as_posix() for path in workspace.rglob("*") if path.is_file()]
    names = {re.sub(r"[0-9a-f]{12,}|\d{6,}[-_]?\d*", "*", path) for path in paths}
    return {name for name in names if not name.startswith(("reports/servers", "reports/runs"))}
