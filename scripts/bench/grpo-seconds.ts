/** What a GRPO run's step events say about its speed. Pure. */
import { LabError } from "../../lib/errors.ts";
import type { RunEvent } from "../../lib/records.ts";

/** Steps that compile, allocate and warm up: not counted. */
export const WARM_UP = 3;
const PHASES = ["generate", "sync", "score", "reward", "update"];
const BESIDE = [
  "completions/mean_length",
  "completions/max_length",
  "tokensPerSecond",
  "memoryMiB",
  "reward",
  "kl",
  "entropy",
  "sampling/sampling_logp_difference/mean",
  "sampling/above_max",
];

export interface GrpoSeconds {
  /** Steps that were counted. */
  steps: number;
  /** Mean seconds from the end of one step to the end of the next: logging and checkpoints count, too. */
  wall: number;
  rows: { what: string; mean: number; least: number; most: number }[];
}

/** Mean, least and most over the steps after the first three. Throws LabError for a run that had no more. */
export function secondsOf(events: readonly RunEvent[]): GrpoSeconds {
  const steps = events.filter((event) => event.event === "step");
  const counted = steps.slice(WARM_UP);
  if (counted.length === 0)
    throw new LabError({
      what: "The run is too short to be measured",
      where: "--steps",
      expected: `more than ${WARM_UP} steps`,
      found: String(steps.length),
    });
  const wall = counted.map(({ time }, i) => time - steps[WARM_UP + i - 1]!.time);
  const row = (what: string, values: readonly number[]) => ({
    what,
    mean: round(values.reduce((sum, x) => sum + x, 0) / values.length),
    least: round(Math.min(...values)),
    most: round(Math.max(...values)),
  });
  const metric = (name: string) => counted.flatMap(({ metrics }) => metrics[name] ?? []);
  const known = (names: readonly string[]) => names.filter((name) => metric(name).length > 0);
  const phases = known(PHASES.map((name) => `seconds/${name}`));
  const rows = [
    row("seconds a step, by the clock", wall),
    ...["secondsPerStep", ...phases, ...known(BESIDE)].map((name) => row(name, metric(name))),
  ];
  return { steps: counted.length, wall: rows[0]!.mean, rows };
}

const round = (value: number): number => Number(value.toPrecision(4));
