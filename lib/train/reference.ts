/** Is a GRPO run as runs of its profile are? The band of reference runs, and what differs. Pure. */
import { z } from "zod";
import type { Config } from "../config/config.ts";
import type { Run } from "../run/run.ts";
import { meanOf, movingAverage } from "../view/numbers.ts";
import tiny from "./reference-tiny.json" with { type: "json" };

const Band = z.strictObject({ low: z.array(z.number()), high: z.array(z.number()) });

/** Where a further run of the same recipe would lie. */
export const Reference = z.strictObject({
  created: z.string(),
  profile: z.string(),
  seeds: z.array(z.number().int()).min(2),
  /** The values of the config that they were trained with, without the seed. */
  settings: z.record(z.string(), z.unknown()),
  /** Steps of a moving mean. */
  window: z.number().int(),
  /** One value a step, from the first on. */
  reward: Band,
  accuracy: Band,
});
export type Reference = z.infer<typeof Reference>;

/** What is held against the band. */
export type Drawn = Pick<Run, "samples"> & { config: Config };

export const MEASURES = ["reward", "accuracy"] as const;
/**
 * The reference of the run's profile; null where there is none, for a reward of the reader's own, and with
 * several updates a batch: the band has one batch a step.
 */
export function referenceFor(run: Drawn): Reference | null {
  const reference = tiny as Reference;
  const { profile, grpo } = run.config;
  const isComparable = profile === reference.profile && grpo.updatesPerBatch === 1;
  return isComparable && isDefaultReward(run) ? reference : null;
}

/** Where the run left the band, and what it was told otherwise; null inside, and while it is too short. */
export function outsideReference(run: Drawn, reference: Reference): string | null {
  const { window } = reference;
  for (const measure of MEASURES) {
    const values = movingMean(run, measure, window);
    const { low, high } = reference[measure];
    // Only means of a whole window, of steps that the band has.
    const whole = values.flatMap((value, i) =>
      i >= window / 2 && i < values.length - window / 2 && i < low.length
        ? [
            {
              step: i + 1,
              side: value < low[i]! ? ("below" as const) : value > high[i]! ? ("above" as const) : null,
            },
          ]
        : [],
    );
    const stretch = stretchOf(whole);
    if (!stretch) continue;
    const { side, from, to } = stretch;
    const differs = differencesFrom(run.config, reference);
    const until = to === whole.at(-1)!.step ? "on" : `to step ${to}`;
    const when = from === to ? `at step ${from}` : `from step ${from} ${until}`;
    return (
      `${measure} is ${side} the reference runs ${when}. ` +
      (differs.length > 0
        ? `Another value than theirs: ${differs.join(", ")}.`
        : "All values but the seed are theirs: look at the questions and the SFT model.")
    );
  }
  return null;
}

interface Side {
  step: number;
  side: "below" | "above" | null;
}

/** Steps in a row that are outside on one side: the last ones of the run if they are, else the most. */
function stretchOf(steps: readonly Side[]): { side: string; from: number; to: number } | null {
  const stretches: { side: string; from: number; to: number }[] = [];
  for (const [i, { step, side }] of steps.entries()) {
    if (side === null) continue;
    if (i > 0 && steps[i - 1]!.side === side) stretches.at(-1)!.to = step;
    else stretches.push({ side, from: step, to: step });
  }
  const last = stretches.at(-1);
  if (!last || last.to === steps.at(-1)!.step) return last ?? null;
  return stretches.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a));
}

/** The values of a config that are not the reference's, as "grpo.learningRate 0.01 instead of 0.001". */
export function differencesFrom(config: Config, reference: Reference): string[] {
  return Object.entries(reference.settings).flatMap(([key, theirs]) => {
    const value = key
      .split(".")
      .reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], config);
    return JSON.stringify(value) === JSON.stringify(theirs)
      ? []
      : [`${key} ${JSON.stringify(value)} instead of ${JSON.stringify(theirs)}`];
  });
}

/** Whether all that was paid is the format and the accuracy with the config's weights. */
function isDefaultReward({ samples, config: { grpo } }: Drawn): boolean {
  return samples.every((step) =>
    step.samples.every(({ reward, rewards: { format, accuracy = 0, ...others } }) => {
      const paid = grpo.rewardFormat * (format ?? Number.NaN) + grpo.rewardAccuracy * accuracy;
      return Object.keys(others).every((name) => name === "total") && Math.abs(paid - reward) < 1e-6;
    }),
  );
}

/** The moving mean over `window` steps, one value a step. */
export function movingMean(
  { samples }: Pick<Run, "samples">,
  measure: (typeof MEASURES)[number],
  window: number,
): number[] {
  const values = samples.map((step) =>
    meanOf(step.samples.map((a) => (measure === "reward" ? a.reward : (a.rewards.accuracy ?? null)))),
  );
  return movingAverage(values, window).map((value) => value ?? 0);
}
