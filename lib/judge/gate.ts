/** Who is shown to the Judge: only what passes the rules, and what the guard does not hold back. Pure. */
import { scoreCompletion } from "../answer/index.ts";
import { guardReason } from "./guard.ts";

/** A text to be judged, with all the rules need to know. */
export interface JudgeRow {
  id: string;
  question: string;
  gold: string;
  completion: string;
}

/** The sentence of a failed format gate. */
export function formatMessage(reason: string): string {
  return `the text is not one think block and then one answer block: ${reason.replaceAll("_", " ")}`;
}

const GUARD_MESSAGES = {
  no_reasoning: "there is no reasoning before the answer",
  addresses_judge: "the text speaks to the Judge instead of solving the problem",
  padded: "the reasoning repeats itself for thousands of characters",
};

/**
 * Why the Judge does not see this text, or null when it does: the format gate, then the answer by the strict
 * rules (what rules cannot decide is left to the Judge), then the guard.
 */
export function gateReason(row: JudgeRow): { reason: string; message: string } | null {
  const { format, formatReason, strict } = scoreCompletion(row);
  if (!format) return { reason: formatReason, message: formatMessage(formatReason) };
  if (strict.verdict !== "right" && strict.verdict !== "judge")
    return { reason: strict.reason, message: strict.message };
  const guard = guardReason(row.completion);
  return guard === null ? null : { reason: guard, message: GUARD_MESSAGES[guard] };
}
