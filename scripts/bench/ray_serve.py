"""
The same copies of a model server, as a deployment of Ray Serve behind its proxy: the other way, to measure.

    python scripts/bench/ray_serve.py ADDRESS COPIES PORT COMMAND…

Needs the packages of ray[serve], which are not locked. `COMMAND…` starts one server; host and port follow.
Prints "ready" once every copy answers, and ends with its standard input.
"""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import aiohttp
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

sys.path.insert(0, str(Path(__file__).parents[1]))
from sidecar.cluster import connect, free_port
from supervise import die_with_parent


@serve.deployment(max_ongoing_requests=1000, ray_actor_options={"num_cpus": 1})
class Copy:
    """A server on the replica's core, and what it is asked handed on to it."""

    def __init__(self, command: list[str]) -> None:
        port = free_port("127.0.0.1")
        self.url = f"http://127.0.0.1:{port}"
        self.child = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)], preexec_fn=die_with_parent
        )
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.3)
        self.session = None

    async def __call__(self, request: Request) -> Response:
        self.session = self.session or aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        headers = {"content-type": "application/json"}
        body = await request.body()
        where = f"{self.url}/v1{request.url.path}"
        async with self.session.request(request.method, where, data=body, headers=headers) as answer:
            return Response(await answer.read(), answer.status, media_type="application/json")


def main(address: str, copies: int, port: int, command: list[str]) -> None:
    connect(address)
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(Copy.options(num_replicas=copies).bind(command), route_prefix="/v1")
    print("ready", flush=True)
    sys.stdin.read()
    serve.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
