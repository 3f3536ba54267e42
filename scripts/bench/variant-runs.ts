/** The recipes of `npm run bench:variants`: each with as many answers drawn. */
import type { Config } from "../../lib/config/config.ts";
import type { Overrides } from "../../lib/config/settings.ts";

export interface Variant {
  name: string;
  settings: Overrides;
  /** Trained by the Teacher's word instead of a reward. */
  onPolicy?: true;
  /** Equal to another by its formula: one seed shows it. */
  once?: true;
}

/** Batches of answers a run. */
export const BATCHES = 50;

/** What all of them have: no probe and no look inside, so that only training takes time. */
export const SHORT: Overrides = {
  "grpo.maxSteps": BATCHES,
  "grpo.probeSteps": 0,
  "grpo.inspectSteps": [],
  "grpo.saveSteps": BATCHES,
  "onPolicy.maxSteps": BATCHES,
  "onPolicy.saveSteps": BATCHES,
};

/** The first one is what the others are held against. */
export function variantsOf({ grpo }: Pick<Config, "grpo">): Variant[] {
  const fast = { "grpo.learningRate": 10 * grpo.learningRate };
  const again = { "grpo.updatesPerBatch": 4, "grpo.maxSteps": 4 * BATCHES };
  return [
    { name: "default", settings: {} },
    { name: "no KL", settings: { "grpo.beta": 0 } },
    { name: "10 × rate", settings: fast },
    { name: "10 × rate, no KL", settings: { ...fast, "grpo.beta": 0 } },
    { name: "Dr. GRPO", settings: { "grpo.loss": "dr_grpo", "grpo.scaleRewards": false } },
    { name: "DAPO", settings: { "grpo.loss": "dapo" } },
    { name: "GSPO", settings: { "grpo.loss": "gspo" }, once: true },
    { name: "CISPO", settings: { "grpo.loss": "cispo" }, once: true },
    { name: "4 updates", settings: again },
    { name: "4 updates, GSPO", settings: { ...again, "grpo.loss": "gspo" } },
    { name: "4 updates, CISPO", settings: { ...again, "grpo.loss": "cispo" } },
    { name: "4 updates, DAPO", settings: { ...again, "grpo.loss": "dapo" } },
    { name: "on-policy distillation", settings: {}, onPolicy: true },
  ];
}

/** Of SFT on so few rows that they can be learned by heart. */
export const SFT_ROWS = 200;
export const SFT_EPOCHS = [1, 2, 4, 8, 16];
