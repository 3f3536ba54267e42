/** Training as a run: started once, followed by whoever looks, finished whether or not anybody does. */
import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileError, writeFileAtomic } from "./atomic.ts";
import type { Config } from "./config.ts";
import { LabError } from "./errors.ts";
import { REPO_ROOT } from "./paths.ts";
import { endGroup, isAlive, waitForExit } from "./process-identity.ts";
import type { RunEvent } from "./records.ts";
import { cutTornTail, EventTail } from "./run-events.ts";
import type { EndEvent, SamplesEvent, StartEvent, WarningEvent } from "./run-events.ts";
import { RunFolder } from "./run-folder.ts";
import type { Workspace } from "./run-folder.ts";
import { runKey } from "./run-key.ts";
import type { RunFile, RunSpec, Stage } from "./run-key.ts";
import { whileStarting } from "./run-lock.ts";
import { RunProgress } from "./run-metrics.ts";
import type { Metrics } from "./run-metrics.ts";
import { describeDeath, launch, sidecarCommand } from "./run-process.ts";

/** "interrupted": no process works on it and no `end` was written; starting it again resumes from the newest complete checkpoint. */
export type RunStatus = "running" | "done" | "failed" | "interrupted";

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
  folder: string;
  /** Where the adapter or merged model is when the run is done. */
  output: string;
}

export interface StartOptions {
  /** Start from nothing even if the run is done or could be resumed; the old folder is kept as `<key>.old-<time>`. */
  force?: boolean;
  /** Program and arguments instead of `.venv/bin/python scripts/<stage>.py`; the path of run.json is appended. */
  command?: readonly string[];
}

export interface FollowOptions {
  /** Called for every event from the run's beginning, so that a figure can be built up. */
  onEvent?: (event: RunEvent) => void;
  /** Called with the run so far, at most every `progressMs`, and once at the end. */
  onProgress?: (run: Run) => void;
  progressMs?: number;
  /** Stops watching; the run goes on. */
  signal?: AbortSignal;
}

/**
 * Starts the run that `spec` describes, or attaches to it: at most one process works on a key.
 *
 * done → nothing is started (unless `force`); running → the living process is kept; failed or interrupted → a new process resumes
 * from the newest complete checkpoint. Writes run.json (and reward.ts) first. Returns the key and whether a process was started.
 */
export async function startRun(workspace: Workspace, spec: RunSpec, { force = false, command }: StartOptions = {}): Promise<{ key: string; started: boolean }> {
  const key = runKey(spec);
  const folder = new RunFolder(workspace, key);
  return await whileStarting(workspace.paths.runs, async () => {
    if (folder.exists()) {
      const { status } = readRun(workspace, key);
      if (status === "running" || (status === "done" && !force)) return { key, started: false };
      await waitUntilGone(folder);
      if (force) renameSync(folder.path, `${folder.path}.old-${new Date().toISOString().replace(/[:.]/g, "")}`);
    }
    writeRunFile(folder, spec, key);
    await launch(folder, command ?? sidecarCommand(spec.stage));
    return { key, started: true };
  });
}

/** Starts an interrupted or failed run again from its newest complete checkpoint, with the run.json it has. As `startRun` otherwise. */
export async function resumeRun(workspace: Workspace, key: string, { command }: Pick<StartOptions, "command"> = {}): Promise<{ key: string; started: boolean }> {
  const folder = new RunFolder(workspace, key);
  return await whileStarting(workspace.paths.runs, async () => {
    const { stage } = folder.readRunFile();
    const { status } = readRun(workspace, key);
    if (status === "running" || status === "done") return { key, started: false };
    await waitUntilGone(folder);
    await launch(folder, command ?? sidecarCommand(stage));
    return { key, started: true };
  });
}

/** A trainer that has written its end may still be tearing down; two must not share a folder. */
async function waitUntilGone(folder: RunFolder): Promise<void> {
  const attempt = folder.readAttempt();
  if (attempt && !(await waitForExit(attempt, 5000))) await endGroup(attempt);
}

function writeRunFile(folder: RunFolder, spec: RunSpec, key: string): void {
  try {
    mkdirSync(folder.path, { recursive: true });
    const { reward, ...rest } = spec;
    if (reward && "source" in reward) writeFileSync(folder.rewardModule, reward.source);
    const path = reward && ("source" in reward ? folder.rewardModule : reward.path);
    const file: RunFile = {
      ...rest,
      key,
      reward: reward && path ? { command: [process.execPath, join(REPO_ROOT, "lib", "reward-server.ts"), path], path, sha256: reward.sha256 } : null,
      output: join(folder.path, spec.stage === "merge" ? "merged" : "adapter"),
      runDir: folder.path,
      created: new Date().toISOString(),
    };
    writeFileAtomic(folder.runFile, `${JSON.stringify(file, null, 2)}\n`);
  } catch (cause) {
    throw fileError("The run could not be written", folder.path, cause);
  }
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

/**
 * Follows a run until it ends and returns it; what it was, done, failed or interrupted, is its `status`.
 *
 * Works from any process, for a run that somebody else started, too. When `signal` aborts or the cell is interrupted (SIGINT), throws
 * a LabError that says the run goes on; `cancelRun` ends it.
 */
export async function followRun(workspace: Workspace, key: string, { onEvent, onProgress, progressMs = 1000, signal }: FollowOptions = {}): Promise<Run> {
  const folder = new RunFolder(workspace, key);
  const file = folder.readRunFile();
  const tail = new EventTail(folder.events);
  const progress = new RunProgress();
  let interrupted = signal?.aborted ?? false;
  let wake: () => void = () => undefined;
  const stop = () => {
    interrupted = true;
    wake();
  };
  const stopByKey = () => {
    // A notebook shows its own error for an interrupted cell; this is the only place left to say it.
    console.error(goesOn(key).message);
    stop();
  };
  signal?.addEventListener("abort", stop);
  process.on("SIGINT", stopByKey);
  try {
    for (let lastProgress = 0; ; ) {
      const alive = attemptLives(folder);
      const news = tail.read();
      for (const placed of news) {
        progress.add(placed);
        onEvent?.(placed.event);
      }
      const over = !alive || currentEnd(folder, progress) !== null;
      if (over && news.length > 0) continue; // read once more: nothing it wrote last may be missed
      if (over || (news.length > 0 && onProgress && Date.now() - lastProgress >= progressMs)) {
        // The starter hears of its child's exit a moment after the process is gone.
        if (!alive) await new Promise((resolve) => setTimeout(resolve, 100));
        const run = describeRun(folder, file, progress, alive);
        lastProgress = Date.now();
        onProgress?.(run);
        if (over) return run;
      }
      if (interrupted) throw goesOn(key);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 100);
      });
    }
  } finally {
    signal?.removeEventListener("abort", stop);
    process.removeListener("SIGINT", stopByKey);
  }
}

function goesOn(key: string): LabError {
  return new LabError({ what: `Stopped watching run ${key}; it goes on in the background`, todo: "Run the cell again to watch it, or cancelRun(lab, key) to end it." });
}

/**
 * Ends a running run with all its processes and records the cause "cancelled". Returns false when nothing was running.
 * Its checkpoints stay: starting it again resumes.
 */
export async function cancelRun(workspace: Workspace, key: string, graceMs = 10_000): Promise<boolean> {
  const folder = new RunFolder(workspace, key);
  folder.readRunFile();
  const attempt = folder.readAttempt();
  if (!attempt || !(await endGroup(attempt, graceMs))) return false;
  const run = readRun(workspace, key);
  if (run.status === "interrupted") {
    const end: EndEvent = { event: "end", time: Date.now() / 1000, status: "failed", cause: "cancelled", message: "cancelled by cancelRun", step: run.step };
    cutTornTail(folder.events);
    appendFileSync(folder.events, `${JSON.stringify(end)}\n`);
  }
  return true;
}

export type RunSummary = Pick<Run, "key" | "stage" | "label" | "step" | "totalSteps" | "cause" | "folder"> & { status: RunStatus | "unreadable"; created: string };

/** All runs of a workspace, newest first, without those that `force` moved aside. A folder that cannot be read is listed with the reason. */
export function listRuns(workspace: Workspace): RunSummary[] {
  const { runs } = workspace.paths;
  if (!existsSync(runs)) return [];
  const summaries: RunSummary[] = [];
  for (const name of readdirSync(runs)) {
    if (name.startsWith(".") || name.includes(".old-")) continue;
    const folder = new RunFolder(workspace, name);
    if (!folder.exists()) continue;
    try {
      const { key, stage, label, step, totalSteps, cause, status } = readRun(workspace, name);
      summaries.push({ key, stage, label, step, totalSteps, cause, status, folder: folder.path, created: folder.readRunFile().created });
    } catch (error) {
      const stage = (name.split("-")[0] ?? "sft") as Stage;
      summaries.push({ key: name, stage, label: name, step: 0, totalSteps: 0, cause: { code: "unreadable", message: (error as Error).message }, status: "unreadable", folder: folder.path, created: "" });
    }
  }
  return summaries.sort((a, b) => (a.created < b.created ? 1 : -1));
}

function attemptLives(folder: RunFolder): boolean {
  const attempt = folder.readAttempt();
  return attempt !== null && isAlive(attempt);
}

/** The `end` of the newest attempt; one that an earlier attempt wrote does not count. */
function currentEnd(folder: RunFolder, progress: RunProgress): EndEvent | null {
  const { end } = progress;
  return end && end.offset >= (folder.readAttempt()?.eventsOffset ?? 0) ? end.event : null;
}

function describeRun(folder: RunFolder, file: RunFile, progress: RunProgress, alive: boolean): Run {
  const end = currentEnd(folder, progress);
  const attempt = folder.readAttempt();
  const status: RunStatus = end ? end.status : alive ? "running" : "interrupted";
  const cause =
    end?.status === "failed" ? { code: end.cause ?? "error", message: end.message ?? "no message" }
    : status === "interrupted" ? { code: attempt ? "process_died" : "not_started", message: attempt ? describeDeath(folder, attempt) : "its process was never started" }
    : null;
  const { start, step, warnings, events } = progress;
  const { key, stage, label, config, output } = file;
  return { key: folder.key, stage, label, status, cause, step, totalSteps: start?.totalSteps ?? 0, start, metrics: progress.metrics(), samples: progress.samples(), warnings: [...warnings], events: [...events], config, folder: folder.path, output };
}
