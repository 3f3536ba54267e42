/** Watching a run from any process until it ends. */
import { join } from "node:path";
import { LabError } from "../errors.ts";
import type { RunEvent } from "../records.ts";
import { attemptLives, currentEnd, describeRun } from "./run.ts";
import type { Run } from "./run.ts";
import { EventTail } from "./events.ts";
import { RunFolder } from "./folder.ts";
import type { Workspace } from "./folder.ts";
import { RunProgress } from "./metrics.ts";
import { exitNoted } from "./process.ts";

export interface WatchOptions {
  /** Called for every event from the run's beginning, so that a figure can be built up. */
  onEvent?: (event: RunEvent) => void;
  /**
   * Called with the run so far: at once, then at most every `progressMs`, and at the end. Until its first
   * event it is called all the time, so that a figure can say that something happens.
   */
  onProgress?: (run: Run) => void;
  progressMs?: number;
  /** Stops watching; the run goes on. */
  signal?: AbortSignal;
}

/**
 * Follows a run until it ends and returns it; what it was, done, failed or interrupted, is its `status`.
 *
 * Works from any process, for a run that somebody else started, too. What it warns of stands on the console.
 * When `signal` aborts or the cell is interrupted (SIGINT), throws a LabError that says the run goes on;
 * `cancelRun` ends it.
 */
export async function followRun(
  workspace: Workspace,
  key: string,
  { onEvent, onProgress, progressMs = 1000, signal }: WatchOptions = {},
): Promise<Run> {
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
        if (placed.event.event === "warning") console.log(`${file.label}: ${placed.event.message}`);
        onEvent?.(placed.event);
      }
      const over = !alive || currentEnd(folder, progress) !== null;
      if (over && news.length > 0) continue; // read once more: nothing it wrote last may be missed
      const told = news.length > 0 || progress.start === null;
      if (over || (told && onProgress && Date.now() - lastProgress >= progressMs)) {
        if (!alive) await exitNoted(folder.readAttempt());
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
  return new LabError({
    what: `Stopped watching run ${key}; it goes on in the background`,
    todo: `Run the cell again to watch it, or this line to end it:\n${lineFor("cancelRun", key)}`,
  });
}

/** A line that runs in any cell as it stands, whatever that notebook has imported. */
export function lineFor(name: "cancelRun" | "keepRun", key: string): string {
  return `import { ${name} } from "ftmodel"; await ${name}(lab, "${key}");`;
}

/** Throws the run's own cause as a LabError unless it is done. */
export function assertDone(run: Run): void {
  if (run.status === "done") return;
  const how = run.status === "failed" ? "failed" : `was ${run.status}`;
  throw new LabError({
    what: `The run ${run.key} ${how}${run.status === "cancelled" ? "" : `: ${run.cause?.code ?? "unknown"}`}`,
    where: join(run.folder, "log.txt"),
    found: `${run.cause?.message ?? "no cause"} (after step ${run.step} of ${run.totalSteps})`,
    todo: whatNext(run),
  });
}

function whatNext({ status, cause }: Run): string {
  if (status === "interrupted" || status === "cancelled")
    return "Run the cell again: it resumes from the newest complete checkpoint.";
  if (cause?.code === "no_signal")
    return "For a new run change the reward, the questions, the seed, grpo.temperature or grpo.groupSize.";
  return "Mend the cause and run the cell again, or change a value: that makes a new run.";
}
