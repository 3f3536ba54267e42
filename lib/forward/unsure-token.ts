/** The place in a text at which a model was least sure what to write next. */
import { messages, renderPrompt } from "../model/chat.ts";
import { localModelPath } from "../config/paths.ts";
import { distribution } from "./sampling.ts";
import { loadModel } from "./load.ts";
import { emptyCache, logitsOf, read, softmax } from "./qwen2.ts";

export interface UnsureToken {
  /** The model's text up to there. */
  before: string;
  /** The token that follows in the text; null at its end. */
  written: number | null;
  /** The probability of every token to be drawn at a temperature above 0. */
  sharesAt(temperature: number): Float32Array;
  /** Of the model's own distribution, in bits. */
  entropy: number;
  /** A token as text. */
  textOf(token: number): string;
}

/**
 * Reads a question and a text of the model's with the forward pass in TypeScript and returns the place of the
 * largest entropy: the token at which the model's own distribution was the widest. An empty text gives the
 * first token of an answer. Throws LabError as loadModel.
 *
 * @param model a folder; what is not on this machine cannot be read.
 * @example unsureToken("ckpts/tiny/teacher", question, text)
 */
export function unsureToken(model: string, question: string, text: string): UnsureToken {
  const folder = localModelPath(model) ?? model;
  const { model: qwen2, tokenizer } = loadModel(folder);
  const prompt = tokenizer.encode(renderPrompt(folder, messages(question)) ?? question);
  const written = tokenizer.encode(text).slice(0, qwen2.config.positions - prompt.length);
  const cache = emptyCache(qwen2);
  let widest = { place: 0, entropy: -1, logits: new Float32Array() as Float32Array };
  [...prompt, ...written].forEach((token, i) => {
    const last = read(qwen2, cache, token);
    const place = i + 1 - prompt.length; // of the token that comes next
    if (place < 0 || (place === written.length && place > 0)) return;
    const logits = logitsOf(qwen2, last);
    const entropy = entropyOf(softmax(logits));
    if (entropy > widest.entropy) widest = { place, entropy, logits };
  });
  return {
    before: tokenizer.decode(written.slice(0, widest.place)),
    written: written[widest.place] ?? null,
    sharesAt: (temperature) => distribution(widest.logits, { temperature, topP: 1 }),
    entropy: widest.entropy,
    textOf: (token) => new TextDecoder().decode(tokenizer.bytesOf(token)),
  };
}

/** How many bits a draw tells on average: 0 when it is certain, 1 for a coin. */
function entropyOf(shares: Float32Array): number {
  let bits = 0;
  for (const share of shares) if (share > 0) bits -= share * Math.log2(share);
  return bits;
}
