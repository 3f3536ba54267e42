/**
 * A model as a policy to be trained by hand: it draws answers, and its last map, from the last vector to the
 * logits, may be changed in place. The layers stay as they are, so what they make of a text is computed once.
 */
import { createRandom } from "../stats/random.ts";
import type { LoadedModel } from "./load.ts";
import { emptyCache, logitsOf, read } from "./qwen2.ts";
import { distribution, draw } from "./sampling.ts";

/** A token that was drawn. */
export interface DrawnToken {
  token: number;
  /** The last vector of the text before it: what the last map reads. */
  hidden: Float32Array;
  /** How likely each token of the vocabulary was here, when this one was drawn. */
  chances: Float32Array;
}

export interface DrawnAnswer {
  text: string;
  /** The one that ends the text included, unless it was cut. */
  tokens: DrawnToken[];
  /** Of the whole answer, when it was drawn: its tokens' chances multiplied. */
  probability: number;
}

export interface HeadPolicy {
  /**
   * The last map, to be changed in place: a row of weights for each token of the vocabulary, one after the
   * other. A copy: where the model ties it to its embeddings, those stay as they are.
   */
  head: Float32Array;
  /** Draws one answer to a prompt, ready for the model. Throws a RangeError for one that leaves no room. */
  answer(prompt: string): DrawnAnswer;
  /** How likely the head as it is now holds each token to be, after a text with this last vector. */
  chances(hidden: Float32Array): Float32Array;
  /** The probability of a whole answer under the head as it is now. */
  probability(answer: Pick<DrawnAnswer, "tokens">): number;
}

export interface HeadPolicyOptions {
  /** Tokens of an answer at most. */
  maxTokens: number;
  /** Above 0; divides the logits. */
  temperature: number;
  /** The same seed draws the same answers, as long as the head goes the same way. */
  seed: number;
}

/**
 * With p the softmax of (head × hidden) / temperature, the head's gradient needs no way back through the
 * layers: d log p(token) / d head[v] = ((v = token ? 1 : 0) − p(v)) · hidden / temperature.
 *
 * @example
 * const policy = headPolicy(loadModel("ckpts/tiny/base", "ckpts/sft_lora"), options);
 * const { text, tokens } = policy.answer(prompt);
 */
export function headPolicy(
  { model, tokenizer, ends }: LoadedModel,
  { maxTokens, temperature, seed }: HeadPolicyOptions,
): HeadPolicy {
  const random = createRandom(seed);
  const head = model.unembeddings.slice();
  const trained = { ...model, unembeddings: head };
  const chances = (hidden: Float32Array) => distribution(logitsOf(trained, hidden), { temperature, topP: 1 });

  const cache = emptyCache(model);
  let standing: number[] = []; // the tokens in the cache
  const known = new Map<string, Float32Array>();
  function lastVector(tokens: readonly number[]): Float32Array {
    const key = tokens.join();
    let last = known.get(key);
    if (last) return last;
    const other = tokens.findIndex((token, i) => token !== standing[i]);
    const shared = Math.min(other === -1 ? tokens.length : other, tokens.length - 1);
    cache.length = shared; // what stands behind it is written over
    for (const token of tokens.slice(shared)) last = read(model, cache, token);
    standing = [...tokens];
    known.set(key, last!);
    return last!;
  }

  function answer(prompt: string): DrawnAnswer {
    const asked = tokenizer.encode(prompt);
    const room = Math.min(maxTokens, model.config.positions - asked.length);
    if (asked.length === 0 || room < 1)
      throw new RangeError(
        `a prompt of 1 to ${model.config.positions - 1} tokens is needed, got ${asked.length}`,
      );
    const tokens: DrawnToken[] = [];
    const written: number[] = [];
    while (written.length < room && !ends.includes(written.at(-1) ?? -1)) {
      const hidden = lastVector([...asked, ...written]);
      const shares = chances(hidden);
      const token = draw(shares, random.next());
      tokens.push({ token, hidden, chances: shares });
      written.push(token);
    }
    const whole = tokens.reduce((product, { token, chances }) => product * chances[token]!, 1);
    return { text: tokenizer.decode(written), tokens, probability: whole };
  }

  const probability = ({ tokens }: Pick<DrawnAnswer, "tokens">): number =>
    tokens.reduce((product, { token, hidden }) => product * chances(hidden)[token]!, 1);

  return { head, answer, chances, probability };
}
