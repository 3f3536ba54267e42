/** From the votes of a Judge on one text to one judgement. Pure. */
import { rubricOf } from "./prompt.ts";
import type { RubricName } from "./prompt.ts";
import { pointsOf } from "./verdict.ts";
import type { JudgeVerdict } from "./verdict.ts";
import { quantile } from "../stats/stats.ts";

/**
 * One reply of the Judge. `problem` says why there is no verdict: a VerdictProblem or a failure of the
 * request.
 */
export interface JudgeVote {
  verdict: JudgeVerdict | null;
  problem: string | null;
  message: string | null;
}

/**
 * "held_back": not shown to the Judge, by the rules or the guard. "not_judged": shown, but no verdict could
 * be read.
 */
export type JudgeStatus = "passed" | "failed" | "not_judged" | "held_back";

export interface Judgement {
  id: string;
  status: JudgeStatus;
  /**
   * "passed", "weak_<criterion>", the problem of an unreadable vote, or what held the text back
   * ("wrong_answer", "padded" …).
   */
  reason: string;
  /** What the Judge, or the rule, said. */
  message: string;
  /** Median points of the readable votes (4–20 or 0–7); null when not judged: never 0. */
  points: number | null;
  /** Median score by criterion (booleans count as 0 and 1); null when not judged. */
  scores: Record<string, number> | null;
  /** Points of every vote, null for an unreadable one: what a threshold curve needs. */
  votePoints: (number | null)[];
}

/**
 * "passed" when more than half of *all* votes reach `needed` points, "failed" when at least half do not, else
 * "not_judged": an unreadable vote counts for neither side, so it can never help a text to pass. Throws
 * RangeError without votes.
 */
export function countVotes(
  votePoints: readonly (number | null)[],
  needed: number,
): "passed" | "failed" | "not_judged" {
  if (votePoints.length === 0) throw new RangeError("countVotes requires at least one vote");
  const passes = votePoints.filter((p) => p !== null && p >= needed).length;
  const fails = votePoints.filter((p) => p !== null && p < needed).length;
  if (passes * 2 > votePoints.length) return "passed";
  return fails * 2 >= votePoints.length ? "failed" : "not_judged";
}

/** The judgement of the text `id` from its votes. `needed` as `pointsToPass` says. */
export function judgementOf(
  id: string,
  votes: readonly JudgeVote[],
  rubric: RubricName,
  needed: number,
): Judgement {
  const votePoints = votes.map((v) => (v.verdict === null ? null : pointsOf(v.verdict)));
  const status = countVotes(votePoints, needed);
  const readable = votes.flatMap((v) => (v.verdict === null ? [] : [v.verdict]));
  if (status === "not_judged") {
    const problem = votes.find((v) => v.verdict === null);
    return {
      id,
      status,
      reason: problem?.problem ?? "no_majority",
      message: problem?.message ?? "the readable votes make no majority",
      points: null,
      scores: null,
      votePoints,
    };
  }
  const scores = Object.fromEntries(
    rubricOf(rubric).criteria.map((c) => [c.key, median(readable.map((v) => Number(v.scores[c.key])))]),
  );
  const weakest = Object.keys(scores).reduce((a, b) => (scores[b]! < scores[a]! ? b : a));
  const agreeing = votes.findIndex(
    (_, i) => votePoints[i] !== null && votePoints[i]! >= needed === (status === "passed"),
  );
  return {
    id,
    status,
    reason: status === "passed" ? "passed" : `weak_${weakest}`,
    message: votes[agreeing]!.verdict!.reason,
    points: median(readable.map(pointsOf)),
    scores,
    votePoints,
  };
}

const median = (values: readonly number[]): number => quantile(values, 0.5);
