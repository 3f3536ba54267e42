"""One copy of a model server as its actor keeps it; Ray itself is played."""

import json
import sys
import time
from types import SimpleNamespace

import pytest
import serve_on_ray

SERVER = """
import argparse, http.server, os
options = argparse.ArgumentParser()
options.add_argument("--host")
options.add_argument("--port", type=int)
options = options.parse_args()

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

print("the key has", len(os.environ["FTMODEL_SERVER_KEY"]), "letters", flush=True)
http.server.HTTPServer((options.host, options.port), Answer).serve_forever()
"""


@pytest.fixture
def copy_of(tmp_path, monkeypatch):
    """copy_of(program) → an actor's object whose server is that Python program."""
    copies = []
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "ray.util", SimpleNamespace(get_node_ip_address=lambda: "127.0.0.1"))
    (tmp_path / "key.txt").write_text("seven77")

    def make(program):
        task = {"folder": str(tmp_path), "command": [sys.executable, "-c", program], "environment": {}}
        copies.append(serve_on_ray.Copy(task, 0))
        return copies[-1]

    yield make
    for copy in copies:
        copy.child.kill()
        copy.child.wait()


def until(met):
    deadline = time.monotonic() + 300
    while not (found := met()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_a_copy_has_an_address_once_its_server_answers_and_goes_with_it(copy_of, tmp_path, monkeypatch):
    def leave(status):
        raise SystemExit(status)

    monkeypatch.setattr(serve_on_ray.os, "_exit", leave)
    copy = copy_of(SERVER)
    assert until(copy.address) == f"{copy.url}/v1"
    assert "the key has 7 letters" in (tmp_path / "replica-0.log").read_text()
    copy.child.kill()
    copy.child.wait()
    with pytest.raises(SystemExit):  # Ray then starts the actor again, and with it the server
        copy.address()


def test_a_server_that_refuses_to_start_is_told_by_its_last_words(copy_of):
    copy = copy_of("raise SystemExit('no such model')")
    copy.child.wait()
    with pytest.raises(RuntimeError, match="exit status 1: no such model"):
        copy.address()


def test_those_that_answer_are_listed(tmp_path, capsys):
    urls, task = {}, {"folder": str(tmp_path)}
    listed = lambda: json.loads((tmp_path / "replicas.json").read_text())  # noqa: E731
    serve_on_ray.tell(urls, 0, None, task)
    assert not (tmp_path / "replicas.json").exists()
    serve_on_ray.tell(urls, 0, "http://a/v1", task)
    serve_on_ray.tell(urls, 1, "http://b/v1", task)
    assert listed() == ["http://a/v1", "http://b/v1"]
    serve_on_ray.tell(urls, 0, None, task)
    assert listed() == ["http://b/v1"]
    assert capsys.readouterr().out.splitlines()[-1] == "copy 0: http://a/v1 is gone"
