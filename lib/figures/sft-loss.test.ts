import { expect, test } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { metrics } from "../testing/example-runs.ts";
import { sftLoss } from "./sft-loss.ts";
import type { SftRun } from "./sft-loss.ts";

const run = (epochs: number, heldOut = true): SftRun => ({
  name: "sft",
  metrics: metrics(100, {
    loss: (t) => 1 - t,
    ...(heldOut && { heldOutLoss: (t: number) => (Math.round(100 * t) % 10 === 0 ? 1 - t / 2 : null) }),
  }),
  totalSteps: 100,
  config: { ...PROFILES.tiny, sft: { ...PROFILES.tiny.sft, epochs } },
});
const named = (figure: ReturnType<typeof sftLoss>, name: string) =>
  figure.data.filter((trace) => trace.name === name);

test("held-out loss stands beside the training loss, at the steps where it was measured", () => {
  const [held] = named(sftLoss(run(2)), "held-out rows");
  expect(held!.x).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  expect(named(sftLoss(run(2, false)), "held-out rows")).toEqual([]);
});

test("the ends of epochs are marked, the last one is the end of the run", () => {
  expect(named(sftLoss(run(4)), "end of an epoch")[0]!.x).toEqual([25, 25, null, 50, 50, null, 75, 75, null]);
  expect(named(sftLoss(run(2.5)), "end of an epoch")[0]!.x).toEqual([40, 40, null, 80, 80, null]);
  expect(named(sftLoss(run(1)), "end of an epoch")).toEqual([]);
  expect(named(sftLoss(run(0.5)), "end of an epoch")).toEqual([]);
});

test("every line has its entry in the legend", () => {
  const shown = sftLoss(run(2)).data.filter(({ showlegend }) => showlegend !== false);
  expect(shown.map(({ name }) => name)).toEqual([
    "trained rows, each step",
    "trained rows, moving mean",
    "held-out rows",
    "end of an epoch",
  ]);
});

test("before the first step it says so", () => {
  const early = { ...run(2), metrics: { step: [] } };
  expect(JSON.stringify(sftLoss(early))).toContain("No step has logged a loss yet.");
});
