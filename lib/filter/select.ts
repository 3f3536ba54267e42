/** The best of k texts of one question, and what more texts would bring. Pure. */
import { passAtK } from "../stats/stats.ts";

/** One text that passed every layer so far. */
export interface Candidate {
  id: string;
  sample: number;
  /** Length in tokens; null when the server did not say. */
  tokens: number | null;
  text: string;
  /** Of the Judge; null or absent when it has not judged: behind every number, for not judged is not a 0. */
  points?: number | null;
}

/** What a text that passed lacks against the one that is taken, by the rule that took it. */
export const BEST_OF = {
  shortest: { reason: "longer", message: "another text of this question is right and shorter" },
  most_points: {
    reason: "fewer_points",
    message: "another text of this question has more points, or as many and is shorter",
  },
  first: { reason: "later", message: "an earlier text of this question is right, too" },
} as const;
export type BestOf = keyof typeof BEST_OF;

/**
 * One text of each question, in the order in which the questions first appear. All given ones have passed
 * rules and Judge.
 *
 * "shortest": by tokens (by characters where any of the question's texts has no count); "most_points": by the
 * Judge's points, then as shortest; "first": by sample. The earlier sample on a tie.
 */
export function selectBest<T extends Candidate>(passed: readonly T[], by: BestOf = "shortest"): T[] {
  return [...Map.groupBy(passed, (row) => row.id).values()].map((group) => {
    const length = group.every((row) => row.tokens !== null)
      ? (row: T) => row.tokens!
      : (row: T) => row.text.length;
    const order: ((row: T) => number)[] = {
      shortest: [length],
      most_points: [(row: T) => -(row.points ?? -Infinity), length],
      first: [],
    }[by];
    const better = (a: T, b: T): boolean => {
      const decides = [...order, (row: T) => row.sample].find((value) => value(a) !== value(b));
      return decides !== undefined && decides(a) < decides(b);
    };
    return group.reduce((best, row) => (better(row, best) ? row : best));
  });
}

/**
 * Share of questions with at least one kept text among k of their n texts, for k = 1 … min n, averaged over
 * questions: 1 − C(n − c, k) / C(n, k) with c kept texts. No questions give an empty curve.
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
  return Array.from({ length: longest }, (_, i) => ({
    k: i + 1,
    share: all.reduce((sum, q) => sum + passAtK(q.n, q.kept, i + 1), 0) / all.length,
  }));
}
