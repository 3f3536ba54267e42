import { expect, test } from "vitest";
import type { FilterStats } from "../../lib/filter/record.ts";
import type { ArmName, EvalDetail } from "../../lib/records.ts";
import { asMarkdown, realResult, realTables } from "./real-table.ts";

const answer = (id: string, mode: "greedy" | "sampled", right: boolean): EvalDetail => ({
  ...{
    id,
    type: "financial_calculation",
    mode,
    sample: 0,
    completion: "",
    format: right,
    strict: right,
    lenient: right,
  },
  ...{ reason: "", message: "", judge: null, tokens: 10 },
});
/** Of 100 questions the first `right` are answered right, greedily and sampled. */
const answers = (right: number): EvalDetail[] =>
  Array.from({ length: 100 }, (_, i) => i).flatMap((i) => [
    answer(`q${i}`, "greedy", i < right),
    answer(`q${i}`, "sampled", i < right),
  ]);
const layer = (name: string, out: number) => ({
  layer: name,
  out,
  in: 0,
  reasons: {},
  skipped: false,
  byType: {},
  bySource: {},
});
const stats = {
  layers: [layer("split", 1000), layer("format", 900), layer("answer", 500)],
  rows: { sft: 400, rl: 1000, test: 100 },
} as unknown as FilterStats;
const parity = {
  ...{ prompts: 64, tokens: 6710, agree: 40, topTokens: 0.997, seconds: 24.6 },
  ...{ meanLogprobDifference: 0.0065, maxLogprobDifference: 0.27 },
};
const line = (details: [number, Partial<Record<ArmName, EvalDetail[]>>][]) => ({
  ...{ stats, details: new Map(details), n: 100, copies: 3, parity },
  stages: [
    { stage: "distil", seed: null, seconds: 60, ended: 60_000 },
    { stage: "SFT", seed: 1, seconds: 30, ended: 91_000 },
    { stage: "SFT", seed: 2, seconds: 40, ended: 101_000 },
  ],
});

test("answers of all seeds are put together, and a question of two seeds counts as one", () => {
  const result = realResult(
    line([
      [1, { base: answers(20), sft: answers(30) }],
      [2, { base: answers(20), sft: answers(50) }],
    ]),
  );
  expect(result.arms.map(({ name, accuracyLenient }) => [name, accuracyLenient.value])).toEqual([
    ["base", 0.2],
    ["sft", 0.4],
  ]);
  expect(result.bySeed).toEqual({ 1: { base: 0.2, sft: 0.3 }, 2: { base: 0.2, sft: 0.5 } });
});

test("the Teacher's yield is read off the filter's layers", () => {
  expect(realResult(line([[1, { base: answers(20) }]]))).toMatchObject({
    asked: 1000,
    usable: 900,
    rightByRules: 500,
    trainingRows: 400,
  });
});

test("a line of one seed takes the stages that all share and its own; overlap counts once", () => {
  expect(realResult(line([[1, { base: answers(20) }]]))).toMatchObject({ lineSeconds: 90, wallSeconds: 100 });
});

test("SFT + GRPO is compared with SFT by paired sampled answers; pairs of absent arms are left out", () => {
  const { pairs } = realResult(line([[1, { sft: answers(30), sft_grpo: answers(45) }]]));
  expect(pairs.map(({ a, b, metric }) => `${a} ${b} ${metric}`)).toEqual([
    "sft sft_grpo accuracy",
    "sft sft_grpo accuracySampled",
  ]);
  for (const pair of pairs) {
    expect(pair).toMatchObject({ n: 100, delta: expect.closeTo(0.15) });
    expect(pair.low).toBeGreaterThan(0);
  }
});

test("the tables name questions, seeds and what was left out", () => {
  const captions = realTables(realResult(line([[1, { base: answers(20) }]]))).map(({ caption }) => caption);
  expect(captions[1]).toContain("100 test questions (3 that stand in the training file left out), seeds 1");
});

test("as Markdown every table has its caption, a head, and as many cells in each row", () => {
  const tables = realTables(realResult(line([[1, { base: answers(20), sft: answers(30) }]])));
  const blocks = asMarkdown(tables).split(/\n\n(?=[^|])/);
  expect(blocks).toHaveLength(tables.length);
  blocks.forEach((block, i) => {
    const [caption, blank, ...lines] = block.split("\n");
    expect([caption, blank]).toEqual([`${tables[i]!.caption}:`, ""]);
    expect(lines).toHaveLength(2 + tables[i]!.rows.length);
    expect(new Set(lines.map((cells) => cells.split(" | ").length)).size).toBe(1);
    expect(lines[1]).toMatch(/^\|( --- \|)+$/);
  });
  expect(blocks[1]).toMatch(/\| SFT \| .*0\.30 \[0\.\d\d, 0\.\d\d\].* \|/);
});

test("the merge's parity stands in a table of its own, and results from before it was kept have none", () => {
  const result = realResult(line([[1, { base: answers(20) }]]));
  const captions = (given: typeof result): string[] => realTables(given).map(({ caption }) => caption);
  expect(captions(result)).toContain("SFT + GRPO merged, against its adapter");
  expect(captions({ ...result, parity: null })).toHaveLength(captions(result).length - 1);
  expect(asMarkdown(realTables(result))).toContain("| 64 | 6,710 | 0.997 |");
});
