/** Training as a run: started once, followed by whoever looks, finished whether or not anybody does. */
import { existsSync, readdirSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { isAlive } from "../store/process.ts";
import type { RunEvent } from "../records.ts";
import { EventTail } from "./events.ts";
import type { EndEvent, SamplesEvent, StartEvent, WarningEvent } from "./events.ts";
import { RunFolder } from "./folder.ts";
import type { Workspace } from "./folder.ts";
import type { RunFile, Stage } from "./key.ts";
import { RunProgress } from "./metrics.ts";
import type { Metrics } from "./metrics.ts";
import { describeDeath } from "./process.ts";

/**
 * "cancelled": ended by somebody. "interrupted": no process works on it and no `end` was written. Both resume
 * from the newest complete checkpoint when they are started again.
 */
export type RunStatus = "running" | "done" | "failed" | "cancelled" | "interrupted";

export interface Run {
  key: string;
  stage: Stage;
  label: string;
  status: RunStatus;
  /** Why it is not done: a stable code and a sentence. null while running and when done. */
  cause: { code: string; message: string } | null;
  /** Optimizer steps done, and planned (0 before the trainer said so). */
  step: number;
  totalSteps: number;
  start: StartEvent | null;
  metrics: Metrics;
  samples: SamplesEvent[];
  warnings: WarningEvent[];
  events: RunEvent[];
  config: Config;
  /** When it was started, for the last time if more than once. */
  created: string;
  folder: string;
  /** Where the adapter, merged model or exported files are when the run is done. */
  output: string;
}

/** The run as it stands now. Throws LabError when there is none by this key. */
export function readRun(workspace: Workspace, key: string): Run {
  const folder = new RunFolder(workspace, key);
  const file = folder.readRunFile();
  const alive = attemptLives(folder); // asked first: a trainer that ends in between has its end read
  const progress = new RunProgress();
  for (const event of new EventTail(folder.events).read()) progress.add(event);
  return describeRun(folder, file, progress, alive);
}

export type RunSummary = Pick<
  Run,
  "key" | "stage" | "label" | "step" | "totalSteps" | "cause" | "created" | "folder"
> & {
  status: RunStatus | "unreadable";
};

/**
 * All runs of a workspace, newest first, without those that `force` moved aside. A folder that cannot be read
 * is listed with the reason.
 */
export function listRuns(workspace: Workspace): RunSummary[] {
  const { runs } = workspace.paths;
  if (!existsSync(runs)) return [];
  const summaries: RunSummary[] = [];
  for (const name of readdirSync(runs)) {
    if (name.startsWith(".") || name.includes(".old-")) continue;
    const folder = new RunFolder(workspace, name);
    if (!folder.exists()) continue;
    try {
      const { key, stage, label, step, totalSteps, cause, status, created } = readRun(workspace, name);
      summaries.push({
        key,
        stage,
        label,
        step,
        totalSteps,
        cause,
        status,
        folder: folder.path,
        created,
      });
    } catch (error) {
      const stage = (name.split("-")[0] ?? "sft") as Stage;
      summaries.push({
        key: name,
        stage,
        label: name,
        step: 0,
        totalSteps: 0,
        cause: { code: "unreadable", message: (error as Error).message },
        status: "unreadable",
        folder: folder.path,
        created: "",
      });
    }
  }
  return summaries.sort((a, b) => (a.created < b.created ? 1 : -1));
}

/**
 * Whether it went to its end: done, or a GRPO that in all its steps found nothing to learn from, which is a
 * result as well.
 */
export function isFinished({ status, cause }: Pick<Run, "status" | "cause">): boolean {
  return status === "done" || cause?.code === "no_signal";
}

/** Whether the process of the newest attempt still runs. */
export function attemptLives(folder: RunFolder): boolean {
  const attempt = folder.readAttempt();
  return attempt !== null && isAlive(attempt);
}

/** The `end` of the newest attempt; one that an earlier attempt wrote does not count. */
export function currentEnd(folder: RunFolder, progress: RunProgress): EndEvent | null {
  const { end } = progress;
  return end && end.offset >= (folder.readAttempt()?.eventsOffset ?? 0) ? end.event : null;
}

/** The run that these events add up to. */
export function describeRun(folder: RunFolder, file: RunFile, progress: RunProgress, alive: boolean): Run {
  const end = currentEnd(folder, progress);
  const attempt = folder.readAttempt();
  const status: RunStatus = end ? endStatus(end) : alive ? "running" : "interrupted";
  const cause =
    end?.status === "failed"
      ? { code: end.cause ?? "error", message: end.message ?? "no message" }
      : status === "interrupted"
        ? {
            code: attempt ? "process_died" : "not_started",
            message: attempt ? describeDeath(folder, attempt) : "its process was never started",
          }
        : null;
  const { start, step, warnings, events } = progress;
  const { stage, label, config, output, created } = file;
  return {
    key: folder.key,
    stage,
    label,
    status,
    cause,
    step,
    totalSteps: start?.totalSteps ?? 0,
    start,
    metrics: progress.metrics(),
    samples: progress.samples(),
    warnings: [...warnings],
    events: [...events],
    config,
    created,
    folder: folder.path,
    output,
  };
}

/** On disk a run that somebody ended has failed, with that cause. */
function endStatus({ status, cause }: EndEvent): RunStatus {
  return status === "failed" && cause === "cancelled" ? "cancelled" : status;
}
