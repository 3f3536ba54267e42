import { expect, test } from "vitest";
import type { RunEvent } from "../../lib/records.ts";
import { secondsOf } from "./grpo-seconds.ts";

const step = (number: number, time: number, metrics: Record<string, number>): RunEvent => ({
  event: "step",
  time,
  step: number,
  metrics,
});

test("the first three steps are not counted, and a step lasts until the end of the next", () => {
  const events = [9, 18, 27, 29, 32].map((time, i) =>
    step(i + 1, time, { secondsPerStep: i, "seconds/generate": i / 2, kl: 0.1 }),
  );
  const { steps, wall, rows } = secondsOf(events);
  expect({ steps, wall }).toEqual({ steps: 2, wall: 2.5 });
  expect(rows.map(({ what, mean, least, most }) => [what, mean, least, most])).toEqual([
    ["seconds a step, by the clock", 2.5, 2, 3],
    ["secondsPerStep", 3.5, 3, 4],
    ["seconds/generate", 1.75, 1.5, 2],
    ["kl", 0.1, 0.1, 0.1],
  ]);
});

test("a run of three steps cannot be measured", () => {
  expect(() => secondsOf([1, 2, 3].map((n) => step(n, n, {})))).toThrow(/too short/);
});
