/** What a merge takes of a GPU: the model as it was trained writes texts, the merged one reads them. Pure. */
import type { Config } from "../config/config.ts";
import { choose } from "./choose.ts";
import type { Choice } from "./choose.ts";
import { CONTEXT, cacheBytes, totalMemory } from "./memory.ts";
import type { Memory } from "./memory.ts";
import { weightBytes } from "../model/shape.ts";
import type { ModelShape } from "../model/shape.ts";

/** As scripts/merge.py has them; lib/gpu/merge.test.ts reads them there. */
export const MERGE = {
  PROMPTS_AT_ONCE: 64,
  TOKENS_AT_ONCE: 2 ** 16,
  PREFILL: 64,
  LOGITS_AT_ONCE: 2 ** 26,
  TEXT_TOKENS: 128,
} as const;

/**
 * One model at a time: it writes the texts; over 4 bit the dequantised weights then come to stand beside the
 * packed ones; base and adapter are gone before the merged model is read back. There is nothing to choose: it
 * fits, or not.
 */
export function planMerge({
  config,
  shape,
  room,
}: {
  config: Config;
  shape: ModelShape;
  room: number;
}): Choice {
  const { loadIn4bit } = config.models;
  const [packed, whole] = [weightBytes(shape, "nf4 double"), weightBytes(shape, "bf16")];
  const longest = config.prepare.maxPromptTokens + MERGE.TEXT_TOKENS;
  const logits = MERGE.TEXT_TOKENS * shape.vocab_size; // of one text
  const compared = Math.min(MERGE.PROMPTS_AT_ONCE, Math.max(1, Math.floor(MERGE.LOGITS_AT_ONCE / logits)));
  const read = Math.max(MERGE.PROMPTS_AT_ONCE * MERGE.PREFILL, compared * longest);
  // Of a pass, the widest map with its LoRA: gate, its activation and up in bf16, three sums of the adapter's
  // in float32. Then the logits in bf16, and one text's in float32 twice.
  const seen = 2 * Math.max(MERGE.LOGITS_AT_ONCE, logits) + 8 * logits;
  const activations = 18 * shape.intermediate_size * read + seen;
  const held = { optimizer: 0, activations, runtime: CONTEXT };
  const cache = Math.max(MERGE.TOKENS_AT_ONCE, longest) * cacheBytes(shape);
  const phases: Memory[] = [
    { ...held, weights: loadIn4bit ? packed : whole, cache },
    { ...held, weights: loadIn4bit ? packed + whole : whole, cache: 0 },
  ];
  const memory = phases.reduce((most, phase) => (totalMemory(phase) > totalMemory(most) ? phase : most));
  const setting = `${loadIn4bit ? "4 bit, then bf16" : "bf16"}, one model at a time`;
  return choose("merge", [{ overrides: {}, setting, memory }], room);
}
