/** One line of the `score` command: a JSON object in, a verdict or a named error out. */
import { z } from "zod";
import { checkAnswer, readGold, scoreCompletion } from "../answer/index.ts";
import type { Judged } from "../answer/index.ts";
import { fieldProblem } from "../store/field-problem.ts";
import { rewardOf } from "./reward.ts";
import type { RewardScore, RewardWeights } from "./reward.ts";

const Id = z.union([z.string(), z.number()], "a text or a number");
const Line = z
  .object({
    id: Id.optional(),
    question: z.string(),
    gold: z.string(),
    prediction: z.string().optional(),
    completion: z.string().optional(),
  })
  .refine(
    (row) => (row.prediction === undefined) !== (row.completion === undefined),
    "either prediction or completion",
  );

export interface ScoredLine {
  /** That of the line; null where it has none: answers come in the order of the lines. */
  id: string | number | null;
  verdict: Judged["verdict"];
  /** A stable code. */
  reason: string;
  message: string;
  /** null when only a prediction was given. */
  format: boolean | null;
  /** null without a completion, and where the gold cannot be read: such a row must not be trained on. */
  reward: RewardScore | null;
}

export interface FailedLine {
  id: string | number | null;
  error: string;
}

/** Scores one line; the answer block of a completion is read strictly. Throws on nothing. */
export function scoreLine(line: string, weights: RewardWeights): ScoredLine | FailedLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    return { id: null, error: `not JSON: ${(cause as Error).message}` };
  }
  const parsed = Line.safeParse(value);
  if (!parsed.success) {
    const { field, expected, found } = fieldProblem(parsed.error, value);
    return {
      id: idOf(value),
      error: field
        ? `${field}: expected ${expected}, found ${found}`
        : `expected ${expected}, found ${found}`,
    };
  }
  const { id = null, question, gold, prediction, completion } = parsed.data;
  if (completion === undefined) {
    const { verdict, reason, message } = checkAnswer({ question, gold, prediction: prediction ?? "" });
    return { id, verdict, reason, message, format: null, reward: null };
  }
  const score = scoreCompletion({ question, gold, completion });
  const { verdict, reason, message } = score.strict;
  return {
    id,
    verdict,
    reason,
    message,
    format: score.format,
    reward: readGold(question, gold).readable ? rewardOf(score, weights) : null,
  };
}

function idOf(value: unknown): string | number | null {
  if (typeof value !== "object" || value === null || !("id" in value)) return null;
  const parsed = Id.safeParse(value.id);
  return parsed.success ? parsed.data : null;
}
