/** `distill.…`: stage 2, how the Teacher is sampled. */
import { z } from "zod";
import { flag, int, meta, real } from "./values.ts";

export const Distill = z.strictObject({
  temperature: real(0, 2).meta(meta("", "R1's recommended sampling")),
  topP: real(0.01, 1).meta(meta("", "nucleus of the sampling")),
  maxTokens: int(8, 32_768).meta(meta("tokens", "longer texts are cut and then fail the format gate")),
  samplesPerQuestion: int(1, 64).meta(meta("texts", "more texts, more yield; the best one is kept")),
  assemble: flag().meta(
    meta(
      "",
      "put the training text together from reasoning and answer, as Fin-R1 does; false: the " +
        "format gate judges the text as written",
    ),
  ),
});
