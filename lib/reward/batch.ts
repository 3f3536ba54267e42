/** One batch of completions through a reward function, with every way that can go wrong named. */
import { z } from "zod";
import { LabError } from "../errors.ts";
import type { RewardQuestion, RewardRow, RewardWeights } from "./reward.ts";
import { rewardRow } from "./reward.ts";

/** What the trainer sends: one line of JSON. */
export const RewardRequest = z.object({
  batch: z.number().int(),
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

export interface ScoredBatch {
  /** The named parts for each row, in order, `total` among them. */
  rows: RewardParts[];
  /** What the checker says of each, whatever the reward is; null where rules could not decide. */
  right: (0 | 1 | null)[];
}

/**
 * A batch as the reward pays it and as the checker judges it: a reward of one's own may see no error. The
 * total is the sum of the parts where the function gives none.
 *
 * Throws LabError when the function throws, or returns anything but named finite numbers (null for a part it
 * did not judge), and when a gold cannot be read: the run must stop by name, not be paid zeros.
 */
export async function scoreBatch(
  rows: readonly RewardQuestion[],
  reward: RewardFunction,
  weights: RewardWeights,
): Promise<ScoredBatch> {
  const judged = rows.map((row) => rewardRow(row, weights));
  const right = judged.map(({ score }) => score.accuracy); // before a reward of the reader's may change it
  const paid = judged.map(async (row, i) => withTotal(await callReward(reward, row), rows[i]!));
  return { rows: await Promise.all(paid), right };
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
