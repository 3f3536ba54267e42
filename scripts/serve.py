"""
Serve one model with the OpenAI API: what `transformers serve --continuous-batching` answers with, bounded for
a small machine.

Differs from running that command:
- every request has its own sampling and seed (sidecar/sampling.py): there, the first request decides for all
- attention on a CPU reads the cache in place, and a small model answers by a decoder of its own
  (sidecar/slots.py)
- a text comes back as it was written: there, a parser takes the think block apart, closes an open one and
  drops what stands twice
- a prompt that leaves no room for its answer is refused with status 400 instead of answered past the
  model's positions
- float32 on a CPU, whatever the weights are stored in: bf16 arithmetic is slow on most of them
- a request that names no limit gets what fits behind its prompt
- the model answers to its folder's name, too, and /v1/models says so
- with FTMODEL_SERVER_KEY in the environment it answers to that key alone
- /v1/chat/completions, /v1/models and /health alone
- no look at the hub for updates, no line in the log for every request

Run: python scripts/serve.py ckpts/tiny/base --port 8000
"""

from __future__ import annotations

import argparse
import copy
import logging
import os
import secrets
import sys
import traceback
import uuid
from pathlib import Path

# Before transformers is imported: nothing here may look for updates or report usage; a fork may follow an
# import (supervise.py).
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")

import torch
import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from sidecar.sampling import SeededRunner, tag_request
from sidecar.slots import use_decoder, use_slots
from transformers import ContinuousBatchingConfig, GenerationConfig, PreTrainedModel
from transformers.cli.serving import utils as serving_utils
from transformers.cli.serving.chat_completion import ChatCompletionHandler
from transformers.cli.serving.model_manager import ModelManager
from transformers.cli.serving.utils import CBGenerateManager, CBWorkerDeadError, GenerationState
from transformers.generation.continuous_batching import continuous_api
from transformers.utils import logging as transformers_logging

# Whoever asks judges the format, so must see it: no parser for any model. Both ways of answering ask this
# function.
serving_utils.get_response_template = lambda processor, model: None

WHAT_FITS = 2**31 - 1  # tokens asked for by a request that names no limit
# Seconds that one thread may keep the others from Python: the one that answers wants it hundreds of times a
# token, and would wait up to Python's own 0.005 for the one that reads requests.
TURN = 0.0005
BATCH_TOKENS = 512  # new tokens a step, prompts and answers together; a longer step would let all others wait


class Manager(CBGenerateManager):
    """Admits what fits, and leaves the sampling to SeededRunner."""

    def __init__(self, config: ContinuousBatchingConfig, max_length: int) -> None:
        super().__init__(config)
        self._max_length = max_length

    def init_cb(self, model: PreTrainedModel, gen_config: GenerationConfig) -> None:
        if self._cb is not None:
            return
        plain = copy.deepcopy(gen_config)
        plain.update(
            do_sample=False,
            temperature=1.0,
            top_p=1.0,
            top_k=None,
            min_p=None,
            typical_p=None,
            repetition_penalty=1.0,
        )
        super().init_cb(model, plain)

    def _admit(self, inputs: dict, gen_config: GenerationConfig) -> None:
        prompt = len(inputs["input_ids"])
        if gen_config.max_new_tokens == WHAT_FITS:
            gen_config.max_new_tokens = max(1, self._max_length - prompt)
        wanted = gen_config.max_new_tokens
        if prompt + wanted > self._max_length:
            message = (
                f"This model's maximum context length is {self._max_length} tokens. "
                f"The prompt has {prompt} and {wanted} are asked for."
            )
            raise HTTPException(400, {"code": "context_length_exceeded", "message": message})

    def generate_streaming(self, model, processor, inputs, gen_config, request_id, response_parser=None):
        self._admit(inputs, gen_config)
        return super().generate_streaming(model, processor, inputs, gen_config, request_id, response_parser)

    async def generate_non_streaming(self, model, processor, inputs, gen_config, request_id):
        self._admit(inputs, gen_config)
        return await super().generate_non_streaming(model, processor, inputs, gen_config, request_id)


class OneModel(ModelManager):
    """Loaded once. transformers' own starts a timer, a thread, with every request."""

    _loaded = None

    def load_model_and_processor(self, *args, **kwargs):
        self._loaded = self._loaded or super().load_model_and_processor(*args, **kwargs)
        return self._loaded


class State(GenerationState):
    """One model, one manager."""

    def __init__(self, manager: Manager) -> None:
        super().__init__(continuous_batching=True)
        self._cb_manager = manager

    def get_manager(self, model_id: str, use_cb: bool = False):
        return self._cb_manager if use_cb else super().get_manager(model_id)


class ChatHandler(ChatCompletionHandler):
    def __init__(self, model: str, **parts) -> None:
        super().__init__(**parts)
        self._model = model

    async def handle_request(self, body: dict, request_id: str):
        asked = body.get("model")
        if asked is not None and asked not in names_of(self._model) and not is_same(asked, self._model):
            message = f"This server has the model {names_of(self._model)[0]}, not {asked}."
            raise HTTPException(404, {"code": "model_not_found", "message": message})
        body["model"] = self._model
        if body.get("max_tokens") is None and body.get("max_completion_tokens") is None:
            body["max_tokens"] = WHAT_FITS
        try:
            request_id = tag_request(request_id, body)
            body.pop("seed", None)  # would seed the generator of all, for which torch notes the whole stack
            return await super().handle_request(body, request_id)
        except (KeyError, TypeError, ValueError) as error:
            traceback.print_exc()  # it may be transformers' own fault, which nobody would see in a 400
            raise HTTPException(
                400, {"code": "bad_request", "message": f"{type(error).__name__}: {error}"}
            ) from error


def names_of(model: str) -> tuple[str, str]:
    """What requests may call it: its folder's name, or the whole path."""
    return Path(model).name, model


def is_same(asked: object, model: str) -> bool:
    return isinstance(asked, str) and os.path.realpath(asked) == os.path.realpath(model)


def build_app(options: argparse.Namespace):
    """The FastAPI app with its model loaded."""
    device = options.device if options.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    manager = OneModel(
        device=device,
        dtype="float32" if device == "cpu" else "auto",
        quantization=options.quantization,
        force_model=options.model,
    )
    model, _ = manager.load_model_and_processor(manager.process_model_name(options.model))
    max_length = min(options.max_model_length, model.config.max_position_embeddings)
    slots = use_slots(model)
    if slots:
        use_decoder(model, options.concurrency)
    continuous_api.ModelRunner = SeededRunner
    config = ContinuousBatchingConfig(
        block_size=max_length if slots else 32,
        num_blocks=options.concurrency if slots else options.concurrency * -(-max_length // 32),
        max_batch_tokens=max(BATCH_TOKENS, max_length),
        max_requests_per_batch=options.concurrency,
        # the blocks are counted for `concurrency` whole requests: none has to make room for another
        safety_margin=0.0,
        allow_block_sharing=False,
        use_cuda_graph=False,  # a captured graph would replay one draw of the sampler
        use_async_batching=False,
    )
    state = State(Manager(config, max_length))
    chat = ChatHandler(options.model, model_manager=manager, generation_state=state)
    return app_of(chat, state, names_of(options.model), os.environ.get("FTMODEL_SERVER_KEY"))


def app_of(chat: ChatHandler, state: State, names: tuple[str, str], key: str | None) -> FastAPI:
    """
    Of transformers' build_server what our requests need. Not its other ways of asking, whose requests carry
    no sampling and end the batch of everybody; not /load_model and /reset, which are open to any web page;
    and not its middleware, which costs more Python than an answer. `key`: as vLLM with its VLLM_API_KEY:
    where others reach the port, too, /v1 answers to whoever has it.
    """
    app = FastAPI(openapi_url=None)

    async def has_key(request: Request) -> None:
        given = request.headers.get("authorization", "").encode()
        if key and not secrets.compare_digest(given, f"Bearer {key}".encode()):
            raise HTTPException(401, "Unauthorized")

    v1 = APIRouter(prefix="/v1", dependencies=[Depends(has_key)])

    @v1.post("/chat/completions")
    async def chat_completions(request: Request):  # read here: only who has the key may send a body
        try:
            body = await request.json()
        except ValueError as error:
            raise HTTPException(400, f"The body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise HTTPException(400, "The body is JSON, but no object.")
        return await chat.handle_request(body, str(uuid.uuid4()))

    @v1.get("/models")
    async def models():
        return {"object": "list", "data": [{"id": n, "object": "model", "owned_by": "local"} for n in names]}

    @app.get("/health")
    async def health():
        alive = state.is_cb_alive()
        return JSONResponse({"status": "ok" if alive else "unhealthy"}, 200 if alive else 503)

    @app.exception_handler(CBWorkerDeadError)
    async def dead(_: Request, error: CBWorkerDeadError):
        return JSONResponse({"error": str(error)}, 503)

    app.include_router(v1)
    return app


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="folder, or hub id with an optional @revision")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--max-model-length", type=int, default=512, help="tokens of prompt and answer")
    parser.add_argument("--concurrency", type=int, default=64, help="requests answered at once; more wait")
    parser.add_argument("--threads", type=int, default=0, help="of the CPU; 0 takes all")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quantization", choices=["bnb-4bit", "bnb-8bit"])
    return parser.parse_args(argv)


def main(argv: list[str]) -> None:
    options = parse(argv)
    if options.threads > 0:
        torch.set_num_threads(options.threads)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    sys.setswitchinterval(TURN)
    app = build_app(options)
    logging.getLogger("uvicorn.access").addFilter(lambda record: False)
    uvicorn.run(app, host=options.host, port=options.port, log_level="info", timeout_keep_alive=75)


if __name__ == "__main__":
    main(sys.argv[1:])
