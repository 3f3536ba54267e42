import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judgeShortfall, shortfallError } from "./judge-shortfall.ts";
import type { ShortfallSettings } from "./judge-shortfall.ts";
import type { Judgement } from "../judge/vote.ts";
import { distilled, filterBench, question, right } from "../testing/filter-fixture.ts";
import { startStubJudge } from "../testing/stub-judge.ts";
import { inOrder } from "../testing/in-order.ts";

const settings: ShortfallSettings = { rubric: "four-dimensions", judgePassScore: 12, minJudgePass: 0.2 };
const judged = (points: number, mark = 12): Judgement => ({
  id: "x",
  status: points >= mark ? "passed" : "failed",
  reason: "",
  message: "",
  points,
  scores: {},
  votePoints: [points],
});
const without = (status: "not_judged" | "held_back", reason: string): Judgement => ({
  id: "x",
  status,
  reason,
  message: "",
  points: null,
  scores: null,
  votePoints: status === "held_back" ? [] : [null],
});
const many = (n: number, row: Judgement): Judgement[] => Array.from({ length: n }, () => row);

test("a Judge that passes a fifth is enough, one that passes less is not", () => {
  expect(judgeShortfall([...many(20, judged(12)), ...many(80, judged(8))], settings)).toBeNull();
  expect(judgeShortfall([...many(19, judged(12)), ...many(81, judged(8))], settings)).toMatchObject({
    ruled: 100,
    judged: 100,
    passed: 19,
    mark: 12,
    halfMark: 8,
    unreadable: {},
  });
});

test("fewer than 20 judged texts are never too few, nor is any share with minJudgePass 0", () => {
  expect(judgeShortfall(many(19, judged(4)), settings)).toBeNull();
  expect(judgeShortfall(many(20, judged(4)), settings)).not.toBeNull();
  expect(judgeShortfall(many(500, judged(4)), { ...settings, minJudgePass: 0 })).toBeNull();
});

test("what the guard held back and what the run had no time for is not the Judge's doing", () => {
  const rows = [
    ...many(10, judged(15)),
    ...many(15, judged(6)),
    ...many(200, without("held_back", "padded")),
    ...many(200, without("not_judged", "deadline")),
  ];
  expect(judgeShortfall(rows, settings)).toBeNull();
  expect(judgeShortfall(rows, { ...settings, minJudgePass: 0.5 })).toMatchObject({
    ruled: 425,
    judged: 25,
    passed: 10,
  });
});

test("every mark is counted by votes; unreadable ones pass at none; the highest mark that keeps half", () => {
  const rows = [
    ...many(10, judged(6)),
    ...many(20, judged(9)),
    ...many(10, { ...judged(4), votePoints: [null, 14, 14] }),
    ...many(10, without("not_judged", "cut_off")),
  ];
  const found = judgeShortfall(rows, settings)!;
  expect(found.marks.map(({ mark, texts }) => [mark, texts])).toContainEqual([6, 40]);
  expect(Object.fromEntries(found.marks.map(({ mark, texts }) => [mark, texts]))).toMatchObject({
    4: 40,
    7: 30,
    9: 30,
    10: 10,
    14: 10,
    15: 0,
    20: 0,
  });
  expect(found).toMatchObject({ passed: 0, halfMark: 9, unreadable: { cut_off: 10 } });
});

test("the error holds the numbers, the marks and three settings to choose from", () => {
  const rows = [
    ...many(3, judged(13)),
    ...many(50, judged(9)),
    ...many(40, judged(5)),
    ...many(7, without("not_judged", "cut_off")),
  ];
  expect(
    shortfallError(judgeShortfall(rows, settings)!, settings, "owner/judge@main").message.split("\n"),
  ).toEqual([
    "The Judge would drop most of what the rules passed; nothing was written (owner/judge@main)",
    "  expected: at least 20.0 % of the judged texts (filter.minJudgePass)",
    "  found:    the rules passed 100 texts, the Judge was asked about 100; at its mark of 12 " +
      "points it passes 3 (3.0 %)",
    "            verdicts that cannot be read: cut_off 7",
    "            texts that would pass at each mark: 4–5 points: 93, 6–9 points: 53, 10–13 " +
      "points: 3, 14–20 points: 0",
    "  to do:    filter.judgePassScore=9 is the highest mark that keeps at least half",
    "            filter.useJudge=false trains on what the rules passed",
    "            filter.minJudgePass=0 goes on with what the Judge leaves",
  ]);
});

test("a mark is named only where one helps", () => {
  const told = (rows: Judgement[], over: Partial<ShortfallSettings> = {}): string =>
    shortfallError(judgeShortfall(rows, { ...settings, ...over })!, { ...settings, ...over }, "m").message;
  expect(told(many(30, judged(4)))).toMatch(
    /no mark helps: at 4 points, the lowest, every readable verdict passes/,
  );
  expect(told(many(30, without("not_judged", "no_json")))).toMatch(
    /no_json 30[^]*no mark helps: most verdicts cannot be read/,
  );
  const seven = many(30, { ...judged(5, 7), votePoints: [5] });
  expect(told(seven, { rubric: "seven-criteria" })).toMatch(
    /mark of 7 points it passes 0 \(0 %\)[^]*1–5 points: 30, 6–7 points: 0[^]*filter\.rubric=four-dimensions/,
  );
  expect(told(seven, { rubric: "seven-criteria" })).not.toMatch(/judgePassScore/);
});

const bench = filterBench();

test("stage 3 says so before it writes; verdicts stay, so the named setting is free to try", async () => {
  await bench.stub.close();
  bench.stub = await startStubJudge(
    () => '{"reason":"so so","logic":2,"accuracy":3,"completeness":2,"conciseness":3}',
  );
  const questions = Array.from({ length: 40 }, (_, i) => question(i + 1));
  const texts = questions.map((q) => distilled(q, right(q)));
  await expect(bench.run(questions, texts)).rejects.toThrow(
    inOrder(
      /rules passed 32 texts/,
      /passes 0 \(0 %\)/,
      /4–10 points: 32, 11–20 points: 0/,
      /filter\.judgePassScore=10/,
    ),
  );
  const processed = join(bench.folder, "data", "processed");
  for (const file of ["sft.jsonl", "rl.jsonl", "test.jsonl", "filter_stats.json", "filter_details.jsonl"])
    expect(existsSync(join(processed, file))).toBe(false);
  expect(
    readFileSync(join(processed, "judge", "votes.jsonl"), "utf8")
      .trim()
      .split("\n"),
  ).toHaveLength(32);
  const asked = bench.stub.requests.length;
  expect((await bench.run(questions, texts, { "filter.judgePassScore": 10 })).sft).toHaveLength(32);
  expect((await bench.run(questions, texts, { "filter.minJudgePass": 0 })).sft).toHaveLength(0);
  expect(bench.stub.requests).toHaveLength(asked);
});
