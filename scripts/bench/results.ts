/** What a finished workspace says about how long its stages took. Reads only. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readOrigin } from "../../lib/model/adapter.ts";
import { readDistillCurve } from "../../lib/distill/curve.ts";
import type { Lab } from "../../lib/config/lab.ts";
import { listRuns, readRun } from "../../lib/run/run.ts";
import { RunFolder } from "../../lib/run/folder.ts";
import { readLedger } from "../pipeline/kept.ts";

const Timings = z.record(z.string(), z.object({ finished: z.string(), seconds: z.number() }));
/** Notebook number → when it ended and how long it took. */
export type Timings = z.infer<typeof Timings>;

/** `reports/bench.json`: what only the run of the pipeline itself could measure. */
export const PipelineRecord = z.object({
  created: z.string(),
  totalSeconds: z.number(),
  /** Peak of the summed memory of all processes; null where there is no /proc. */
  peakBytes: z.number().nullable(),
  notebooks: Timings,
  /** Seconds of a second start with nothing changed. */
  againSeconds: z.number(),
  /** Every notebook executed once more, with all model work on disk. */
  overhead: Timings,
});
export type PipelineRecord = z.infer<typeof PipelineRecord>;

/** A number with where it comes from; null: not measured. */
export interface Measured {
  value: number | null;
  how: string;
}

/** The questions of the goal for distilling. */
const QUESTIONS = 600;

export const recordFile = (lab: Lab): string => join(lab.paths.reports, "bench.json");

/** Null in a workspace that no bench has filled. Throws ZodError on a file of another form. */
export function readRecord(lab: Lab): PipelineRecord | null {
  return existsSync(recordFile(lab))
    ? PipelineRecord.parse(JSON.parse(readFileSync(recordFile(lab), "utf8")))
    : null;
}

/** Of the run of the pipeline, or else of each notebook's last execution. */
export function readTimings(lab: Lab): Timings {
  return readRecord(lab)?.notebooks ?? Timings.parse(readLedger(lab));
}

/** All eight notebooks and the reports; without a record the sum over the notebooks. */
export function totalTime(lab: Lab): Measured {
  const record = readRecord(lab);
  if (record) return { value: record.totalSeconds, how: "wall clock, reports included" };
  const notebooks = Object.values(readTimings(lab));
  if (notebooks.length === 0) return { value: null, how: "no notebook was executed here" };
  return {
    value: notebooks.reduce((sum, { seconds }) => sum + seconds, 0),
    how: `sum over ${notebooks.length} notebooks, without the reports`,
  };
}

/** Seconds for 600 texts, in proportion to what was asked for; the server's start is in them. */
export function distillTime(lab: Lab): Measured {
  const curve = readDistillCurve(lab);
  const seconds = curve?.history.at(-1)?.seconds;
  const rows = curve ? curve.total - (curve.resumed ?? 0) : 0;
  if (seconds === undefined || rows === 0) return { value: null, how: "no distillation's curve was kept" };
  return {
    value: (seconds * QUESTIONS) / rows,
    how: `${rows} texts in ${seconds.toFixed(1)} s with the server's start, scaled to ${QUESTIONS}`,
  };
}

/** Seconds of the run that made the adapter in `folder`: from its run.json to its end. */
export function trainingTime(lab: Lab, folder: string): Measured {
  const key = readOrigin(folder)?.run;
  if (!key || !new RunFolder(lab, key).exists()) return { value: null, how: "not trained here" };
  const run = readRun(lab, key);
  const end = run.events.findLast((event) => event.event === "end");
  if (run.status !== "done" || !end || !run.start) return { value: null, how: `the run is ${run.status}` };
  const created = Date.parse(new RunFolder(lab, key).readRunFile().created) / 1000;
  return {
    value: end.time - created,
    how:
      `${run.step} steps; ${(end.time - run.start.time).toFixed(1)} s of it between its events ` +
      "start and end",
  };
}

/** Seconds from the start of notebook 05 to the first step that a run of several steps logged in it. */
export function firstPointTime(lab: Lab): Measured {
  const notebook = readTimings(lab)["05"];
  if (!notebook) return { value: null, how: "notebook 05 was not executed here" };
  const end = Date.parse(notebook.finished) / 1000;
  const start = end - notebook.seconds;
  const firsts = listRuns(lab)
    .filter((run) => run.stage === "grpo" && run.status !== "unreadable" && run.totalSteps > 1)
    .map(({ key }) => readRun(lab, key).events.find((event) => event.event === "step")?.time ?? Infinity)
    .filter((time) => time >= start && time <= end);
  return firsts.length === 0
    ? { value: null, how: "its runs were there before it" }
    : { value: Math.min(...firsts) - start, how: "from the notebook's start, the kernel's included" };
}

/** The slowest notebook of the executions with all model work on disk. */
export function overheadTime(lab: Lab): Measured {
  const slowest = Object.entries(readRecord(lab)?.overhead ?? {}).sort(
    ([, a], [, b]) => b.seconds - a.seconds,
  )[0];
  return slowest
    ? {
        value: slowest[1].seconds,
        how: `notebook ${slowest[0]}, the slowest, executed again with its runs and texts on disk`,
      }
    : { value: null, how: "needs a run of the pipeline" };
}
