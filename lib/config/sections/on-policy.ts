/** `onPolicy.…`: learning from the Teacher on the student's own tokens. */
import { z } from "zod";
import { Grpo } from "./grpo.ts";
import { int, meta, real } from "./values.ts";

export const OnPolicy = z.strictObject({
  maxSteps: Grpo.shape.maxSteps,
  epochs: Grpo.shape.epochs,
  promptsPerStep: int(1, 4096).meta(meta("questions", "questions answered, once each, before each update")),
  microBatch: int(1, 4096).meta(meta("answers", "answers per forward/backward pass; divides promptsPerStep")),
  temperature: real(0.05, 2).meta(
    meta("", "exploration while answering; of both distributions in the loss, too"),
  ),
  maxTokens: int(8, 32_768).meta(meta("tokens", "longer answers are cut, and learned from up to there")),
  learningRate: Grpo.shape.learningRate,
  warmupShare: Grpo.shape.warmupShare,
  schedule: Grpo.shape.schedule,
  beta: real(0, 1).meta(
    meta("", "which divergence: 1 reverse KL (student to Teacher), 0 forward KL, between a Jensen-Shannon"),
  ),
  saveSteps: Grpo.shape.saveSteps,
  gradientCheckpointing: Grpo.shape.gradientCheckpointing,
});
