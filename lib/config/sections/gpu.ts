/** `gpu.…`: what is done with GPUs. */
import { z } from "zod";
import { flag, int, meta, real } from "./values.ts";

/**
 * Read on a GPU only. What is not set is chosen by the GPU's memory (lib/gpu/choose.ts), as are loadIn4bit,
 * batches and checkpointing.
 */
export const Gpu = z.strictObject({
  processes: int(0, 64).meta(
    meta("GPUs", "share each training step's rows; the effective batch stays; 0 takes all"),
  ),
  ray: z
    .string()
    .meta(
      meta(
        "address",
        "of a Ray cluster that trains, serves and merges: auto, or host:port; empty for this machine; " +
          "says gpu.processes and gpu.replicas, too",
      ),
    ),
  vllm: flag().meta(meta("", "GRPO: vLLM answers inside the trainer, on bf16 weights")),
  vllmSleep: flag().meta(
    meta("", "GRPO: vLLM gives its memory back while the policy learns; costs time at every step"),
  ),
  vllmMemoryShare: real(0.02, 0.95).meta(
    meta("share of the GPU", "GRPO: of vLLM inside the trainer: its weights, cache and graphs"),
  ),
  vllmCorrection: flag().meta(
    meta("", "GRPO: weigh answers by how far vLLM's probabilities are from the trainer's"),
  ),
  vllmCorrectionMode: z
    .enum(["sequence_mask", "sequence_truncate", "token_mask", "token_truncate"])
    .meta(
      meta(
        "",
        "GRPO: one weight an answer or one a token; above the bound it is left out (mask) or set " +
          "to it (truncate)",
      ),
    ),
  vllmCorrectionMax: real(1, 1000).meta(meta("", "GRPO: the bound of that weight")),
  packed: flag().meta(
    meta("", "GRPO: score answers end to end, each prompt once; false pads them all to the longest"),
  ),
  replicas: int(0, 64).meta(
    meta("GPUs", "each hold a copy of a served model; requests are spread over them; 0 takes all"),
  ),
  serveIn4bit: flag().meta(meta("", "Teacher and Judge in 4 bit; what is trained and evaluated never is")),
  serverSequences: int(1, 4096).meta(
    meta(
      "requests",
      "that a vLLM server works on at once, on each GPU; the others in flight wait in its queue",
    ),
  ),
  serverProcesses: int(1, 16).meta(
    meta(
      "processes",
      "of a server that share each GPU, where their Python, not the GPU, is the limit; or a CPU",
    ),
  ),
  serverMemoryShare: real(0.02, 0.98).meta(
    meta("share of the GPU", "that a vLLM server takes: weights, cache and graphs"),
  ),
  cudaGraphs: flag().meta(
    meta("", "vLLM servers replay captured graphs: faster small batches for some memory"),
  ),
});
