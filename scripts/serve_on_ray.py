"""
Copies of one model server on the machines of a Ray cluster
(https://docs.ray.io/en/latest/ray-core/fault_tolerance/actors.html): each an actor, so that Ray places them,
and starts a lost one again where there is room, three times at most.

    python scripts/serve_on_ray.py ADDRESS FOLDER

Reads FOLDER/serve.json and FOLDER/key.txt, and keeps in FOLDER/replicas.json the URLs that answer at the
moment; whoever asks shares its requests over them. Each copy listens on its machine's address in the cluster,
and answers to the key alone. All machines see FOLDER, this repository, its .venv and the model under the same
paths (a shared file system): that is looked at before anything is loaded. All copies end with this process.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from sidecar.cluster import LOOK_S, connect, free_port, handed_on, look_on_all_nodes, wait_for_places
from sidecar.failure import Cancelled, Failure
from sidecar.on_worker import last_line
from supervise import die_with_parent

RESTARTS = 3  # of each copy
SILENT_S = 10  # until a copy whose machine does not answer is asked no more


class Copy:
    """The server's process on one machine; the actor lives as long as it does."""

    def __init__(self, task: dict[str, Any], number: int) -> None:
        from ray.util import get_node_ip_address

        host = get_node_ip_address()
        port = free_port(host)
        self.url = f"http://{host}:{port}"
        self.answers = False
        self.log = log_of(Path(task["folder"]), number)
        key = (Path(task["folder"]) / "key.txt").read_text()
        with open(self.log, "a") as file:
            self.child = subprocess.Popen(
                [*task["command"], "--host", host, "--port", str(port)],
                env={**os.environ, **task["environment"], "VLLM_API_KEY": key, "FTMODEL_SERVER_KEY": key},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                preexec_fn=die_with_parent,
            )

    def address(self) -> str | None:
        """
        None while it loads. Raises RuntimeError when the server refused to start, which it would do again;
        one that is lost takes the actor with it, and Ray starts both again.
        """
        status = self.child.poll()
        if status is not None and status > 0 and not self.answers:
            raise RuntimeError(f"exit status {status}: {last_line(self.log)}")
        if status is not None:
            os._exit(1)
        try:
            urllib.request.urlopen(f"{self.url}/health", timeout=2).close()
            self.answers = True
        except (OSError, urllib.error.URLError):
            if not self.answers:
                return None  # one that is too busy to say so goes on being asked
        return f"{self.url}/v1"


def main(address: str, folder: Path) -> int:
    stopped: list[int] = []
    task = json.loads((folder / "serve.json").read_text(encoding="utf-8"))
    task |= {"folder": str(folder), "environment": handed_on()}
    count, share = task["copies"], task["gpuShare"]
    resource = "GPU" if share > 0 else "CPU"
    try:
        connect(address)
        signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
        places = math.ceil(count * (share or 1))
        wait_for_places(places, resource, "gpu.replicas", lambda: bool(stopped), say)
        look_on_all_nodes(resource, task["paths"], folder)
        serve(task, count, {"num_gpus": share, "num_cpus": 1}, stopped)
    except Cancelled:
        pass
    except Failure as failure:
        say(f"{failure.cause}: {failure.message}")
        return 1
    return 0


def serve(task: dict[str, Any], count: int, place: dict[str, float], stopped: list[int]) -> None:
    """Until it is stopped. Raises Failure when a copy refuses to start, or the last one is lost for good."""
    import ray
    from ray.exceptions import ActorDiedError, ActorUnavailableError, RayTaskError

    make = ray.remote(Copy).options(max_restarts=RESTARTS, scheduling_strategy="SPREAD", **place)
    copies = {number: make.remote(task, number) for number in range(count)}
    asked: dict[int, tuple[Any, float]] = {}  # what was asked of each, and when
    urls: dict[int, str | None] = {}
    died: set[int] = set()  # those that were so when they were asked last
    while not stopped:
        for number, copy in copies.items():
            asked.setdefault(number, (copy.address.remote(), time.monotonic()))
        ray.wait([ref for ref, _ in asked.values()], num_returns=len(asked), timeout=LOOK_S)
        for number, (ref, since) in list(asked.items()):
            if not ray.wait([ref], timeout=0)[0]:
                if time.monotonic() - since > SILENT_S:
                    tell(urls, number, None, task)
                continue
            del asked[number]
            try:
                tell(urls, number, ray.get(ref), task)
                died.discard(number)
            except ActorUnavailableError:
                tell(urls, number, None, task)  # Ray starts it again
            except ActorDiedError as error:
                tell(urls, number, None, task)
                if number not in died:  # it may have died under this very question, and come back
                    died.add(number)
                    continue
                del copies[number]
                say(f"copy {number} was lost {RESTARTS + 1} times")
                if not copies:
                    raise Failure("lost", f"no copy of the server is left: {first_line(error)}") from error
            except RayTaskError as error:
                raise Failure("no_server", f"copy {number}: {first_line(error.cause)}") from error
        time.sleep(LOOK_S / 2)


def tell(urls: dict[int, str | None], number: int, url: str | None, task: dict[str, Any]) -> None:
    before = urls.get(number)
    if url == before:
        return
    urls[number] = url
    say(f"copy {number}: {f'answers at {url}' if url else f'{before} is gone'}")
    path = Path(task["folder"]) / "replicas.json"
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps([one for one in urls.values() if one]), encoding="utf-8")
    unfinished.rename(path)


def log_of(folder: Path, number: int) -> Path:
    return folder / f"replica-{number}.log"


def first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]).absolute()))
