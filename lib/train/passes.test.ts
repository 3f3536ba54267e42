import { expect, test } from "vitest";
import { passChange, passesOf, passMeans } from "./passes.ts";

const answer = (id: string, group: number, accuracy: number | undefined, tokens = 10) => ({
  id,
  group,
  completion: "",
  rewards: (accuracy === undefined ? {} : { accuracy }) as Record<string, number>,
  reward: 2 * (accuracy ?? 0),
  advantage: 0,
  tokens,
});
/** Two questions a step, two answers each. */
const step = (number: number, asked: [string, number, number][], tokens = 10) => ({
  step: number,
  samples: asked.flatMap(([id, x, y], group) => [answer(id, group, x, tokens), answer(id, group, y, tokens)]),
});

const run = [
  step(1, [
    ["a", 0, 0],
    ["b", 1, 0],
  ]),
  step(2, [
    ["c", 1, 1],
    ["d", 0, 1],
  ]),
  step(
    3,
    [
      ["d", 1, 1],
      ["a", 1, 1],
    ],
    8,
  ),
  step(
    4,
    [
      ["b", 1, 0],
      ["c", 1, 1],
    ],
    8,
  ),
];

test("a pass is the k-th time that a question is asked, whatever its step", () => {
  expect(passesOf(run).map((groups) => groups.map(({ id }) => id))).toEqual([
    ["a", "b", "c", "d"],
    ["d", "a", "b", "c"],
  ]);
  expect(passesOf([])).toEqual([]);
});

test("means are taken over the answers of a pass, with an interval over its questions", () => {
  const [first, second] = passMeans(run, "accuracy");
  expect(first).toMatchObject({ pass: 1, questions: 4, answers: 8, mean: { value: 0.5 } });
  expect(second!.mean.value).toBe(7 / 8);
  // Questions at 0, ½, 1 and ½: resampled as wholes, their mean may be 0 or 1, if rarely.
  expect(first!.mean.low).toBeLessThan(0.3);
  expect(first!.mean.high).toBeGreaterThan(0.7);
  expect(passMeans(run, "tokens").map(({ mean }) => mean.value)).toEqual([10, 8]);
  expect(passMeans(run, "reward")[0]!.mean.value).toBe(1);
});

test("the change is of the same questions: one with half its second pass counts what it has", () => {
  expect(passChange(run, "accuracy")).toMatchObject({ value: (1 + 0 + 0 + 0.5) / 4 });
  expect(passChange(run.slice(0, 3), "accuracy")).toMatchObject({ value: (1 + 0.5) / 2 });
  expect(passChange(run.slice(0, 2), "accuracy")).toBeNull();
});

test("answers that were not judged count neither way, and a measure nobody has gives no pass", () => {
  const open = [{ step: 1, samples: [answer("a", 0, undefined), answer("a", 0, 1)] }];
  expect(passMeans(open, "accuracy")).toMatchObject([{ questions: 1, answers: 1, mean: { value: 1 } }]);
  expect(passMeans(open, "careless")).toEqual([]);
});
