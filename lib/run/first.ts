/** Beginnings: the first steps of a run, the first questions of a list. Pure. */
import type { Metrics } from "./run-metrics.ts";
import type { SamplesEvent } from "./run-events.ts";

/** What a run logged up to and including step `last`: a shorter run can be laid over it. Everything else of the run stays. */
export function firstSteps<R extends { metrics: Metrics; samples: readonly SamplesEvent[] }>(run: R, last: number): R {
  const kept = run.metrics.step.filter((step) => step <= last).length; // steps are in order
  const columns = Object.entries(run.metrics).map(([name, values]) => [name, values.slice(0, kept)]);
  return { ...run, metrics: Object.fromEntries(columns) as Metrics, samples: run.samples.filter(({ step }) => step <= last) };
}

/** `count` of `rows`, those that `few` names first; both parts keep the order of `rows`. */
export function putFirst<T extends { id: string }>(rows: readonly T[], few: readonly { id: string }[], count: number): T[] {
  const ids = new Set(few.map(({ id }) => id));
  return [...rows.filter(({ id }) => ids.has(id)), ...rows.filter(({ id }) => !ids.has(id))].slice(0, count);
}
