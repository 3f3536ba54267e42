import { expect, test } from "vitest";
import { MADE_ANSWERS, PLANTED } from "../judge/measure.ts";
import type { JudgedSet } from "../judge/quick.ts";
import type { SetCard } from "../judge/set-card.ts";
import { createRandom } from "../stats/random.ts";
import { drawQuestion, KINDS, solve, taggedText } from "../world/index.ts";
import { judgeByFault } from "./judge-faults.ts";

const kind = KINDS.find(({ name }) => name === "debt_ratio")!;
const drawn = { ...drawQuestion(createRandom("faults"), kind, "bench"), language: "en" as const };
const right = solve(drawn, kind.right);
const MISCONCEPTION = taggedText(solve(drawn, kind.misconceptions[0]!));
const SLIP = taggedText({ ...right, steps: [...right.steps, "10+10=21"], answer: "1%" });

type Row = JudgedSet["rows"][number];
const wrong = (n: number, passed: number, completion: string, of = kind.name): Row[] =>
  Array.from({ length: n }, (_, i) => ({
    text: { id: `${i}`, question: "q", gold: "1", completion, fault: "wrong_answer", kind: of },
    judgement: { status: i < passed ? "passed" : "failed" } as Row["judgement"],
  }));
const set = (name: string, ...rows: Row[][]): JudgedSet => ({ name, rows: rows.flat() });
const card = (name: string, kappa: number, low = kappa): SetCard =>
  ({ name, kappa: { value: kappa, low, high: 1 }, goodPassed: { value: 1, low: 1, high: 1 } }) as SetCard;
const told = (made: JudgedSet, real: JudgedSet, kappa = 1) =>
  judgeByFault([set(PLANTED), made, real], [card(MADE_ANSWERS, kappa), card("real", 0.5)]);

test("kappa 1 on answers that follow misconceptions is explained, and worth nothing for wrong sums", () => {
  const { rows, reading } = told(
    set(MADE_ANSWERS, wrong(50, 0, MISCONCEPTION)),
    set("real", wrong(44, 0, MISCONCEPTION), wrong(30, 28, SLIP), wrong(25, 5, SLIP, "elsewhere")),
  );
  expect(rows).toEqual([
    { "wrong by": "misconception", [`passed: ${MADE_ANSWERS}`]: "0 of 50", "passed: real": "0 of 44" },
    { "wrong by": "wrong sum", [`passed: ${MADE_ANSWERS}`]: "–", "passed: real": "28 of 30" },
    { "wrong by": "not of the generated world", [`passed: ${MADE_ANSWERS}`]: "–", "passed: real": "5 of 25" },
  ]);
  expect(reading).toContain(
    "**κ 1.00 on generated answers is no sign of arithmetic:** all 50 wrong ones follow",
  );
  expect(reading).toContain("κ would be 1.00, 0.07 and 0.80: **where texts go wrong by a wrong sum or copy");
  expect(reading).toContain("worth nothing.**");
});

test.each([
  ["a Judge that misses methods, too", 40, 0.3, 0, "the Judge passes 40 of 50 (κ 0.30)"],
  ["one that sees every kind", 0, 1, 0, "each of these it sees."],
  ["one that sees some sums", 0, 1, 7, "is worth little.**"],
])("%s", (_, passed, kappa, slips, words) => {
  const made = set(MADE_ANSWERS, wrong(50, passed, MISCONCEPTION));
  expect(told(made, set("real", wrong(10, slips, SLIP)), kappa).reading).toContain(words);
});

test("too few, and nothing at all", () => {
  const made = set(MADE_ANSWERS, wrong(50, 0, MISCONCEPTION));
  expect(told(made, set("real", wrong(3, 0, SLIP))).reading).toContain("Too few of real are wrong");
  expect(judgeByFault([], [])).toEqual({ rows: [], reading: "No wrong answer was judged." });
});
