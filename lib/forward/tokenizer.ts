/**
 * A byte-level BPE tokenizer, read from a model's tokenizer.json, in plain TypeScript for Node and for a
 * page: text to tokens and back, as the real one does it.
 *
 * A text is cut into words; a word is its UTF-8 bytes, each written as one letter; then the two neighbours
 * that were merged first when the tokenizer was learnt are merged, again and again, until no pair is known.
 * Source: Sennrich et al. 2016 (arXiv 1508.07909); bytes: GPT-2, https://github.com/openai/gpt-2.
 */

export interface BpeTokenizer {
  /** Tokens of a text. Special tokens that stand in it become themselves, as a chat template needs it. */
  encode(text: string): number[];
  /** The text of tokens; special ones are left out, half a character reads U+FFFD. */
  decode(tokens: readonly number[]): string;
  /** The bytes of one token: one token need not be a whole character. Of a special token its name. */
  bytesOf(token: number): Uint8Array;
  isSpecial(token: number): boolean;
  /** Null for a name that is no token. */
  idOf(token: string): number | null;
}

/** What is used of tokenizer.json. */
export interface TokenizerFile {
  added_tokens: { id: number; content: string; special: boolean }[];
  normalizer: { type: string } | null;
  pre_tokenizer: PreTokenizer | null;
  model: { type: string; vocab: Record<string, number>; merges: (string | [string, string])[] };
}

interface PreTokenizer {
  type: string;
  pretokenizers?: PreTokenizer[];
  pattern?: { Regex?: string; String?: string };
  behavior?: string;
  invert?: boolean;
  use_regex?: boolean;
  add_prefix_space?: boolean;
}

/** GPT-2's words: a short form, letters, digits or signs with the space before them, or white space. */
const GPT2_WORDS = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * The tokenizer of a parsed tokenizer.json. Throws an Error for one that is built of other parts than
 * byte-level BPE over words.
 */
export function createTokenizer(file: TokenizerFile): BpeTokenizer {
  const { vocab } = file.model;
  if (file.model.type !== "BPE") throw new Error(`a tokenizer of type ${file.model.type}, not BPE`);
  if (file.normalizer !== null && file.normalizer.type !== "NFC")
    throw new Error(`a tokenizer with the normaliser ${file.normalizer.type}`);
  const patterns = wordPatterns(file.pre_tokenizer);
  const letters = byteLetters();
  const byteOf = new Map(letters.map((letter, byte) => [letter, byte]));
  const added = new Map(file.added_tokens.map((token) => [token.content, token]));
  const specialIds = new Set(file.added_tokens.filter(({ special }) => special).map(({ id }) => id));
  const names = new Map(Object.entries(vocab).map(([name, id]) => [id, name]));
  for (const { id, content } of file.added_tokens) names.set(id, content);
  const ranks = new Map(
    file.model.merges.map((pair, rank) => [typeof pair === "string" ? pair : pair.join(" "), rank]),
  );
  const ofWord = new Map<string, number[]>(); // the same words come again and again

  function encodeWord(word: string): number[] {
    let parts = Array.from(new TextEncoder().encode(word), (byte) => letters[byte]!);
    for (;;) {
      let [best, bestRank] = [-1, Infinity];
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = ranks.get(`${parts[i]} ${parts[i + 1]}`) ?? Infinity;
        if (rank < bestRank) [best, bestRank] = [i, rank];
      }
      if (best === -1) return parts.map((part) => vocab[part]!);
      parts = parts.toSpliced(best, 2, parts[best]! + parts[best + 1]!);
    }
  }

  function encodePlain(text: string): number[] {
    let words = [file.normalizer === null ? text : text.normalize("NFC")];
    for (const pattern of patterns) words = words.flatMap((word) => splitAround(word, pattern));
    return words.flatMap((word) => {
      if (!ofWord.has(word)) ofWord.set(word, encodeWord(word));
      return ofWord.get(word)!;
    });
  }

  const specials = new RegExp([...added.keys()].map(escapePattern).join("|") || "(?!)", "gu");
  function bytesOf(token: number): Uint8Array {
    const name = names.get(token);
    if (name === undefined) return new Uint8Array();
    if (added.has(name)) return new TextEncoder().encode(name);
    return Uint8Array.from(name, (letter) => byteOf.get(letter)!);
  }

  return {
    encode: (text) => splitAround(text, specials).flatMap((part) => added.get(part)?.id ?? encodePlain(part)),
    decode(tokens) {
      const bytes = tokens.filter((token) => !specialIds.has(token)).flatMap((token) => [...bytesOf(token)]);
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    },
    bytesOf,
    isSpecial: (token) => specialIds.has(token),
    idOf: (token) => added.get(token)?.id ?? vocab[token] ?? null,
  };
}

/** The pattern of each step that cuts texts into words, in order. */
function wordPatterns(step: PreTokenizer | null): RegExp[] {
  if (step?.type === "Sequence") return step.pretokenizers!.flatMap(wordPatterns);
  if (step?.type === "ByteLevel" && !step.add_prefix_space)
    return step.use_regex === false ? [] : [pattern(GPT2_WORDS)];
  if (step?.type === "Split" && step.behavior === "Isolated" && !step.invert && step.pattern?.Regex)
    return [pattern(step.pattern.Regex)];
  throw new Error(`a tokenizer with a step ${JSON.stringify(step)}`);
}

/** A pattern of Rust's as JavaScript reads it: its digits, white space and ignored case are Unicode's. */
function pattern(source: string): RegExp {
  const unicode = source
    .replace(/\\d/g, "\\p{Nd}")
    .replace(/\[(\^?)([^\]]*)\\s/g, "[$1$2\\p{White_Space}")
    .replace(/\\s/g, "\\p{White_Space}")
    .replace(/\\S/g, "\\P{White_Space}")
    .replace(/\(\?i:([^)]*)\)/g, (_, words: string) => `(?:${eitherCase(words)})`);
  return new RegExp(unicode, "gu");
}

function eitherCase(words: string): string {
  return words.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** The matches and what stands between them, in order. */
function splitAround(text: string, matching: RegExp): string[] {
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(matching)) {
    parts.push(text.slice(end, match.index), match[0]);
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** A visible letter for each of the 256 bytes: itself where it is one, else one from 256 on. */
function byteLetters(): string[] {
  const visible = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(visible(byte) ? byte : next++));
}
