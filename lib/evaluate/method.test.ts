import { describe, expect, test } from "vitest";
import { scoreCompletion } from "../answer/index.ts";
import { createRandom } from "../stats/random.ts";
import { KINDS, drawQuestion, solve, taggedText, untaggedText } from "../world/index.ts";
import { methodOf } from "./method.ts";

describe.each(KINDS.map((kind) => [kind.name, kind] as const))("%s", (name, kind) => {
  const drawn = Array.from({ length: 60 }, (_, i) =>
    drawQuestion(createRandom(`method/${name}/${i}`), kind, i % 2 === 0 ? "lab" : "bench"),
  );

  test("each of its methods is recognized, tagged or not, in both languages", () => {
    for (const one of drawn)
      for (const method of [kind.right, ...kind.misconceptions]) {
        const isRight = method === kind.right;
        for (const completion of [
          taggedText(solve(one, method)),
          untaggedText(solve(one, method), one.language),
        ])
          expect(methodOf({ completion, kind: name, lenient: isRight }), completion).toEqual({
            outcome: isRight ? "right_method" : "misconception",
            method: method.name,
            wrongSum: null,
          });
      }
  });
});

const read = (kind: string, steps: string, answer: string, lenient: boolean) =>
  methodOf({ kind, lenient, completion: `<think>\n${steps}\n</think>\n<answer>\n${answer}\n</answer>` });

test("the right method with a sum that slips is a slip of the sum, and the sum is named", () => {
  expect(read("simple_interest", "利息=本金*利率*年数\n2300*9%=197\n197*4=788", "788元", false)).toEqual({
    outcome: "sum_slip",
    method: "rate_times_years",
    wrongSum: "2300*9%=197",
  });
});

test("the right method with sums that hold but the wrong letter is a slip in copying", () => {
  expect(read("ratio_family", "资产负债率: 负债/资产\n反映偿债能力\nA. 偿债能力", "A", false)).toEqual({
    outcome: "copy_slip",
    method: "reads_the_definition",
    wrongSum: null,
  });
});

test("a misconception stays one when its sum slips, too, and when its answer is right by luck", () => {
  const steps = "股息率=每股股利/每股收益\n每股收益为1.5\n0.6/1.5=20%";
  expect(read("dividend_yield", steps, "20%", false)).toEqual({
    outcome: "misconception",
    method: "payout_for_yield",
    wrongSum: "0.6/1.5=20%",
  });
  expect(read("dividend_yield", steps, "3%", true)?.outcome).toBe("misconception");
});

test("methods that differ in a constant only are told apart", () => {
  const steps = (rate: string) => `1 bp=${rate}%\n25*${rate}%=0.25%`;
  expect(read("basis_points", steps("0.01"), "$5", true)?.method).toBe("hundredth_of_a_percent");
  expect(read("basis_points", steps("0.1"), "$5", false)?.method).toBe("tenth_of_a_percent");
  expect(read("basis_points", steps("0.5"), "$5", false)?.method).toBeNull();
});

test("steps of two methods, of another kind, or none are no method, whatever the answer", () => {
  const mixed = "debt ratio=liabilities/assets\nequity is 96\n144/96=150%";
  for (const steps of [mixed, "interest earns interest\n5500*120%=6600", "solvency\nfalls", ""])
    expect(read("debt_ratio", steps, "60%", true)).toMatchObject({ outcome: "no_method", method: null });
});

test("what stands in the answer block is no step", () => {
  expect(read("debt_ratio", "I think.", "debt ratio=liabilities/equity", false)?.outcome).toBe("no_method");
});

test("a question of no kind of the world has no method to be read", () => {
  expect(methodOf({ completion: "debt ratio=liabilities/equity", lenient: true })).toBeNull();
  expect(methodOf({ completion: "x", kind: "my_own", lenient: true })).toBeNull();
});

test("a right text with one digit changed is never called right", () => {
  const random = createRandom("one digit");
  for (const kind of KINDS) {
    const one = drawQuestion(random, kind, "lab");
    const solution = solve(one, kind.right);
    const last = solution.steps.at(-1)!;
    const bent = last.replace(/(?<==-?)\d/, (digit) => String((Number(digit) % 9) + 1));
    if (bent === last) continue;
    const answer = bent.slice(bent.lastIndexOf("=") + 1);
    const completion = taggedText({ steps: [...solution.steps.slice(0, -1), bent], answer });
    const { lenient } = scoreCompletion({ question: one.question, gold: solution.answer, completion });
    expect(methodOf({ completion, kind: kind.name, lenient: lenient.verdict === "right" })).toMatchObject({
      outcome: "sum_slip",
      wrongSum: bent.replace(/^[AB]: /, ""),
    });
  }
});
