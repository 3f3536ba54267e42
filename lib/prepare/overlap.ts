/** Proof that the test set holds nothing the training set has seen. */
import { canonicalKey, canonicalText, plain } from "../question/canonical.ts";
import type { Question } from "../records.ts";

type Text = Pick<Question, "id" | "question">;

export interface OverlapReport {
  train: number;
  test: number;
  /** Near-copies across the two sets; must be empty. */
  copies: { train: string; test: string }[];
  /** Questions that stand in the same set more than once. */
  copiesWithin: { train: number; test: number };
  /**
   * Shared runs of n letters, Chinese characters or numbers, as information: a shared template is no copy.
   * `share` is that part of a test question's runs which some training question holds too: mean, median, and
   * the questions with the most.
   */
  ngram: {
    n: number;
    meanShare: number | null;
    medianShare: number | null;
    most: { test: string; share: number }[];
  };
}

/**
 * Compares two sets of questions by canonical key and by n-grams.
 *
 * Empty sets give an empty report with `null` shares. Runs are compared by 32-bit hashes: a share may be too
 * high, by about (training runs) / 2^32, never too low. n log n in the number of runs.
 */
export function overlapReport(train: readonly Text[], test: readonly Text[], n = 13): OverlapReport {
  const trainKeys = new Map<string, string>();
  for (const { id, question } of train) {
    const key = canonicalKey(question);
    if (!trainKeys.has(key)) trainKeys.set(key, id);
  }
  const testKeys = new Set<string>();
  const copies: OverlapReport["copies"] = [];
  for (const { id, question } of test) {
    const key = canonicalKey(question);
    testKeys.add(key);
    const twin = trainKeys.get(key);
    if (twin !== undefined) copies.push({ train: twin, test: id });
  }
  return {
    train: train.length,
    test: test.length,
    copies,
    copiesWithin: { train: train.length - trainKeys.size, test: test.length - testKeys.size },
    ngram: { n, ...ngramShares(train, test, n) },
  };
}

function ngramShares(
  train: readonly Text[],
  test: readonly Text[],
  n: number,
): Omit<OverlapReport["ngram"], "n"> {
  const seen = Uint32Array.from(allNgrams(train, n)).sort();
  const shares = test.map(({ id, question }) => {
    let all = 0,
      shared = 0;
    for (const hash of ngrams(question, n)) {
      all++;
      if (holds(seen, hash)) shared++;
    }
    return { test: id, share: all === 0 ? 0 : shared / all };
  });
  if (shares.length === 0 || train.length === 0) return { meanShare: null, medianShare: null, most: [] };
  const sorted = shares.slice().sort((a, b) => b.share - a.share);
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle]!.share : (sorted[middle - 1]!.share + sorted[middle]!.share) / 2;
  return {
    meanShare: shares.reduce((sum, s) => sum + s.share, 0) / shares.length,
    medianShare: median,
    most: sorted.slice(0, 5),
  };
}

function* allNgrams(questions: readonly Text[], n: number): Generator<number> {
  for (const { question } of questions) yield* ngrams(question, n);
}

/** Binary search. */
function holds(sorted: Uint32Array, value: number): boolean {
  let low = 0,
    high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === value;
}

/**
 * Hashes (FNV-1a over code units) of every run of n tokens: a Latin word, a number, a sign, or one Chinese
 * character.
 */
function* ngrams(question: string, n: number): Generator<number> {
  const spaced = plain(question).slice(0, 100_000);
  const tokens: string[] = [];
  for (const word of spaced.split(/\s+/))
    for (const match of canonicalText(word).matchAll(/\p{Script=Han}|\d*\.?\d+|[a-z]+|[^\s|]/gu))
      tokens.push(match[0]);
  for (let i = 0; i + n <= tokens.length; i++) {
    let hash = 0x811c9dc5;
    for (let j = i; j < i + n; j++) {
      for (let k = 0; k < tokens[j]!.length; k++)
        hash = Math.imul(hash ^ tokens[j]!.charCodeAt(k), 0x01000193);
      hash = Math.imul(hash ^ 0x20, 0x01000193);
    }
    yield hash >>> 0;
  }
}
