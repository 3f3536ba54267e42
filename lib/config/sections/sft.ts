/** `sft.…`: stage 4. */
import { z } from "zod";
import { flag, int, Lora, meta, real } from "./values.ts";

export const Sft = z.strictObject({
  goldOnly: flag().meta(
    meta(
      "",
      "train on the gold answers of the same rows, without reasoning: what the Teacher adds is told by it",
    ),
  ),
  ...Lora,
  epochs: real(0.01, 100).meta(meta("epochs", "passes over the kept rows")),
  batchSize: int(1, 1024).meta(meta("rows", "per device and forward pass")),
  gradientAccumulation: int(1, 1024).meta(meta("batches", "effective batch = batch × accumulation")),
  learningRate: real(1e-8, 1).meta(meta("", "peak of the cosine schedule")),
  warmupShare: real(0, 0.9).meta(meta("share of steps", "linear warm-up before the cosine")),
  maxLength: int(32, 131_072).meta(meta("tokens", "prompt + response; longer rows are left out and counted")),
  gradientCheckpointing: flag().meta(meta("", "recompute activations: less memory, a third more time")),
  saveSteps: int(1, 100_000).meta(meta("steps", "a killed run loses at most this much")),
});
