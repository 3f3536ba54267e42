import { expect, test } from "vitest";
import type { MethodsRead } from "../evaluate/methods.ts";
import type { MethodOutcome } from "../evaluate/method.ts";
import { methodFlow } from "./methods.ts";

const counts = (right: number, wrong: number) => ({
  n: right + wrong,
  right_method: right,
  sum_slip: 0,
  copy_slip: 0,
  misconception: wrong,
  no_method: 0,
  wrongSums: 0,
});
const none = { right_method: 0, sum_slip: 0, copy_slip: 0, misconception: 0, no_method: 0 };
const moves = { ...Object.fromEntries(Object.keys(none).map((key) => [key, none])) } as Record<
  MethodOutcome,
  typeof none
>;
const step = (a: string, b: string, stay: number, gained: number, left: number) => ({
  a,
  b,
  n: stay + gained + left,
  change: {} as never,
  moves: {
    ...moves,
    right_method: { ...none, right_method: stay },
    misconception: { ...none, right_method: gained, misconception: left },
  },
});
const read: MethodsRead = {
  mode: "greedy",
  arms: [
    { name: "base", counts: counts(6, 4) },
    { name: "sft", counts: counts(9, 1) },
    { name: "sft_grpo", counts: counts(10, 0) },
  ],
  steps: [step("base", "sft", 6, 3, 1), step("sft", "sft_grpo", 9, 1, 0)],
  rows: [],
  changes: [],
  reading: "",
};

test("a column an arm, a node for each outcome that occurs, and every answer flows once a step", () => {
  const [trace] = methodFlow(read).data as unknown as {
    type: string;
    node: { label: string[]; x: number[]; y: number[] };
    link: { source: number[]; target: number[]; value: number[] };
  }[];
  expect(trace!.type).toBe("sankey");
  expect(trace!.node.label).toEqual([
    "right 60.0 %",
    "misconception 40.0 %",
    "right 90.0 %",
    "misconception 10.0 %",
    "right 100 %",
  ]);
  expect(trace!.link.value.reduce((sum, value) => sum + value, 0)).toBe(20);
  expect(trace!.link.source.map((from, i) => [from, trace!.link.target[i]])).toEqual([
    [0, 2],
    [1, 2],
    [1, 3],
    [2, 4],
    [3, 4],
  ]);
  for (const at of [...trace!.node.x, ...trace!.node.y]) {
    expect(at).toBeGreaterThan(0);
    expect(at).toBeLessThan(1);
  }
});

test("the arms are written above their columns, n stands in the subtitle", () => {
  const { layout } = methodFlow(read) as unknown as {
    layout: { annotations: { text: string }[]; title: { text: string } };
  };
  expect(layout.annotations.map(({ text }) => text)).toEqual([
    "<b>Base</b>",
    "<b>SFT</b>",
    "<b>SFT + GRPO</b>",
  ]);
  expect(layout.title.text).toContain("n = 10 generated questions · greedy");
  const twice = {
    ...read,
    mode: "sampled" as const,
    arms: [{ name: "base", counts: counts(12, 8) }, ...read.arms.slice(1)],
  };
  expect(JSON.stringify(methodFlow(twice).layout)).toContain(
    "n = 10 generated questions × 2 answers · sampled",
  );
});

test("without two arms that follow each other it says what is needed", () => {
  expect(methodFlow({ ...read, steps: [] }).data).toEqual([]);
  expect(JSON.stringify(methodFlow({ ...read, arms: [], steps: [] }).layout)).toContain("Two arms");
  expect(methodFlow({ ...read, arms: [], steps: [] }).layout.height).toBeLessThan(150);
});
