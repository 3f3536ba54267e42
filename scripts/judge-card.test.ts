import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { expectedVerdict, inertText, LAYOUT_NAMES } from "../lib/judge/prompt.ts";
import type { FaultKind } from "../lib/world/fault-kind.ts";
import { plantedFaults } from "../lib/judge/sets.ts";
import { openLab } from "../lib/config/lab.ts";
import { writeReport } from "../lib/evaluate/eval-report.ts";
import { summarizeArm } from "../lib/evaluate/eval-summary.ts";
import type { EvalDetail } from "../lib/records.ts";
import { textOf } from "../lib/testing/judge-rows.ts";
import { judgedText } from "../lib/testing/stub-judge.ts";
import { sendChat, startStub } from "../lib/testing/stub-server.ts";
import type { StubServer } from "../lib/testing/stub-server.ts";
import { runScript } from "../lib/testing/run-script.ts";

let folder: string;
let stub: StubServer;
const faults = new Map(
  plantedFaults(60, 42).map((row) => [inertText(row.completion), row.fault as FaultKind | null]),
);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "judge-card-"));
  stub = await startStub(({ body }, response) => {
    const prompt = body.messages.at(-1)!.content;
    const fault = prompt.includes("<<") ? (faults.get(judgedText(prompt)) ?? null) : null;
    sendChat(response, {
      content: expectedVerdict({
        rubric: /consistency/.test(prompt) ? "seven-criteria" : "four-dimensions",
        fault,
      }),
    });
  });
});
afterEach(async () => {
  await stub.close();
  rmSync(folder, { recursive: true, force: true });
});

async function card(...args: string[]): Promise<{ code: number; out: string[]; err: string }> {
  const { out, ...rest } = await runScript("judge-card.ts", args, folder);
  return { ...rest, out: out.trim().split("\n") };
}

test("prints one figure a line by name for any Judge behind a URL, asks it with the rubric spelt out, " +
  "and keeps the card", async () => {
  const { code, out, err } = await card("--url", stub.url, "--model", "owner/judge", "--count", "60");
  expect([code, err]).toEqual([0, ""]);
  const figures = Object.fromEntries(out.map((line) => line.split(/ (.*)/s) as [string, string]));
  expect(figures).toMatchObject({
    judge_name: "owner/judge",
    texts: "60",
    kappa: "1.000 [0.880, 1.000]",
    false_positive_rate: "0.000 [0.000, 0.114]",
    attacks_passed_with_rules: "0",
    recall_padding: "1.000 [0.566, 1.000] n=5",
  });
  for (const name of [
    "precision",
    "recall",
    "unreadable_rate",
    "rule_agreement",
    "attacks_passed_without_rules",
    "mean_logic_of_wrong_step",
    ...LAYOUT_NAMES.map((layout) => `layout_${layout}_error_rate`),
  ])
    expect(figures).toHaveProperty(name);
  expect(figures.prompt).toMatch(/^four-dimensions@1\/rules-first\/full\//);
  expect(stub.requests.map(({ body }) => body.max_tokens)).toContain(512);
  expect(
    JSON.parse(readFileSync(join(folder, "reports", "judge_card_four-dimensions.json"), "utf8")).card.kappa
      .value,
  ).toBe(1);
}, 300_000);

test("the other rubric, one layout only, and labelled texts of the user's own", async () => {
  const labelled = join(folder, "mine.jsonl");
  writeFileSync(
    labelled,
    plantedFaults(20, 42)
      .map((row) => JSON.stringify(row.fault ? { ...row, fault: "off topic" } : row))
      .join("\n"),
  );
  const { code, out, err } = await card(
    "--url",
    stub.url,
    "--model",
    "owner/judge",
    "--rubric",
    "seven-criteria",
    "--no-layouts",
    "--labelled",
    labelled,
  );
  expect([code, err]).toEqual([0, ""]);
  const figures = Object.fromEntries(out.map((line) => line.split(/ (.*)/s) as [string, string]));
  expect(figures).toMatchObject({
    texts: "20",
    rule_agreement: expect.stringMatching(/ n=20$/),
    recall_off_topic: expect.stringMatching(/ n=10$/),
    mean_consistency_of_none: "1.000 n=10",
  });
  expect(out.join()).not.toContain("layout_");
  expect(existsSync(join(folder, "reports", "judge_card_seven-criteria.json"))).toBe(true);
}, 300_000);

test("an unknown option, a missing value, a bad labelled file: status 1, and what is wrong", async () => {
  const labelled = join(folder, "mine.jsonl");
  writeFileSync(labelled, '{"id":"a","question":"q","gold":"1","completion":"x","fault":7}\n');
  const cases: [string[], RegExp][] = [
    [["--layuots"], /did you mean --layouts/],
    [["--rubric", "eight-virtues"], /filter\.rubric[^]*four-dimensions/],
    [["--count", "-3"], /--count/],
    [["--labelled", labelled], /mine\.jsonl, line 1, field fault/],
  ];
  for (const [args, message] of cases) {
    const { code, err } = await card(...args);
    expect([code, message.test(err) ? "" : err]).toEqual([1, ""]);
  }
  expect(existsSync(join(folder, "reports", "judge_card_four-dimensions.json"))).toBe(false);
}, 300_000);

test("the real texts that a run has left are sets of their own, each with a sentence", async () => {
  const put = (path: string, rows: object[]) => {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), rows.map((row) => JSON.stringify(row)).join("\n"));
  };
  const question = (i: number) => ({
    id: `q${i}`,
    question: `What is ${i} + ${i}?`,
    gold_answer: String(2 * i),
    type: "financial_calculation",
    source: "mine",
  });
  const text = (i: number) => textOf("we add", String(2 * i + (i % 4 === 0 ? 1 : 0)));
  const range = Array.from({ length: 20 }, (_, i) => i + 1);
  put(
    "data/processed/distilled.jsonl",
    range.map((i) => ({
      ...question(i),
      key: `k${i}`,
      sample: 0,
      teacher_output: text(i),
      failure: null,
      completion_tokens: 9,
      model: "t",
    })),
  );
  put(
    "data/processed/test.jsonl",
    range.map((i) => ({
      id: `q${i}`,
      prompt: question(i).question,
      gold_answer: String(2 * i),
      type: "financial_calculation",
    })),
  );
  const lab = openLab({}, { FTMODEL_WORKSPACE: folder });
  const details = range.map(
    (i): EvalDetail => ({
      id: `q${i}`,
      type: "financial_calculation",
      mode: "greedy",
      sample: 0,
      completion: text(i),
      format: true,
      strict: i % 4 > 0,
      lenient: i % 4 > 0,
      reason: "",
      message: "",
      judge: null,
      tokens: 1,
    }),
  );
  const arm = summarizeArm("sft", details);
  const created = "2026-01-02T03:04:05.678Z";
  writeReport(
    lab.paths.reports,
    { ...arm, created, profile: "tiny", model: "m", n: 20, settings: {} },
    details,
  );
  const { code, out, err } = await card(
    "--url",
    stub.url,
    "--model",
    "owner/judge",
    "--count",
    "12",
    "--no-layouts",
  );
  expect([code, err]).toEqual([0, ""]);
  // The stub passes what it does not know: every wrong answer, too.
  expect(out).toContain("set_the_Teacher_s_texts_texts 20");
  expect(out).toContain("set_the_answers_of_SFT_kappa 0.000 [0.000, 0.000]");
  expect(out.find((line) => line.startsWith("says On the answers of SFT (n = 20)"))).toMatch(
    /no better than chance[^]*passes 100 % \[57, 100\] of the bad texts/,
  );
}, 300_000);
