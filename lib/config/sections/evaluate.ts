/** `evaluate.…`: stage 6. */
import { z } from "zod";
import { flag, int, meta, real } from "./values.ts";

export const Evaluate = z.strictObject({
  maxTokens: int(8, 32_768).meta(meta("tokens", "room for one answer")),
  samples: int(0, 64).meta(meta("answers", "sampled answers a question beside the greedy one; 0 for none")),
  temperature: real(0.05, 2).meta(meta("", "of the sampled answers")),
  useJudge: flag().meta(meta("", "the Judge's score beside the rule score")),
  maxQuestions: int(1, 1_000_000).meta(meta("questions", "of test.jsonl that are asked")),
  sampledQuestions: int(1, 1_000_000).meta(
    meta("questions", "the first of them, answered sampled and judged as well; the others greedily only"),
  ),
});
