import errno
import json
import os

import pytest
from sidecar.events import EventLog


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_json_cannot_say_is_written_as_null(tmp_path):
    EventLog(tmp_path / "e").step(1, {"loss": float("nan"), "kl": float("inf"), "reward": 0.5})
    assert lines(tmp_path / "e")[0]["metrics"] == {"loss": None, "kl": None, "reward": 0.5}


def test_half_a_surrogate_in_a_text_does_not_stop_the_run(tmp_path):
    EventLog(tmp_path / "e").warning("x", "\ud800 利润")
    assert lines(tmp_path / "e")[0]["message"] == "\ud800 利润"


def test_on_a_full_disk_half_an_event_is_taken_back(tmp_path, monkeypatch):
    log = EventLog(tmp_path / "e")
    log.warning("first", "kept")
    whole, write = (tmp_path / "e").read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:7]))
    with pytest.raises(OSError) as raised:
        log.warning("second", "lost")
    assert raised.value.errno == errno.ENOSPC
    assert (tmp_path / "e").read_bytes() == whole


@pytest.mark.parametrize("torn", [b'{"event": "st', b"x" * 200_000])
def test_a_line_torn_by_a_crash_is_cut_and_said(tmp_path, torn):
    path = tmp_path / "e"
    EventLog(path).warning("first", "kept")
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    EventLog(path).warning("next", "kept")
    assert path.read_bytes().startswith(whole)
    assert [event["code"] for event in lines(path)] == ["first", "torn_event", "next"]


def test_only_the_first_of_several_processes_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    EventLog(tmp_path / "e").end(None, None)
    assert (tmp_path / "e").read_text() == ""


def test_the_end_carries_the_last_step(tmp_path):
    log = EventLog(tmp_path / "e")
    log.step(7, {"loss": 1.0})
    log.end("cancelled", "by hand")
    last = lines(tmp_path / "e")[-1]
    assert (last["status"], last["cause"], last["step"]) == ("failed", "cancelled", 7)
