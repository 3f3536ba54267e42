"""The server hands out what the model wrote."""

import os
import threading
from types import SimpleNamespace

import pytest
import serve
from conftest import ROOT
from fastapi.testclient import TestClient
from transformers.cli.serving import utils
from transformers.generation.continuous_batching import continuous_api

QWEN = SimpleNamespace(config=SimpleNamespace(model_type="qwen2"))


@pytest.mark.parametrize(
    "text",
    [
        "<think>\n2 × 2\n</think>\n<answer>\n4\n</answer>",
        "<think>\nnever closed\n<answer>\n4\n</answer>",
        "<think>\na\n</think>\n<think>\nb\n</think>\n<answer>\n4\n</answer>",
    ],
)
def test_a_think_block_is_neither_taken_apart_nor_mended(text: str) -> None:
    assert utils.parse_assistant_message(object(), QWEN, [1], [2], cleaned_content=text) == (text, None, None)


def test_a_stream_is_not_parsed_either() -> None:
    assert utils.build_response_parser(object(), QWEN, [2]) is None


@pytest.fixture(scope="module")
def client():
    model = str(ROOT / "ckpts" / "tiny" / "base")
    plain = continuous_api.ModelRunner  # a server is a process of its own, and changes it for all
    app = serve.build_app(serve.parse([model, "--port", "0", "--concurrency", "2", "--device", "cpu"]))
    with TestClient(app) as client:
        yield client
    continuous_api.ModelRunner = plain


def ask(client, **body):
    messages = [{"role": "user", "content": "What is 2 + 2?"}]
    return client.post("/v1/chat/completions", json={"messages": messages, "temperature": 0, **body})


def test_the_model_answers_to_its_folder_s_name_its_path_and_to_none(client) -> None:
    path = str(ROOT / "ckpts" / "tiny" / "base")
    listed = client.get("/v1/models").json()
    assert [model["id"] for model in listed["data"]] == ["base", path]
    replies = [
        ask(client, max_tokens=4, **name)
        for name in ({}, {"model": "base"}, {"model": os.path.relpath(path)})
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 200]
    assert len({reply.json()["choices"][0]["message"]["content"] for reply in replies}) == 1
    wrong = ask(client, model="gpt-4", max_tokens=4)
    assert wrong.status_code == 404
    assert "has the model base, not gpt-4" in wrong.text


def test_a_request_without_a_limit_gets_what_fits(client) -> None:
    reply = ask(client)
    assert reply.status_code == 200, reply.text
    usage = reply.json()["usage"]
    assert 0 < usage["completion_tokens"] <= 512 - usage["prompt_tokens"]
    assert ask(client, max_tokens=600).status_code == 400


def test_a_server_that_others_can_reach_answers_to_its_key_alone():
    state = SimpleNamespace(is_cb_alive=lambda: True)
    app = serve.app_of(None, state, ("base", "/models/base"), "a key")
    with TestClient(app) as client:
        assert client.get("/health").status_code == 200
        assert client.get("/v1/models").status_code == 401
        assert client.get("/v1/models", headers={"Authorization": "Bearer another"}).status_code == 401
        assert client.get("/v1/models", headers={"Authorization": "Bearer a key"}).status_code == 200


def test_who_has_no_key_is_refused_before_the_body_is_read_and_a_body_that_is_none_is_named():
    app = serve.app_of(None, SimpleNamespace(is_cb_alive=lambda: True), ("base", "/models/base"), "a key")
    with TestClient(app) as client:
        for body, status in ((b"{", 401), (b"{", 400), (b"[]", 400)):
            key = {} if status == 401 else {"Authorization": "Bearer a key"}
            reply = client.post("/v1/chat/completions", content=body, headers=key)
            assert reply.status_code == status, reply.text


def test_a_server_whose_worker_has_died_says_so():
    state = SimpleNamespace(is_cb_alive=lambda: False)
    with TestClient(serve.app_of(None, state, ("base", "/models/base"), None)) as client:
        assert client.get("/health").status_code == 503


def test_a_request_starts_no_timer_and_seeds_nothing_that_others_draw_from(client, monkeypatch) -> None:
    for module, name in ((threading, "Timer"), (utils, "set_torch_seed")):
        monkeypatch.setattr(module, name, None)
    reply = ask(client, max_tokens=2, seed=7)
    assert reply.status_code == 200, reply.text
