/** A Judge without JSON: of its first verdicts none can be read. Pure. */
import { LabError } from "../errors.ts";
import { countBy } from "../stats/stats.ts";
import type { JudgeVote } from "./vote.ts";

/** So many verdicts, and none readable: the next thousand will be no better. */
export const UNREAD_LIMIT = 32;

/** `reply`: what was read in vain; null where there was none. */
export interface UnreadVote extends JudgeVote {
  reply: string | null;
}

/** Characters of a reply that the error shows. */
const SAMPLE = 160;

/**
 * The error of a Judge none of whose verdicts can be read: why by cause, two of its replies as they came, and
 * what to do about the most frequent cause. `votes` at least one, with their problems; `path` is where all
 * replies are.
 */
export function unreadError(
  votes: readonly UnreadVote[],
  { model, maxTokens, path }: { model: string; maxTokens: number; path: string },
): LabError {
  const causes = countBy(votes, ({ problem }) => problem ?? "unread");
  const [[worst]] = [...causes] as [[string, number]];
  const samples = [...new Set(votes.map(({ reply, message }) => sampleOf(reply ?? message ?? "")))].slice(
    0,
    2,
  );
  return new LabError({
    what: "The Judge writes no verdict that can be read",
    where: model,
    expected: "one JSON object with a reason and a score for each criterion, and nothing else",
    found: [
      `none in ${votes.length}: ${[...causes].map(([cause, n]) => `${cause} ${n}`).join(", ")}`,
      ...samples,
    ].join("\n            "),
    todo: [
      remedy(worst, maxTokens),
      "Or go on without it: filter.useJudge=false, evaluate.useJudge=false.",
      `Its replies are in ${path}; the next run asks again.`,
    ].join(" "),
  });
}

function remedy(problem: string, maxTokens: number): string {
  if (problem === "cut_off") return `Give its verdicts more room: filter.judgeMaxTokens=${2 * maxTokens}.`;
  if (problem === "context_overflow") return "Give prompt and verdict more room: serving.maxModelLength.";
  if (problem.startsWith("http_")) return "Its server refuses the request: see what it says above.";
  if (problem === "content_filter") return "Its server holds its replies back: choose another.";
  const enforce = "Have its server enforce the JSON schema that it is sent (serving.engine=vllm does)";
  return `${enforce}, or choose another models.judge.`;
}

function sampleOf(reply: string): string {
  const line = reply.trim().replace(/\s+/g, " ");
  return JSON.stringify(line.length > SAMPLE ? `${line.slice(0, SAMPLE)}…` : line);
}
