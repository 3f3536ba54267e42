import { expect, test } from "vitest";
import type { EvalDetail } from "../records.ts";
import { describeMethods, readMethods } from "./methods.ts";
import type { MethodStep } from "./methods.ts";

const TEXTS = {
  right: "debt ratio=liabilities/assets\n144+96=240\n144/240=60%",
  misconception: "debt ratio=liabilities/equity\nequity is 96\n144/96=150%",
  sum: "debt ratio=liabilities/assets\n144+96=250\n144/250=57.6%",
  copy: "debt ratio=liabilities/assets\n144+90=234\n144/234=61.54%",
  none: "let me think",
};
type Text = keyof typeof TEXTS;

const detail = (i: number, text: Text, more: Partial<EvalDetail> = {}): EvalDetail => ({
  id: `q${i}`,
  type: "financial_calculation",
  kind: "debt_ratio",
  mode: "greedy",
  sample: 0,
  completion: TEXTS[text],
  format: true,
  strict: text === "right",
  lenient: text === "right",
  reason: "",
  message: "",
  judge: null,
  tokens: null,
  ...more,
});
const arm = (name: string, texts: readonly (readonly [Text, number])[], more: Partial<EvalDetail> = {}) => ({
  name,
  details: texts
    .flatMap(([text, count]) => Array.from({ length: count }, () => text))
    .map((text, i) => detail(i, text, more)),
});

const base = arm("base", [
  ["misconception", 40],
  ["right", 60],
]);
const sft = arm("sft", [
  ["right", 30],
  ["misconception", 10],
  ["right", 45],
  ["sum", 15],
]);

test("answers are counted by outcome, and a wrong sum whatever came of it", () => {
  expect(readMethods([base, sft]).arms).toEqual([
    {
      name: "base",
      counts: {
        n: 100,
        right_method: 60,
        sum_slip: 0,
        copy_slip: 0,
        misconception: 40,
        no_method: 0,
        wrongSums: 0,
      },
    },
    {
      name: "sft",
      counts: {
        n: 100,
        right_method: 75,
        sum_slip: 15,
        copy_slip: 0,
        misconception: 10,
        no_method: 0,
        wrongSums: 15,
      },
    },
  ]);
});

test("the moves of the same questions add up to both arms", () => {
  const { moves, n } = readMethods([base, sft]).steps[0]!;
  expect(n).toBe(100);
  expect(moves.misconception).toMatchObject({ right_method: 30, misconception: 10 });
  expect(moves.right_method).toMatchObject({ right_method: 45, sum_slip: 15 });
});

test("a row has what a step changes, with intervals, and what the answers that moved had done", () => {
  expect(readMethods([base, sft]).changes).toEqual([
    {
      step: "Base → SFT",
      questions: 100,
      "right methods": "+30.0 [+20.7, +39.1]",
      misconceptions: "−30.0 [−39.1, −20.7]",
      "any wrong sum": "+15.0 [+8.2, +23.3]",
      "wrong copies": expect.stringMatching(/^0\.0 /),
      "no method": expect.stringMatching(/^0\.0 /),
      "put right, most often": "30 (misconception 30)",
      "lost, most often": "15 (wrong sum 15)",
    },
  ]);
});

test("the sentence says what a step repairs and what it adds", () => {
  expect(readMethods([base, sft]).reading).toBe(
    "**Base → SFT** repairs named misconceptions, and adds sums that do not hold.",
  );
  const worse = arm("sft", [
    ["right", 40],
    ["sum", 20],
    ["copy", 20],
    ["none", 20],
  ]);
  expect(readMethods([arm("base", [["right", 100]]), worse]).reading).toMatch(
    /adds sums that do not hold, numbers or letters copied wrongly and steps without a method\.$/,
  );
  expect(readMethods([sft, base]).reading).toBe(
    "**SFT → Base** repairs sums that do not hold, and adds named misconceptions.",
  );
  const only = [
    arm("base", [
      ["misconception", 40],
      ["right", 60],
    ]),
    arm("sft", [["right", 100]]),
  ];
  expect(readMethods(only).reading).toMatch(/repairs named misconceptions and adds no fault that these/);
  expect(readMethods(only.reverse()).reading).toMatch(/repairs nothing that .*, and adds named misconc/);
});

test("misconceptions that go are no repair where right methods go, too, or do not come", () => {
  const lost = arm("sft", [
    ["none", 60],
    ["right", 40],
  ]);
  expect(readMethods([base, lost]).reading).toMatch(
    /shows fewer named misconc.*, but fewer right methods, too \(−20\.0 .*that is no repair\. It adds steps/,
  );
  const replaced = arm("sft", [
    ["none", 40],
    ["right", 60],
  ]);
  expect(readMethods([base, replaced]).reading).toMatch(
    /shows fewer named misconceptions, and whether right methods took their place .* It adds steps without/,
  );
});

test("where nothing changes it says that nothing is shown, and no answer moved", () => {
  const { reading, changes } = readMethods([base, { ...base, name: "sft" }]);
  expect(reading).toBe("**Base → SFT** neither repairs nor adds a fault that these questions could show.");
  expect(changes[0]).toMatchObject({ "put right, most often": "none", "lost, most often": "none" });
});

test("a few answers that change sides decide nothing", () => {
  const few = arm("sft", [
    ["misconception", 38],
    ["right", 62],
  ]);
  const { reading, changes } = readMethods([base, few]);
  expect(reading).toMatch(/neither repairs nor adds/);
  expect(changes[0]).toMatchObject({ "put right, most often": "2 (misconception 2)" });
});

test("an arm whose steps are in its own words is named before anything is said", () => {
  const own = arm("sft", [
    ["none", 80],
    ["right", 20],
  ]);
  const { reading, rows } = readMethods([base, own]);
  expect(reading).toMatch(/^Of most greedy answers of SFT no method can be read.*leaves them out/);
  expect(rows.map(({ arm }) => arm)).toEqual(["Base"]);
  expect(reading).toMatch(/adds steps without a method\.$/);
});

test("questions of other sources and the other mode are left out; none at all is said", () => {
  const other = arm("base", [["right", 5]], { kind: "my_own" });
  expect(readMethods([other, sft]).arms.map(({ name }) => name)).toEqual(["sft"]);
  expect(readMethods([base, sft], { mode: "sampled" })).toMatchObject({
    changes: [],
    reading: "No question of the generated world was asked: of others the method cannot be read.",
  });
});

test("a wrong number that is copied and a wrong sum are counted apart", () => {
  const { arms } = readMethods([
    arm("sft", [
      ["copy", 3],
      ["sum", 2],
    ]),
  ]);
  expect(arms[0]!.counts).toMatchObject({ copy_slip: 3, sum_slip: 2, wrongSums: 2 });
});

test("answers of three seeds are paired in order, and n stays the number of questions", () => {
  const seeds = (one: { name: string; details: EvalDetail[] }) => ({
    name: one.name,
    details: [1, 2, 3].flatMap(() => structuredClone(one.details)),
  });
  const step = readMethods([seeds(base), seeds(sft)]).steps[0]!;
  expect(step.n).toBe(100);
  expect(step.moves.misconception.right_method).toBe(90);
  expect(step.change.misconception.delta).toBeCloseTo(-0.3);
});

test("the pairs that are asked for are compared, those with an absent arm are not", () => {
  const read = readMethods([base, sft], {
    steps: [
      ["sft", "base"],
      ["sft", "sft_grpo"],
    ],
  });
  expect(read.steps.map(({ a, b }: MethodStep) => [a, b])).toEqual([["sft", "base"]]);
  expect(describeMethods(read.steps[0]!)).toBe(read.reading);
});
