/** What rounding to int8 does to a model. Pure. */
import { generate } from "../forward/generate.ts";
import { emptyCache, logitsOf, read } from "../forward/qwen2.ts";
import type { Qwen2 } from "../forward/qwen2.ts";
import { mostLikely } from "../forward/sampling.ts";
import type { Rounding } from "./data.ts";

/**
 * The rounded model reads the greedy answers of the exact one and is compared with it at each of their
 * tokens. Null without a prompt.
 */
export function measureRounding(
  exact: Qwen2,
  rounded: Qwen2,
  prompts: readonly (readonly number[])[],
  { ends, maxTokens }: { ends: readonly number[]; maxTokens: number },
): Rounding | null {
  let [tokens, sum, largest, same] = [0, 0, 0, 0];
  for (const prompt of prompts) {
    const cache = emptyCache(rounded);
    let last: Float32Array = new Float32Array();
    for (const token of prompt) last = read(rounded, cache, token);
    const greedy = { ends, maxTokens, temperature: 0, topP: 1, next: () => 0 };
    for (const { token, logits } of generate(exact, prompt, greedy)) {
      const others = logitsOf(rounded, last);
      let [difference, most] = [0, 0];
      for (let id = 0; id < logits.length; id++) {
        const away = Math.abs(logits[id]! - others[id]!);
        difference += away;
        most = Math.max(most, away);
      }
      tokens++;
      sum += difference / logits.length;
      largest = Math.max(largest, most);
      if (mostLikely(others) === token) same++;
      if (cache.length < rounded.config.positions) last = read(rounded, cache, token);
    }
  }
  return tokens === 0 ? null : { tokens, mean: sum / tokens, largest, same: same / tokens };
}
