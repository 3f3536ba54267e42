import { expect, test } from "vitest";
import type { Distilled } from "../records.ts";
import { createRandom } from "../stats/random.ts";
import { drawQuestion, KINDS, solve, taggedText } from "../world/index.ts";
import { oneOfEachCause, rescueByFault, teacherFaults } from "./faults.ts";

const kind = KINDS.find(({ name }) => name === "debt_ratio")!;
const drawn = { ...drawQuestion(createRandom("faults"), kind, "bench"), language: "en" as const };
const right = solve(drawn, kind.right);
const wrong = solve(drawn, kind.misconceptions[0]!);
const slipped = { ...right, steps: [...right.steps, "10+10=21"], answer: "1%" };

const row = (id: string, solution: typeof right, more: Partial<Distilled> = {}): Distilled => ({
  ...{ id, question: drawn.question, gold_answer: right.answer, type: "financial_calculation", source: "s" },
  ...{ key: id, sample: 0, teacher_output: "", teacher_reasoning: null, assembly: null, failure: null },
  ...{ completion_tokens: 9, model: "m", kind: kind.name, response: taggedText(solution) },
  ...more,
});
const many = (n: number, name: string, solution: typeof right, more: Partial<Distilled> = {}) =>
  Array.from({ length: n }, (_, i) => row(`${name}${i}`, solution, more));
const foreign = (n: number) => many(n, "foreign", wrong, { kind: undefined });

test("one failed text of each cause, counted", () => {
  const cut = row("cut", right, { failure: "length", response: null, teacher_output: "<think>10" });
  const told = oneOfEachCause([...many(3, "m", wrong), cut, row("r", right)], ({ id }) => `English of ${id}`);
  expect(told).toMatchObject([
    { reason: "wrong_answer", facts: { texts: 3 }, gloss: "English of m0", ok: false },
    { reason: "length", facts: { texts: 1 }, text: "<think>10" },
  ]);
});

test("a wrong method is told from a wrong sum, each with an example, the sum marked", () => {
  const told = teacherFaults([...many(4, "m", wrong), ...many(2, "s", slipped), ...many(9, "r", right)]);
  expect(told.rows).toEqual([
    {
      "went wrong by": "misconception",
      texts: 4,
      "share of the failed": 4 / 6,
      "most often": expect.any(String),
    },
    { "went wrong by": "wrong sum", texts: 2, "share of the failed": 2 / 6, "most often": "" },
  ]);
  expect(told.rows[0]!["most often"]).toBe(`${kind.misconceptions[0]!.name.replaceAll("_", " ")} (4)`);
  const [method, sum] = told.examples;
  expect(method!.reason).toBe(`misconception: ${kind.misconceptions[0]!.name.replaceAll("_", " ")}`);
  const [mark] = sum!.marks!;
  expect(sum!.text!.slice(mark!.start, mark!.end)).toBe("10+10=21");
});

test.each([
  ["nothing failed", many(3, "r", right), "Every text is right"],
  ["none of the world", foreign(3), "No failed text answers a question of the generated world"],
  [
    "mostly methods",
    many(20, "m", wrong),
    "**Mostly the method:** of 20 failed texts to generated questions 100 %",
  ],
  ["mostly slips", many(20, "s", slipped), "**Mostly the arithmetic:**"],
  ["both", [...many(9, "m", wrong), ...many(8, "s", slipped)], "**They fail in both ways:**"],
  [
    "beside others",
    [...many(1, "m", wrong), ...foreign(2)],
    "2 failed texts answer questions from elsewhere",
  ],
])("how texts fail: %s", (_, rows, words) => expect(teacherFaults(rows).reading).toContain(words));

test("asking again, by what had gone wrong: mended, coming back, too few, nothing asked", () => {
  const first = [...many(8, "m", wrong), ...many(8, "s", slipped), ...foreign(2), row("unasked", wrong)];
  const again = [...many(8, "m", right), ...many(8, "s", slipped), ...foreign(2), ...many(8, "m", wrong)];
  const told = rescueByFault(first, again);
  expect(told.rows).toEqual([
    { "first text": "misconception", questions: 8, rescued: 8, "right among the new texts": 0.5 },
    { "first text": "wrong sum", questions: 8, rescued: 0, "right among the new texts": 0 },
    { "first text": "not of the generated world", questions: 2, rescued: 0, "right among the new texts": 0 },
  ]);
  expect(told.reading).toContain(
    "*misconception*: 8 of 8 questions rescued [68, 100] %: **asking again mends it**",
  );
  expect(told.reading).toContain("*wrong sum*: 0 of 8 questions rescued [0, 32] %: **it comes back**");
  expect(told.reading).toContain("2 questions rescued: too few to tell.");
  const firm = rescueByFault(many(8, "m", wrong), many(8, "m", wrong)).reading;
  expect(firm).toContain("the wrong method is believed in");
  const half = rescueByFault(many(8, "s", slipped), [
    ...many(4, "s", right),
    ...many(8, "s", slipped),
  ]).reading;
  expect(half).toContain("sometimes mended, sometimes not");
  expect(rescueByFault([], []).reading).toBe("Nothing was asked again.");
});
