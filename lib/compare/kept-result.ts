/** What `npm run bench:variants` keeps: runs of GRPO's variants, and of SFT that goes on for too long. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { REPO_ROOT } from "../config/paths.ts";
import { Estimate } from "../records.ts";

const Difference = z.strictObject({ delta: z.number(), low: z.number(), high: z.number(), p: z.number() });

/** One recipe, the answers of its seeds put together. Shares and means of a run are over its last fifth. */
export const KeptVariant = z.strictObject({
  name: z.string(),
  /** What is not as in the first variant; nothing for that one. */
  settings: z.record(z.string(), z.unknown()),
  seeds: z.array(z.number()),
  /** Why a seed has no result, by seed. */
  failed: z.record(z.string(), z.string()),
  /** Test questions, each answered greedily once a seed. */
  n: z.number(),
  /** Answers that it learned from, and optimizer steps, a seed. */
  answers: z.number(),
  steps: z.number(),
  /** Read leniently. Null where no seed came to its end. */
  right: Estimate.nullable(),
  /** Share right of each seed. */
  bySeed: z.record(z.string(), z.number()),
  /** To the first variant, the same seeds and questions; null for that one itself. */
  difference: Difference.nullable(),
  /** Null where it is not measured: without a KL in the loss, and in distillation. */
  kl: z.number().nullable(),
  entropy: z.number().nullable(),
  /** Of tokens, of answers with gspo: beyond a bound on the side where it acts, over all updates. */
  clipped: z.number().nullable(),
  silent: z.number().nullable(),
  tokens: z.number().nullable(),
  /** Of training, for each batch of answers; of a machine that may have had other work at the time. */
  secondsPerBatch: z.number().nullable(),
});
export type KeptVariant = z.infer<typeof KeptVariant>;

export const KeptSft = z.strictObject({
  epochs: z.number(),
  rows: z.number(),
  heldOutRows: z.number(),
  seed: z.number(),
  n: z.number(),
  right: Estimate,
  /** To the run of the fewest epochs; null for that one itself. */
  difference: Difference.nullable(),
  /** Of the last epoch, nats a token. */
  trainLoss: z.number(),
  heldOutLoss: z.number(),
  /** As it was measured, in the order of the run. */
  curve: z.array(z.strictObject({ epoch: z.number(), train: z.number(), heldOut: z.number() })),
});
export type KeptSft = z.infer<typeof KeptSft>;

export const KeptResult = z.strictObject({
  created: z.string(),
  profile: z.string(),
  device: z.string(),
  /** Batches of answers a run, questions a batch and answers a question. */
  batches: z.number(),
  promptsPerStep: z.number(),
  groupSize: z.number(),
  /** The SFT model that all GRPO runs start from, and what the first variant gains on it. */
  start: z.strictObject({ right: Estimate, gain: Difference }).nullable(),
  grpo: z.array(KeptVariant),
  sft: z.array(KeptSft),
});
export type KeptResult = z.infer<typeof KeptResult>;

/** Where the bench writes it, unless told otherwise. */
export const KEPT_FILE = join(REPO_ROOT, "reports", "example", "variants.json");

/** Throws where the file is missing or is none. */
export function committedVariants(path = KEPT_FILE): KeptResult {
  return KeptResult.parse(JSON.parse(readFileSync(path, "utf8")));
}
