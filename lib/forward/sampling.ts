/** From logits to the next token: temperature, top-p, a draw. */
import { softmax } from "./qwen2.ts";

export interface Sampling {
  /**
   * Divides the logits: below 1 the likely gets likelier, above 1 everything evens out; 0 takes the most
   * likely token.
   */
  temperature: number;
  /** Only the most likely tokens that together reach this probability may be drawn; 1 leaves all. */
  topP: number;
}

/**
 * The probability of each token to be drawn; those that top-p cuts have 0. The token that reaches `topP` is
 * still in (as in transformers and vLLM), and the rest is scaled to a sum of 1.
 */
export function distribution(logits: Float32Array, { temperature, topP }: Sampling): Float32Array {
  if (temperature === 0) {
    const certain = new Float32Array(logits.length);
    certain[mostLikely(logits)] = 1;
    return certain;
  }
  const shares = softmax(logits.map((logit) => logit / temperature));
  if (topP >= 1) return shares;
  const kept = new Float32Array(shares.length);
  let sum = 0;
  for (const token of ranked(shares)) {
    if (sum >= topP) break;
    kept[token] = shares[token]!;
    sum += shares[token]!;
  }
  return kept.map((share) => share / sum);
}

/** The token under `position`, from 0 to 1, when the shares are laid end to end. */
export function draw(shares: Float32Array, position: number): number {
  let end = 0;
  let last = 0;
  for (let token = 0; token < shares.length; token++) {
    if (shares[token] === 0) continue;
    end += shares[token]!;
    last = token;
    if (position < end) return token;
  }
  return last; // rounding left a gap at the end
}

/** The first of the tokens with the largest value. */
export function mostLikely(values: Float32Array): number {
  let best = 0;
  for (let token = 1; token < values.length; token++) if (values[token]! > values[best]!) best = token;
  return best;
}

/** The tokens from the most to the least likely, `count` of them. */
export function ranked(values: Float32Array, count = values.length): number[] {
  return Array.from(values.keys())
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, count);
}
