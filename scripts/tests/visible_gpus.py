"""Which GPUs the tests may use."""

import os
import shutil
import subprocess


def visible_gpus() -> dict[str, str]:
    """
    The GPUs a test may use, by what CUDA_VISIBLE_DEVICES calls them → their names. Asks nvidia-smi, since
    whoever asks CUDA cannot be forked any more.
    """
    if shutil.which("nvidia-smi") is None:
        return {}
    asked = subprocess.run(
        ["nvidia-smi", "--query-gpu=index,name", "--format=csv,noheader"], capture_output=True, text=True
    )
    found = dict(line.split(", ", 1) for line in asked.stdout.splitlines()) if asked.returncode == 0 else {}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return (
        found
        if visible is None
        else {number: name for number, name in found.items() if number in visible.split(",")}
    )
