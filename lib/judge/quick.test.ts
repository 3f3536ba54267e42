import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { judgeCurveRecorder } from "./curve.ts";
import { expectedVerdict, inertText } from "./prompt.ts";
import { FAULT_KINDS } from "../world/fault-kind.ts";
import type { FaultKind } from "../world/fault-kind.ts";
import { quickJudgeCard } from "./quick.ts";
import { plantedFaults } from "./sets.ts";
import { openLab } from "../config/lab.ts";
import { judgedText, startStubJudge, stubJudge } from "../testing/stub-judge.ts";
import type { StubJudge } from "../testing/stub-judge.ts";

let folder: string;
let stub: StubJudge;
const faults = new Map(
  plantedFaults(60, 42).map((row) => [inertText(row.completion), row.fault as FaultKind | null]),
);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quick-"));
  stub = await startStubJudge(({ prompt }) =>
    expectedVerdict({ rubric: "four-dimensions", fault: faults.get(judgedText(prompt)) ?? null }),
  );
});
afterEach(async () => {
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});

test(
  "a Judge that knows every plant, but not arithmetic, has kappa 1 and passes every wrong answer; " +
    "asked once more, nothing is sent",
  async () => {
    const lab = openLab({ "serving.concurrency": 8 }, { FTMODEL_WORKSPACE: folder });
    const { card, rules, judged, layouts } = await quickJudgeCard(lab, {
      count: 60,
      judge: stubJudge(stub.url),
    });
    expect(card).toMatchObject({
      n: 60,
      kappa: { value: 1 },
      recall: { value: 1 },
      falsePositiveRate: { value: 0 },
    });
    expect(Object.keys(card.byFault)).toEqual([...FAULT_KINDS]);
    expect(rules.wrongPassed).toMatchObject({ value: 1 });
    expect(rules.n).toBeGreaterThan(25); // of 30: on some the rules do not decide
    expect(judged.map(({ name, rows }) => [name, rows.length])).toEqual([
      ["planted faults", 60],
      ["generated answers, half of them wrong", 30],
    ]);
    expect(
      judged[0]!.rows.filter(
        ({ text, judgement }) => (text.fault === null) !== (judgement.status === "passed"),
      ),
    ).toEqual([]);
    expect(layouts).toEqual([]);
    const sent = stub.requests.length;
    await quickJudgeCard(lab, { count: 60, judge: stubJudge(stub.url) });
    expect(stub.requests).toHaveLength(sent);
  },
);

test("an interrupted card asks no more, holds no lock, and goes on when it is called again", async () => {
  const lab = openLab({ "serving.concurrency": 4 }, { FTMODEL_WORKSPACE: folder });
  const run = quickJudgeCard(lab, {
    count: 60,
    judge: stubJudge(stub.url),
  });
  while (stub.requests.length < 20) await new Promise((wait) => setTimeout(wait, 1));
  process.emit("SIGINT");
  await expect(run).rejects.toThrow("The cell was interrupted");
  await new Promise((wait) => setTimeout(wait, 100)); // what was on its way arrives
  const asked = stub.requests.length;
  expect(asked).toBeLessThan(30);
  await new Promise((wait) => setTimeout(wait, 200));
  expect(stub.requests).toHaveLength(asked);
  expect((await quickJudgeCard(lab, { count: 60, judge: stubJudge(stub.url) })).card.n).toBe(60);
});

test("layouts are compared on the same texts, and the config's own is not asked twice", async () => {
  const lab = openLab({ "serving.concurrency": 8 }, { FTMODEL_WORKSPACE: folder });
  await quickJudgeCard(lab, { count: 60, judge: stubJudge(stub.url) });
  const before = stub.requests.length;
  const { layouts } = await quickJudgeCard(lab, { count: 60, layouts: 12, judge: stubJudge(stub.url) });
  expect(layouts.map((row) => [row.layout, row.n, row.finR1Error])).toEqual([
    ["rules-first", 12, 0.004],
    ["inputs-first", 12, 0.02],
    ["rules-first-question", 12, 0.08],
    ["inputs-first-question", 12, 0.096],
    ["rules-first-zh", 12, 0.016],
  ]);
  expect(stub.requests.length - before).toBe(4 * 12);
});

test("with the Judge switched off nothing is asked, and the card is empty, not zero", async () => {
  const lab = openLab({ "filter.useJudge": false }, { FTMODEL_WORKSPACE: folder });
  expect(await quickJudgeCard(lab, { judge: stubJudge(stub.url) })).toMatchObject({
    card: { n: 0, kappa: null, recall: null, heat: [] },
    rules: { n: 0, wrongPassed: null },
    judged: [],
    layouts: [],
  });
  expect(stub.requests).toEqual([]);
});

test("verdicts are a growing curve: those on disk count from the start, unreadable ones as failed", () => {
  let ms = 0;
  const record = judgeCurveRecorder(() => ms);
  const counts = { total: 15, tokensPerSecond: 7, failures: {}, fromStore: 5 };
  record({ ...counts, done: 5, asked: 0, etaSeconds: null, unreadable: 0, requests: 0 });
  ms = 2000;
  expect(record({ ...counts, done: 9, asked: 4, etaSeconds: 3, unreadable: 1, requests: 6 })).toMatchObject({
    total: 15,
    done: 9,
    resumed: 5,
    failed: 1,
    failures: { unreadable: 1 },
    etaSeconds: 3,
    history: [{ done: 5 }, { seconds: 2, done: 9, tokensPerSecond: null }],
  });
});
