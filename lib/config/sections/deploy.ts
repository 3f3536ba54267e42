/** `deploy.…`: stage 7. */
import { z } from "zod";
import { int, meta, real } from "./values.ts";

export const Deploy = z.strictObject({
  port: int(0, 65_535).meta(meta("port", "of the deployed model, on 127.0.0.1")),
  parityPrompts: int(1, 10_000).meta(
    meta("prompts", "whose answers with the adapter the merged model is compared on"),
  ),
  parityTopTokens: real(0, 1).meta(
    meta(
      "share",
      "of the answers' tokens at which both must have the same most likely one in bf16; in float32 all",
    ),
  ),
  exports: z
    .array(z.enum(["gguf", "onnx"]))
    .meta(
      meta(
        "formats",
        "files for other programs: gguf for llama.cpp, Ollama, LM Studio; onnx for transformers.js, in " +
          "float32: 6 GB for 1.5 billion weights, more than a page can load",
      ),
    ),
});
