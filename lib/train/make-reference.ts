/** Makes the band that `reference.ts` draws and holds runs against. Pure. */
import { valueAt } from "../config/settings.ts";
import { trainingKeys } from "../run/settings.ts";
import { mean } from "../stats/stats.ts";
import { studentQuantile } from "../stats/trend.ts";
import { smoothingWindow } from "../view/numbers.ts";
import { MEASURES, movingMean } from "./reference.ts";
import type { Drawn, Reference } from "./reference.ts";

/** Chance that a further run leaves the band anywhere. */
const LEVEL = 0.05;
/** Of `grpo`: what changes what is kept of a run or how it is cut into passes, not what it learns. */
const NOT_LEARNED =
  /^grpo\.(?:sampleEvery|inspectSteps|saveSteps|probe\w+|microBatch|gradientCheckpointing)$/;

/**
 * The band that runs of one recipe and several seeds make.
 *
 * Of each run the moving mean over `window` steps is taken. At each step the band is the runs' mean ± t · s ·
 * √(1 + 1/k), where a further run is expected: k runs, s their standard deviation pooled over all steps, t
 * Student's, with the degrees of freedom of as many separate windows as the runs have, and the level of 5 %
 * shared among these windows and both measures. Throws RangeError for fewer than two runs or runs of another
 * length.
 */
export function referenceOf(runs: readonly Drawn[], created: string): Reference {
  const steps = runs[0]?.samples.length ?? 0;
  const whole = runs.every(
    ({ samples }) => samples.length === steps && samples.every((s, i) => s.step === i + 1),
  );
  if (runs.length < 2 || steps === 0 || !whole)
    throw new RangeError(
      "referenceOf requires two or more runs that kept every step, " +
        `got ${runs.map((run) => run.samples.length)}`,
    );
  const window = smoothingWindow(steps);
  const windows = Math.max(1, Math.floor(steps / window));
  const t = studentQuantile(LEVEL / 2 / (windows * MEASURES.length), windows * (runs.length - 1));
  const [{ config }] = runs as [Drawn];
  const keys = trainingKeys("grpo").filter(
    (key) => key !== "seed" && !key.startsWith("gpu.") && !NOT_LEARNED.test(key),
  );
  const bandOf = (measure: (typeof MEASURES)[number]) => {
    const means = runs.map((run) => movingMean(run, measure, window));
    const centre = means[0]!.map((_, i) => mean(means.map((each) => each[i]!)));
    const squares = centre.map((c, i) => means.reduce((sum, each) => sum + (each[i]! - c) ** 2, 0));
    const half = t * Math.sqrt((mean(squares) / (runs.length - 1)) * (1 + 1 / runs.length));
    const side = (sign: number) => centre.map((c) => Number((c + sign * half).toFixed(4)));
    return { low: side(-1), high: side(1) };
  };
  return {
    created,
    profile: config.profile,
    seeds: runs.map((run) => run.config.seed),
    settings: Object.fromEntries(keys.map((key) => [key, valueAt(config, key)])),
    window,
    reward: bandOf("reward"),
    accuracy: bandOf("accuracy"),
  };
}
