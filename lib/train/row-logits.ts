/** What a model expects at each place of a training row: the logits from which its loss is computed. */
import { localModelPath } from "../config/paths.ts";
import { loadModel } from "../forward/load.ts";
import { emptyCache, logitsOf, read } from "../forward/qwen2.ts";
import { loadTokenizer } from "../model/tokens.ts";
import type { SftRow } from "../records.ts";
import { rowTokens } from "./loss-tokens.ts";

/** Lists of one length, an entry a token. */
export interface RowLogits {
  tokens: number[];
  /** Of the prompt: read, and not graded. */
  isMasked: boolean[];
  /** A score for every token of the vocabulary to come next, once the token of this place was read. */
  logits: Float32Array[];
}

/**
 * Reads a row as the trainer encodes it, from the chat template's first token to the end of the turn, with
 * the forward pass in TypeScript. What does not fit the model's positions is not read. Throws LabError as
 * loadModel (no Qwen2, or more than 200 million parameters) and as rowTokens.
 *
 * @param model a folder, with the adapter of another one on top if one is named.
 * @example const { tokens, isMasked, logits } = await rowLogits("ckpts/tiny/base", row, { system });
 */
export async function rowLogits(
  model: string,
  row: Pick<SftRow, "prompt" | "response">,
  { system = "", adapter = null }: { system?: string; adapter?: string | null } = {},
): Promise<RowLogits> {
  const folder = localModelPath(model) ?? model;
  const placed = rowTokens(await loadTokenizer(folder), row, { system, maxLength: Infinity });
  const seen = placed.tokens.filter(({ fate }) => fate !== "cut");
  const { model: qwen2, tokenizer } = loadModel(folder, adapter);
  const text = seen.map((token) => token.text).join("");
  const tokens = tokenizer.encode(text).slice(0, qwen2.config.positions);
  const cache = emptyCache(qwen2, tokens.length);
  return {
    tokens,
    isMasked: tokens.map((_, place) => place < placed.counts.masked),
    logits: tokens.map((token) => logitsOf(qwen2, read(qwen2, cache, token))),
  };
}
