import { expect, test } from "vitest";
import { practised } from "../testing/example-runs.ts";
import { passCurve } from "./passes.ts";

const options = { title: "Paid and right", yTitle: "share of answers (%)", share: true };
const paid = { label: "paid", samples: practised, measure: "careless" };

test("two verdicts on the same answers are two lines of one colour, told apart by dash and place", () => {
  const [first, second] = passCurve(
    [paid, { ...paid, label: "right", measure: "accuracy", again: true }],
    options,
  ).data;
  expect(first!.y).toEqual([87.5, 87.5, 87.5, 87.5]);
  expect(first!.line).toMatchObject({ color: (second!.line as { color: string }).color });
  expect([first!.line, second!.line]).toMatchObject([{ width: 3 }, { dash: "dash" }]);
  expect((second!.x as number[])[0]! - (first!.x as number[])[0]!).toBeCloseTo(0.05);
});

test("another run has another colour, its intervals hold its mean, and tokens are not percentages", () => {
  const [careless, other] = passCurve(
    [
      { ...paid, measure: "tokens" },
      { ...paid, samples: practised.slice(0, 4), measure: "tokens" },
    ],
    { title: "Length", yTitle: "tokens an answer" },
  ).data;
  expect((other!.marker as { color: string }).color).not.toBe((careless!.marker as { color: string }).color);
  expect(other!.y).toEqual([59.5, 57.5]);
  expect((careless!.error_y as { array: number[] }).array.every((up) => up >= 0)).toBe(true);
});

test("a line that has no pass yet is left out, as while a run is only starting", () => {
  const figure = passCurve([paid, { ...paid, samples: [] }], options);
  expect(figure.data).toHaveLength(1);
  expect((figure.layout.title as { text: string }).text).toContain("n = 16 questions, 128 answers a pass");
});
