/** `prompt.…`: what the models are told. */
import { z } from "zod";
import { meta } from "./values.ts";

export const Prompt = z.strictObject({
  system: z
    .string()
    .meta(
      meta("text", "system message of the student: in training, evaluation and deployment; empty for none"),
    ),
  teacher: z
    .string()
    .meta(
      meta(
        "name or text",
        "what the Teacher is told: a prompt of lib/prompt/prompts.json, or a system message of " +
          "your own; none for R1-Distill, as its makers advise",
      ),
    ),
  base: z
    .string()
    .meta(
      meta(
        "name or text",
        "the best prompt for the untrained Base, so that training is not credited with what a prompt does",
      ),
    ),
});
