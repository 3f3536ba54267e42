/** What a merge takes of a GPU: the model as it was trained and the merged one answer side by side. Pure. */
import type { Config } from "../config/config.ts";
import { choose } from "./fit.ts";
import type { Fit } from "./fit.ts";
import { CONTEXT, GIB, cacheBytes } from "./memory-plan.ts";
import { weightBytes } from "./model-shape.ts";
import type { ModelShape } from "./model-shape.ts";

/** As scripts/merge.py has them: questions at once, and the logits that it compares at once. */
const QUESTIONS = 8;
const LOGITS = 0.25 * GIB;

/** There is nothing to choose: it fits, or it does not. */
export function fitMerge({ config, shape, room }: { config: Config; shape: ModelShape; room: number }): Fit {
  const trained = config.models.loadIn4bit ? "nf4 double" : "bf16";
  const memory = {
    weights: weightBytes(shape, trained) + weightBytes(shape, "bf16"),
    cache: QUESTIONS * (config.prepare.maxPromptTokens + config.evaluate.maxTokens) * cacheBytes(shape),
    optimizer: 0,
    activations: LOGITS,
    runtime: CONTEXT,
  };
  return choose("merge", [{ overrides: {}, setting: `${trained === "bf16" ? "bf16" : "4 bit"} and merged, ${QUESTIONS} questions at once`, memory }], room);
}
