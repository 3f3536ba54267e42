/** Where a run stands, in words: what a figure says above its curve while the run goes on. Pure. */
import { formatNumber, meanOf } from "../view/numbers.ts";
import type { Run } from "./run.ts";

/** What is needed of a run to say it. */
export type Underway = Pick<Run, "status" | "step" | "totalSteps" | "start" | "metrics" | "created"> & {
  config: { profile: string };
};

/** Newest steps whose mean says how long the next one takes. */
const RECENT = 10;

/**
 * "34 of 100 steps · 0.5 s a step · 0:33 left"; before the first step, what it waits for; null when it is
 * not running. `now` in ms.
 */
export function describeProgress(run: Underway, now = Date.now()): string | null {
  if (run.status !== "running") return null;
  if (run.start === null) {
    const usual = run.config.profile === "tiny" ? "10 s" : "a minute";
    const since = Math.max(0, Math.round((now - Date.parse(run.created)) / 1000));
    return `starting Python and torch, usually ${usual} · ${since} s so far`;
  }
  if (run.step === 0) return `step 1 of ${run.totalSteps} is under way on ${run.start.device}`;
  const done = `${run.step} of ${run.totalSteps} steps`;
  const seconds = meanOf((run.metrics.secondsPerStep ?? []).slice(-RECENT));
  if (seconds === null) return done;
  const left = clock(seconds * (run.totalSteps - run.step));
  return `${done} · ${formatNumber(Number(seconds.toPrecision(2)))} s a step · ${left} left`;
}

/** Seconds as 0:33, 12:05 or 1:02:03. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
