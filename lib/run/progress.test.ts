import { expect, test } from "vitest";
import { metrics } from "../testing/example-runs.ts";
import { describeProgress } from "./progress.ts";
import type { Underway } from "./progress.ts";

const start = { device: "cpu" } as Underway["start"];
const run = (change: Partial<Underway>): Underway => ({
  ...{ status: "running", step: 0, totalSteps: 100, start, metrics: metrics(0, {}) },
  ...{ created: "2026-11-29T12:00:00.000Z", config: { profile: "tiny" } },
  ...change,
});
const seconds = (steps: number, each: number) => metrics(steps, { secondsPerStep: () => each });

test("before its first event a run says what it waits for and since when", () => {
  const at = Date.parse("2026-11-29T12:00:04.200Z");
  expect(describeProgress(run({ start: null }), at)).toBe(
    "starting Python and torch, usually 10 s · 4 s so far",
  );
  expect(describeProgress(run({ start: null, config: { profile: "gpu" } }), at)).toContain(
    "usually a minute",
  );
});

test("then which step it is at, how long one takes and how long it will be", () => {
  expect(describeProgress(run({}))).toBe("step 1 of 100 is under way on cpu");
  expect(describeProgress(run({ step: 34, metrics: seconds(34, 0.5) }))).toBe(
    "34 of 100 steps · 0.5 s a step · 0:33 left",
  );
  expect(describeProgress(run({ step: 10, totalSteps: 500, metrics: seconds(10, 12) }))).toMatch(
    /· 12 s a step · 1:38:00 left$/,
  );
});

test("the newest steps alone say how long the next one takes", () => {
  const slowStart = metrics(20, { secondsPerStep: (share) => (share <= 0.5 ? 9 : 1) });
  expect(describeProgress(run({ step: 20, metrics: slowStart }))).toContain("1 s a step · 1:20 left");
});

test("a run that does not go on says nothing", () => {
  for (const status of ["done", "failed", "cancelled", "interrupted"] as const)
    expect(describeProgress(run({ status, step: 5, metrics: seconds(5, 1) }))).toBeNull();
});
