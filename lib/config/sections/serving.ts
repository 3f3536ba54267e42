/** `serving.…`: model servers, started or given. */
import { z } from "zod";
import { int, meta } from "./values.ts";

export const Serving = z.strictObject({
  engine: z
    .enum(["transformers", "vllm"])
    .meta(meta("", "transformers serve runs on a CPU; vLLM wants a GPU")),
  url: z
    .string()
    .meta(
      meta(
        "URL",
        "use this OpenAI-compatible server for every role instead of starting one; empty to start one",
      ),
    ),
  teacherUrl: z.string().meta(meta("URL", "the same for the Teacher alone")),
  judgeUrl: z.string().meta(meta("URL", "the same for the Judge alone")),
  port: int(0, 65_535).meta(meta("port", "of started servers; 0 picks a free one")),
  concurrency: int(1, 8192).meta(meta("requests", "in flight at once; the server's batch plus a little")),
  requestTimeoutMs: int(1000, 86_400_000).meta(meta("ms", "deadline of one request, all retries included")),
  startTimeoutMs: int(1000, 86_400_000).meta(meta("ms", "until a real completion must have come back")),
  maxModelLength: int(64, 131_072).meta(meta("tokens", "prompt + completion")),
});
