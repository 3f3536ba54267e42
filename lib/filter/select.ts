/** The best of k texts of one question, and what more texts would bring. Pure. */
import { passAtK } from "../stats/stats.ts";

/** One text that passed every layer so far. */
export interface Candidate {
  id: string;
  sample: number;
  /** Length in tokens; null when the server did not say. */
  tokens: number | null;
  text: string;
}

/**
 * The shortest text of each question, by tokens (by characters where any of its texts has no count); the earlier sample on
 * a tie. Short and right is the default of best-of-k: the Judge's threshold has been applied before. Order of first appearance.
 */
export function selectShortest<T extends Candidate>(passed: readonly T[]): T[] {
  const groups = new Map<string, T[]>();
  for (const row of passed) groups.set(row.id, [...(groups.get(row.id) ?? []), row]);
  return [...groups.values()].map((group) => {
    const length = group.every((row) => row.tokens !== null) ? (row: T) => row.tokens! : (row: T) => row.text.length;
    return group.reduce((best, row) => (length(row) < length(best) || (length(row) === length(best) && row.sample < best.sample) ? row : best));
  });
}

/**
 * Share of questions with at least one kept text among k of their n texts, for k = 1 … min n, averaged over questions:
 * 1 − C(n − c, k) / C(n, k) with c kept texts. No questions give an empty curve.
 *
 * Source: Chen et al. 2021, https://arxiv.org/abs/2107.03374, eq. 1 (pass@k).
 */
export function yieldCurve(texts: readonly { id: string; kept: boolean }[]): { k: number; share: number }[] {
  const questions = new Map<string, { n: number; kept: number }>();
  for (const { id, kept } of texts) {
    const q = questions.get(id) ?? { n: 0, kept: 0 };
    questions.set(id, { n: q.n + 1, kept: q.kept + Number(kept) });
  }
  const all = [...questions.values()];
  const longest = all.length === 0 ? 0 : Math.min(...all.map((q) => q.n));
  return Array.from({ length: longest }, (_, i) => ({ k: i + 1, share: all.reduce((sum, q) => sum + passAtK(q.n, q.kept, i + 1), 0) / all.length }));
}
