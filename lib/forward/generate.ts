/** A text, token by token, each with the scores that it was drawn from. */
import { emptyCache, logitsOf, read } from "./qwen2.ts";
import type { Qwen2 } from "./qwen2.ts";
import { distribution, draw } from "./sampling.ts";
import type { Sampling } from "./sampling.ts";

export interface Step {
  token: number;
  /** Of every token, before temperature and top-p. */
  logits: Float32Array;
  /** Of the token that was drawn, after them. */
  probability: number;
}

export interface GenerateOptions extends Sampling {
  /** Tokens that end the text; the last step is one of them unless the text was cut. */
  ends: readonly number[];
  /** Tokens at most. */
  maxTokens: number;
  /** Uniform draws from [0, 1). */
  next: () => number;
  /** Tokens with which the text has to begin; each is a step, too, with the probability that it had. */
  begin?: readonly number[];
}

/**
 * Reads the prompt and writes on until an end or a limit: `maxTokens`, or the model's positions. Throws a
 * RangeError for a prompt that is empty or leaves no room for an answer.
 */
export function* generate(
  model: Qwen2,
  prompt: readonly number[],
  { ends, maxTokens, next, begin = [], ...sampling }: GenerateOptions,
): Generator<Step> {
  const room = model.config.positions - prompt.length;
  if (prompt.length === 0 || room < 1)
    throw new RangeError(
      `a prompt of 1 to ${model.config.positions - 1} tokens is needed, got ${prompt.length}`,
    );
  const most = Math.min(maxTokens, room);
  const cache = emptyCache(model, prompt.length + most);
  let last: Float32Array = new Float32Array();
  for (const token of prompt) last = read(model, cache, token);
  for (let written = 0; written < most; written++) {
    const logits = logitsOf(model, last);
    const shares = distribution(logits, sampling);
    const drawn = draw(shares, next()); // in any case: behind `begin` a text goes on with its own draws
    const token = begin[written] ?? drawn;
    yield { token, logits, probability: shares[token]! };
    if (ends.includes(token)) return;
    last = read(model, cache, token);
  }
}
