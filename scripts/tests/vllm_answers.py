"""
The same prompts answered twice by one vLLM in this process: each answer scheduled as a whole, and by vLLM's
own scheduler. Prints tokens and log-probabilities of both. For test_gpu.py.

    python scripts/tests/vllm_answers.py MODEL
"""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sidecar.colocate import own_master_port

own_master_port()
os.environ.update(RANK="0", LOCAL_RANK="0", WORLD_SIZE="1")

import numpy as np
from sidecar import whole_answers as whole
from trl.generation import vllm_generation
from vllm import SamplingParams
from vllm.v1.engine.logprobs import LogprobsProcessor
from vllm.v1.worker.gpu.sample import sampler

TRL_S = vllm_generation.extract_logprobs
PROMPTS = [[3 + i, 7, 11 + i, *range(20, 20 + 9 * i)] for i in range(8) for _ in range(8)]

whole.use_whole_answers()
llm = vllm_generation.LLM(
    model=sys.argv[1],
    distributed_executor_backend="external_launcher",
    gpu_memory_utilization=0.2,
    max_model_len=256,
    logprobs_mode="processed_logprobs",
)
scheduler = llm.llm_engine.engine_core.engine_core.scheduler
assert scheduler.plain


def answers(short: bool) -> tuple[list, list]:
    scheduler.plain = short
    LogprobsProcessor._update_sample_logprobs = whole.take_whole if short else whole.each_token
    sampler.compute_topk_logprobs = whole.of_the_sampled if short else whole.any_tokens
    llm.reset_prefix_cache()
    np.random.seed(1)
    sampling = SamplingParams(
        temperature=0.7, max_tokens=64, logprobs=0, detokenize=False, flat_logprobs=True
    )
    found = llm.generate([{"prompt_token_ids": p} for p in PROMPTS], sampling, use_tqdm=False)
    scores, _ = (whole.lists_of if short else TRL_S)(found)
    return [list(one.outputs[0].token_ids) for one in found], [[s for (s,) in one] for one in scores]


print(json.dumps([answers(short) for short in (True, False)]))
