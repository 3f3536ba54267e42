"""
Keeps servers that must not outlive the program that asked for them.

Reads one JSON object a line on stdin and ends with everything it started when stdin closes: that happens even
when the program on the other side is killed. Answers on stdout, one JSON object a line.

  {"id": "a", "start": {"serve": [args of serve.py], "log": path, "env": {…}}}
      a fork of this process, which has imported torch by then: the second server is up in a second or two
      (where an import has taken hold of a GPU, the fork starts Python anew)
  {"id": "a", "start": {"command": [program, …], "log": path, "env": {…}}}
      any other program, no shell
  {"id": "a", "stop": seconds}
      SIGTERM to its process group, SIGKILL after so long
answers: {"id": "a", "pid": 123} · {"id": "a", "exit": code, or −signal} · {"id": "a", "error": sentence}

With nothing to keep and nothing asked for `--idle` seconds it ends by itself.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback

POLL_SECONDS = 0.1


def die_with_parent() -> None:
    """
    Linux only, for the case that this process is killed and cannot end its children. stdin's end covers the
    others.
    """
    if sys.platform == "linux":
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    def __init__(self, pid: int, popen: subprocess.Popen | None) -> None:
        self.pid = pid
        self.kill_at: float | None = None
        self._popen = popen

    def exit_status(self) -> int | None:
        """The exit code, or minus the signal; None while it runs."""
        if self._popen is not None:
            return self._popen.poll()
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None

    def signal_group(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass


def open_log(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def start_command(command: list[str], log: str, env: dict[str, str]) -> Child:
    fd = open_log(log)
    try:
        popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=fd,
            stderr=fd,
            env={**os.environ, **env},
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    finally:
        os.close(fd)
    return Child(popen.pid, popen)


def start_serve(args: list[str], log: str, env: dict[str, str]) -> Child:
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "serve.py")
    if sys.platform != "linux":  # a fork without exec is not safe with the system libraries of macOS
        return start_command([sys.executable, script, *args], log, env)
    import serve  # torch, transformers, the server: seconds once, then shared by every fork

    pid = os.fork()
    if pid:
        try:
            os.setpgid(pid, pid)
        except (PermissionError, ProcessLookupError):
            pass  # the child was faster, or is gone
        return Child(pid, None)
    code = 1
    try:
        os.setpgid(0, 0)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        die_with_parent()
        null, fd = os.open(os.devnull, os.O_RDONLY), open_log(log)
        os.dup2(null, 0)
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        os.environ.update(env)
        if serve.torch.cuda._is_in_bad_fork():  # some library took hold of the GPU when it was imported
            os.execv(sys.executable, [sys.executable, script, *args])
        serve.main(args)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


class Supervisor:
    def __init__(self, idle_seconds: float) -> None:
        self.children: dict[str, Child] = {}
        self.idle_seconds = idle_seconds
        self.last_use = time.monotonic()

    def say(self, **message) -> None:
        print(json.dumps(message), flush=True)

    def handle(self, line: bytes) -> None:
        message = json.loads(line)
        name = message["id"]
        self.last_use = time.monotonic()
        if "start" in message:
            start = message["start"]
            try:
                child = (
                    start_serve(start["serve"], start["log"], start["env"])
                    if "serve" in start
                    else start_command(start["command"], start["log"], start["env"])
                )
            except Exception as error:
                self.say(id=name, error=f"{type(error).__name__}: {error}")
                return
            self.children[name] = child
            self.say(id=name, pid=child.pid)
        elif name in self.children:
            child = self.children[name]
            child.kill_at = time.monotonic() + message["stop"]
            child.signal_group(signal.SIGTERM)

    def reap(self) -> None:
        for name, child in list(self.children.items()):
            status = child.exit_status()
            if status is not None:
                child.signal_group(signal.SIGKILL)  # what it left behind in its group
                del self.children[name]
                self.last_use = time.monotonic()
                self.say(id=name, exit=status)
            elif child.kill_at is not None and time.monotonic() > child.kill_at:
                child.signal_group(signal.SIGKILL)

    def run(self) -> None:
        pending = b""
        while True:
            self.reap()
            if not self.children and time.monotonic() - self.last_use > self.idle_seconds:
                return
            if not select.select([0], [], [], POLL_SECONDS)[0]:
                continue
            chunk = os.read(0, 65536)
            if not chunk:
                return  # whoever asked is gone
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                self.handle(line)

    def end(self) -> None:
        for child in self.children.values():
            child.signal_group(signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--idle", type=float, default=120.0, help="seconds")
    supervisor = Supervisor(parser.parse_args().idle)
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        supervisor.run()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nobody listens any more
    finally:
        supervisor.end()
        os._exit(0)  # with torch imported an orderly end takes a second, for nothing


if __name__ == "__main__":
    main()
