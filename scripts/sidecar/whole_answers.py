"""
A scheduler of vLLM for answers that are wanted whole, as GRPO wants them.

vLLM's own looks at everything that a sequence may need (images, drafts, grammars, a prefix to share) before
each token, and reports each token: Python then takes longer over a step than the GPU. While all sequences are
past their prompts, none of that can change: here such a step adds a token to each of them, and a block of
cache where one is full. An answer is reported once, when it is whole. All other steps are vLLM's.

The answers are the same, token by token (test_gpu.py). On an H200 a step of GRPO with a 0.5B on real
questions, 16 × 8 answers of 240 tokens, takes 1.7 s instead of 2.6. It knows the inside of one version of
vLLM, which changes without notice: with any other, nothing here is used.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor
from trl.generation import vllm_generation
from vllm.v1.core.sched.async_scheduler import AsyncScheduler
from vllm.v1.core.sched.interface import PauseState
from vllm.v1.core.sched.output import CachedRequestData, SchedulerOutput
from vllm.v1.core.sched.utils import check_stop, remove_all
from vllm.v1.engine import EngineCoreOutput, EngineCoreOutputs
from vllm.v1.engine.logprobs import LogprobsProcessor
from vllm.v1.outputs import LogprobsTensors
from vllm.v1.request import Request, RequestStatus
from vllm.v1.worker.gpu.sample import sampler

from .speed import setting_line

each_token, any_tokens = LogprobsProcessor._update_sample_logprobs, sampler.compute_topk_logprobs


class WholeAnswers(AsyncScheduler):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # What the short way does not know: vLLM's way is taken with it.
        self.plain = (
            self.use_v2_model_runner
            and len(self.kv_cache_config.kv_cache_groups) == 1
            and not (self.num_spec_tokens or self.lora_config or self.needs_kv_cache_zeroing)
            and self.connector is None
            and self.ec_connector is None
        )
        print(setting_line("answers scheduled as a whole", self.plain, "sidecar/whole_answers.py"))

    def schedule(self, throttle_prefills: bool = False) -> SchedulerOutput:
        going = self.all_past_their_prompts()
        full = [request for request in going if request.num_computed_tokens % self.block_size == 0]
        if not going or len(full) > self.kv_cache_manager.block_pool.get_num_free_blocks():
            for request in self.requests.values():
                request.update_block_hashes()  # of what the short way has added
            return super().schedule(throttle_prefills)
        self.current_step += 1
        blocks = {request.request_id: self.one_more_block(request) for request in full}
        names = [request.request_id for request in going]
        step = SchedulerOutput(
            scheduled_new_reqs=[],
            scheduled_cached_reqs=CachedRequestData(
                req_ids=names,
                resumed_req_ids=set(),
                new_token_ids=[],
                all_token_ids={},
                new_block_ids=[blocks.get(name) for name in names],
                num_computed_tokens=[request.num_computed_tokens for request in going],
                num_output_tokens=[r.num_computed_tokens - r.num_prompt_tokens + 1 for r in going],
            ),
            num_scheduled_tokens=dict.fromkeys(names, 1),
            total_num_scheduled_tokens=len(going),
            scheduled_spec_decode_tokens={},
            scheduled_encoder_inputs={},
            num_common_prefix_blocks=[0],
            finished_req_ids=self.finished_req_ids,
            free_encoder_mm_hashes=[],
        )
        self.finished_req_ids = set()
        for request in going:
            request.num_computed_tokens += 1
            request.num_output_placeholders += 1
        return step

    def all_past_their_prompts(self) -> list[Request]:
        """The sequences that get a token in this step; none where it is not the short way's."""
        if (
            not self.plain
            or self.waiting
            or self.skipped_waiting
            or self._inflight_prefills
            or self.reset_preempted_req_ids
            or self._pause_state != PauseState.UNPAUSED
            or len(self.running) > self.max_num_scheduled_tokens
        ):
            return []
        longest = self.max_model_len
        return [
            request
            for request in self.running
            if request.num_computed_tokens < min(request.num_prompt_tokens + request.max_tokens, longest) - 1
        ]

    def one_more_block(self, request: Request) -> tuple[list[int], ...]:
        tokens = request.num_computed_tokens + 1
        new = self.kv_cache_manager.coordinator.allocate_new_blocks(request.request_id, tokens, tokens)
        return tuple([block.block_id for block in group] for group in new)

    def update_from_output(self, scheduler_output: SchedulerOutput, model_runner_output: Any) -> Any:
        if not self.plain:
            return super().update_from_output(scheduler_output, model_runner_output)
        found = model_runner_output.logprobs
        names, tokens = model_runner_output.req_ids, model_runner_output.sampled_token_ids
        scores = [None] * len(names) if found is None else found.logprobs[:, 0].tolist()
        whole: list[EngineCoreOutput] = []
        stopped: set[Request] = set()
        for name, token, score in zip(names, tokens, scores, strict=True):
            request = self.requests.get(name)
            if not token or request is None or request.is_finished():
                continue  # in the middle of its prompt; or it has ended, a step ago
            request._output_token_ids.append(token[0])
            request._all_token_ids.append(token[0])
            request.num_output_placeholders -= 1
            request.prefill_stats = None  # vLLM's way of knowing a prompt that it reads again
            vars(request).setdefault("scores", []).append(score)
            running = request.status == RequestStatus.RUNNING
            if check_stop(request, self.max_model_len):
                whole.append(self.report(request, found is not None))
                if running:
                    stopped.add(request)
                else:
                    self.waiting.remove_requests({request})
        self.running = remove_all(self.running, stopped)
        return {0: EngineCoreOutputs(outputs=whole)} if whole else {}

    def report(self, request: Request, scored: bool) -> EngineCoreOutput:
        reason = request.get_finished_reason()
        self._free_request(request)
        return EngineCoreOutput(
            request_id=request.request_id,
            new_token_ids=list(request._output_token_ids),
            new_logprobs=vars(request)["scores"] if scored else None,
            finish_reason=reason,
            stop_reason=request.stop_reason,
        )


def use_whole_answers() -> None:
    """For the vLLM that TRL makes here: vLLM and TRL take an answer's log-probabilities at once."""
    LogprobsProcessor._update_sample_logprobs = take_whole
    sampler.compute_topk_logprobs = of_the_sampled
    vllm_generation.extract_logprobs = lists_of
    vllm_generation.LLM = partial(vllm_generation.LLM, scheduler_cls=f"{__name__}.{WholeAnswers.__name__}")


def take_whole(processor: LogprobsProcessor, found: Any) -> None:
    if isinstance(found, list):
        processor.logprobs = found
    else:
        each_token(processor, found)


def lists_of(outputs: list[Any]) -> tuple[list, list]:
    """What TRL's extract_logprobs gives for one log-probability a token, without an object for each."""
    answers = [answer for output in outputs for answer in output.outputs]
    scores = [getattr(answer.logprobs, "logprobs", answer.logprobs) for answer in answers]
    return (
        [[[score if score == score else None] for score in answer] for answer in scores],
        [[[token] for token in answer.token_ids] for answer in answers],
    )


def of_the_sampled(logits: Tensor, count: int, sampled: Tensor, *args: Any, **kwargs: Any) -> LogprobsTensors:
    """Only what is asked for: vLLM also ranks the token, and reads a row of logits with one block."""
    if count or kwargs.get("max_per_req_token_ids"):
        return any_tokens(logits, count, sampled, *args, **kwargs)
    scores = -F.cross_entropy(logits, sampled, reduction="none")
    return LogprobsTensors(sampled[:, None], scores[:, None], sampled)
