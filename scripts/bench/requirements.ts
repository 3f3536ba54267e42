/** The goals for speed and memory, each beside what was measured. */
import { join } from "node:path";
import type { Lab } from "../../lib/config/lab.ts";
import {
  distillTime,
  firstPointTime,
  overheadTime,
  readRecord,
  readTimings,
  totalTime,
  trainingTime,
} from "./results.ts";
import type { Measured } from "./results.ts";

export interface BenchRow {
  what: string;
  required: string;
  measured: string;
  /** Null when it was not measured. */
  met: boolean | null;
  how: string;
}

const seconds = (s: number): string => (s < 180 ? `${s.toFixed(1)} s` : `${(s / 60).toFixed(1)} min`);
const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function row(
  what: string,
  required: string,
  meets: (value: number) => boolean,
  show: (value: number) => string,
  { value, how }: Measured,
): BenchRow {
  return {
    what,
    required,
    measured: value === null ? "–" : show(value),
    met: value === null ? null : meets(value),
    how,
  };
}

const atMost =
  (limit: number) =>
  (value: number): boolean =>
    value <= limit;
const atLeast =
  (limit: number) =>
  (value: number): boolean =>
    value >= limit;

/** One row a goal. `client`: our rate over a bare load generator's. */
export function benchRows(lab: Lab, client: Measured): BenchRow[] {
  const { paths } = lab;
  const record = readRecord(lab);
  const fromRecord = (value: number | null | undefined, how: string): Measured =>
    record ? { value: value ?? null, how } : { value: null, how: "needs a run of the pipeline" };
  return [
    row("npm start, everything installed", "≤ 15 min (aim 8)", atMost(15 * 60), seconds, totalTime(lab)),
    {
      what: "npm start, from nothing",
      required: "≤ 20 min at 50 MB/s (aim 12)",
      measured: "–",
      met: null,
      how: "needs a machine without packages",
    },
    row(
      "npm start, nothing changed",
      "< 2 min",
      atMost(2 * 60),
      seconds,
      fromRecord(record?.againSeconds, "the same workspace, started again"),
    ),
    row(
      "peak memory of all processes",
      "≤ 8 GB",
      atMost(8e9),
      gigabytes,
      fromRecord(record?.peakBytes, "summed PSS, sampled twice a second"),
    ),
    row("distilling 600 questions", "≤ 90 s", atMost(90), seconds, distillTime(lab)),
    row("client against a bare load generator", "≥ 90 %", atLeast(0.9), percent, client),
    row("SFT", "≤ 60 s", atMost(60), seconds, trainingTime(lab, paths.sftLora)),
    row("GRPO after SFT", "≤ 3 min", atMost(3 * 60), seconds, trainingTime(lab, paths.grpoLora)),
    row(
      "GRPO without SFT",
      "≤ 3 min",
      atMost(3 * 60),
      seconds,
      trainingTime(lab, join(paths.ckpts, "grpo_only_lora")),
    ),
    row("notebook 05's first live point", "≤ 30 s", atMost(30), seconds, firstPointTime(lab)),
    row("a notebook's own overhead", "≤ 15 s", atMost(15), seconds, overheadTime(lab)),
  ];
}

/** One row a notebook: how long it took, and how long once more with all model work on disk. */
export function notebookRows(
  lab: Lab,
): { notebook: string; seconds: number; "without model work (s)": number | null }[] {
  const again = readRecord(lab)?.overhead ?? {};
  return Object.entries(readTimings(lab))
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([notebook, { seconds }]) => ({
      notebook,
      seconds,
      "without model work (s)": again[notebook]?.seconds ?? null,
    }));
}
