/** The Judge's progress as a curve, for a live figure. */
import { curveRecorder } from "../view/progress-curve.ts";
import type { ProgressCurve } from "../view/progress-curve.ts";
import type { JudgeProgress } from "./judge.ts";

/**
 * Turns the progress of `judge` (or `filter`, `quickJudgeCard`) into one growing curve of verdicts. `now` in
 * ms. Verdicts without a readable form count as failed.
 *
 * @example
 * const record = judgeCurveRecorder();
 * const labels = { title: "Verdicts on disk", unit: "verdicts" };
 * await filter(lab, { onProgress: (p) => live.update(distillProgress(record(p), labels)) });
 */
export function judgeCurveRecorder(
  now: () => number = () => performance.now(),
): (progress: JudgeProgress) => ProgressCurve {
  const record = curveRecorder(now);
  return ({ unreadable, ...progress }) =>
    record({ ...progress, tokensPerSecond: null, failures: unreadable > 0 ? { unreadable } : {} });
}
