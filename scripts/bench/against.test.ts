import { expect, test } from "vitest";
import type { RunEvent } from "../../lib/records.ts";
import { againstRows, countedSteps } from "./against.ts";
import type { Side } from "./against.ts";

const step = (number: number, time: number, tokens: number): RunEvent => ({
  event: "step",
  step: number,
  time,
  metrics: { tokensPerSecond: tokens / 2, secondsPerStep: 2 },
});

test("a step lasts from the end of the one before, and the first three are not counted", () => {
  const times = [10, 12, 14, 16, 19, 20];
  const events = times.map((time, i) => step(i + 1, time, 100 * i));
  expect(countedSteps(events)).toEqual({ seconds: [2, 3, 1], tokens: [300, 400, 500] });
});

test("a factor is taken within a round: what slows a round down slows both of its sides", () => {
  const side = (seconds: number, tokens = 1000, peakBytes: number | null = 2e9): Side => ({
    seconds: [seconds, seconds],
    tokens: [tokens, tokens],
    peakBytes,
  });
  const rounds = [
    { there: side(2), here: side(1) },
    { there: side(9), here: side(3, 500) },
    { there: side(4), here: side(1, 1000, null) },
  ];
  const [seconds, perToken, memory] = againstRows(rounds);
  expect(seconds).toEqual({ what: "seconds a step", there: 5, here: 5 / 3, factor: 3, least: 2, most: 4 });
  expect(perToken).toMatchObject({ factor: 2, least: 1.5, most: 4 });
  expect(memory!.here).toBeNaN();
});
