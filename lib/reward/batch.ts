/** One batch of completions through a reward function, with every way that can go wrong named. */
import { z } from "zod";
import { LabError } from "../errors.ts";
import type { RewardQuestion, RewardRow, RewardWeights } from "./reward.ts";
import { rewardRow } from "./reward.ts";

/** What the trainer sends: one line of JSON. */
export const RewardRequest = z.object({
  batch: z.number().int(),
  /** Asks for `ProbeParts`. */
  probe: z.boolean().default(false),
  rows: z.array(
    z.object({
      id: z.string(),
      question: z.string(),
      gold: z.string(),
      completion: z.string(),
      tokens: z.number(),
    }),
  ),
});

/** A reward as a module exports it: it may wait for something, a Judge for instance. */
export type RewardFunction = (
  row: RewardRow,
) => Record<string, number | null> | Promise<Record<string, number | null>>;

export type RewardParts = Record<string, number | null> & { total: number };

/**
 * The named parts for each row, in order, `total` among them: the sum of the parts where the function gives
 * none.
 *
 * Throws LabError when the function throws, or returns anything but named finite numbers (null for a part it
 * did not judge), and when a gold cannot be read: the run must stop by name, not be paid zeros.
 */
export async function scoreBatch(
  rows: readonly RewardQuestion[],
  reward: RewardFunction,
  weights: RewardWeights,
): Promise<RewardParts[]> {
  return await Promise.all(
    rows.map(async (row) => withTotal(await callReward(reward, rewardRow(row, weights)), row)),
  );
}

/** What the reward pays for an answer that is not trained on, and what the checker says of it. */
export interface ProbeParts {
  total: number;
  /** Whatever the reward is; `null`: rules could not decide. */
  right: 0 | 1 | null;
}

/** As `scoreBatch`, and beside each total the checker's own verdict: a reward of one's own may see no error. */
export async function scoreProbe(
  rows: readonly RewardQuestion[],
  reward: RewardFunction,
  weights: RewardWeights,
): Promise<ProbeParts[]> {
  const paid = await scoreBatch(rows, reward, weights);
  return rows.map((row, i) => ({ total: paid[i]!.total, right: rewardRow(row, weights).score.accuracy }));
}

async function callReward(reward: RewardFunction, row: RewardRow): Promise<unknown> {
  try {
    return await reward(row);
  } catch (cause) {
    throw new LabError(
      {
        what: "The reward threw an error",
        where: `row ${row.id}`,
        found: describeError(cause),
        todo: "Mend the reward and start the run again.",
      },
      { cause },
    );
  }
}

function describeError(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const at = cause.stack
    ?.split("\n")
    .find((line) => line.trimStart().startsWith("at "))
    ?.trim();
  return at ? `${cause.name}: ${cause.message} (${at})` : `${cause.name}: ${cause.message}`;
}

function withTotal(parts: unknown, { id }: RewardQuestion): RewardParts {
  const wrong = (where: string, found: unknown) =>
    new LabError({
      what: "The reward must return named numbers",
      where,
      expected: "finite numbers, such as { format: 1, accuracy: 0, total: 0.3 }",
      found: String(found),
    });
  if (typeof parts !== "object" || parts === null || Array.isArray(parts)) throw wrong(`row ${id}`, parts);
  let sum = 0;
  const entries = Object.entries(parts);
  if (entries.length === 0) throw wrong(`row ${id}`, "no parts");
  for (const [name, value] of entries) {
    if (value === null && name !== "total") continue;
    if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(`row ${id}, ${name}`, value);
    sum += value;
  }
  return { total: sum, ...(parts as Record<string, number | null>) } as RewardParts;
}
