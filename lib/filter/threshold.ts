/** What each pass mark of the Judge would keep. Pure. */
import type { FilterDetail } from "./record.ts";
import { countVotes } from "../judge/vote.ts";

export interface ThresholdPoint {
  /** Points needed to pass. */
  threshold: number;
  /** Judged texts that would pass. */
  texts: number;
  /** Questions with at least one text that would pass: rows for SFT, before the size limit. */
  questions: number;
  /** The same questions by type. */
  byType: Record<string, number>;
}

/**
 * For every pass mark from `min` to `max`: how many texts and questions would pass, by the same vote count as
 * the filter. Texts the Judge never saw are not in it; unreadable votes pass at no mark. Nothing judged gives
 * an empty curve.
 */
export function thresholdCurve(details: readonly FilterDetail[], min = 4, max = 20): ThresholdPoint[] {
  const judged = details.filter((row) => row.votePoints !== null && row.votePoints.length > 0);
  if (judged.length === 0) return [];
  return Array.from({ length: max - min + 1 }, (_, i) => {
    const threshold = min + i;
    const passing = judged.filter((row) => countVotes(row.votePoints!, threshold) === "passed");
    const types = new Map(passing.map((row) => [row.id, row.type]));
    const byType: Record<string, number> = {};
    for (const type of types.values()) byType[type] = (byType[type] ?? 0) + 1;
    return { threshold, texts: passing.length, questions: types.size, byType };
  });
}
