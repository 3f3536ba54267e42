import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DROPPED, KEPT, MARK } from "../../lib/figures/theme.ts";
import type { Trace } from "../../lib/figures/theme.ts";
import { realFigure } from "./real-figure.ts";
import type { Drawn } from "./real-figure.ts";

const arm = (name: string, value: number) =>
  ({
    name,
    accuracyLenient: { value, low: Math.max(0, value - 0.02), high: value + 0.03 },
  }) as Drawn["arms"][number];
const RESULT: Drawn = {
  n: 1036,
  seeds: [1, 2],
  models: { base: "org/small", teacher: "/models/large" },
  arms: [arm("base", 0.2), arm("sft", 0.3), arm("sft_grpo", 0.35)],
  pairs: [
    { a: "base", b: "sft", metric: "accuracyLenient", n: 9, delta: 0.1, low: 0.07, high: 0.14, p: 0.0005 },
    { a: "sft", b: "sft_grpo", metric: "accuracySampled", n: 9, delta: -0.03, low: -0.05, high: -0.01, p: 0 },
    { a: "base", b: "sft_grpo", metric: "accuracy", n: 9, delta: 0.01, low: -0.02, high: 0.04, p: 0.5 },
  ],
  bySeed: { 1: { base: 0.2, sft: 0.28, sft_grpo: 0.34 }, 2: { base: 0.2, sft: 0.32 } },
};
type Axis = { ticktext: string[]; tickvals: number[]; range: [number, number]; domain: [number, number] };
const axis = (figure: ReturnType<typeof realFigure>, name: string) => figure.layout[name] as Axis;
const title = ({ layout }: ReturnType<typeof realFigure>) => (layout.title as { text: string }).text;
const close = (values: number[]) => values.map((value) => expect.closeTo(value, 9));

test("the title names Base and Teacher without their folders, the line below n and the seeds", () => {
  const text = title(realFigure(RESULT));
  expect(text).toMatch(/<b>small, taught by large<\/b>.*n = 1,036.*seeds 1, 2 together.*95 %/);
  expect(title(realFigure({ ...RESULT, seeds: [7] }))).toMatch(/· seed 7 · whiskers/);
});

test("left: each arm's share in percent with its interval; a dot below for every seed that has it", () => {
  const figure = realFigure(RESULT);
  const [arms, dots] = figure.data as [Trace, Trace];
  expect(axis(figure, "yaxis").ticktext).toEqual(["Base", "SFT", "SFT + GRPO"]);
  expect(arms).toMatchObject({ x: close([20, 30, 35]), y: [0, 1, 2], text: ["20.0", "30.0", "35.0"] });
  expect(arms.error_x).toMatchObject({ array: close([3, 3, 3]), arrayminus: close([2, 2, 2]) });
  expect(dots.x).toEqual(close([20, 20, 28, 32, 34]));
  expect((dots.y as number[]).map(Math.floor)).toEqual([0, 0, 1, 1, 2]);
  expect((dots.y as number[]).every((y) => y % 1 > 0)).toBe(true);
});

test("right: differences in points about zero, coloured by their verdict; other measures are named", () => {
  const figure = realFigure(RESULT);
  const pairs = figure.data[2]!;
  const names = ["Base → SFT", "SFT → SFT + GRPO<br>sampled, strict", "Base → SFT + GRPO<br>greedy, strict"];
  expect(axis(figure, "yaxis2").ticktext).toEqual(names);
  expect(pairs).toMatchObject({ xaxis: "x2", yaxis: "y2", x: close([10, -3, 1]) });
  expect(pairs.text).toEqual(["+10.0", "−3.0", "+1.0"]);
  expect(pairs.error_x).toMatchObject({ array: close([4, 2, 3]), arrayminus: close([3, 2, 3]) });
  expect((pairs.marker as { color: string[] }).color).toEqual([KEPT, MARK, "#8C959F"]);
  expect(figure.layout.xaxis2).toMatchObject({ zeroline: true, zerolinecolor: DROPPED });
  expect(axis(figure, "xaxis").domain[1]).toBeLessThan(axis(figure, "xaxis2").domain[0]);
});

test("every whisker and every dot lies within its panel", () => {
  const arms = [arm("base", 0), arm("sft", 0.97)];
  const far = { ...RESULT, arms, bySeed: { 1: { sft: 1 }, 2: { sft: 0 } } };
  for (const figure of [realFigure(RESULT), realFigure(far)]) {
    for (const { x, y, error_x, xaxis = "x", yaxis = "y" } of figure.data) {
      const [left, right] = axis(figure, `xaxis${String(xaxis).slice(1)}`).range;
      const [bottom, top] = axis(figure, `yaxis${String(yaxis).slice(1)}`).range;
      const bars = error_x as { array: number[]; arrayminus: number[] } | undefined;
      (x as number[]).forEach((value, i) => {
        expect(value + (bars?.array[i] ?? 0)).toBeLessThan(right);
        expect(value - (bars?.arrayminus[i] ?? 0)).toBeGreaterThan(left);
        expect((y as number[])[i]).toBeGreaterThan(top);
        expect((y as number[])[i]).toBeLessThan(bottom);
      });
    }
  }
});

test("one seed has no dots; without pairs the arms take the whole width; without arms it says why", () => {
  expect(realFigure({ ...RESULT, seeds: [1] }).data[1]!.x).toEqual([]);
  const alone = realFigure({ ...RESULT, arms: [arm("base", 0.2)], pairs: [] });
  expect(alone.data).toHaveLength(2);
  expect(axis(alone, "xaxis").domain).toEqual([0, 1]);
  expect(alone.layout).not.toHaveProperty("xaxis2");
  const none = realFigure({ ...RESULT, arms: [], pairs: [] });
  expect(none.data).toEqual([]);
  expect((none.layout.annotations as { text: string }[])[0]!.text).toBe("No arm has been evaluated yet.");
});

test("the measured result that is kept can be drawn from its file", () => {
  const file = new URL("../../reports/example/real.json", import.meta.url);
  const figure = realFigure(JSON.parse(readFileSync(file, "utf8")) as Drawn);
  expect(figure.data).toHaveLength(3);
  expect(JSON.parse(JSON.stringify(figure))).toEqual(figure); // no NaN
});
