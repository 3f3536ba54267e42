import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { overrideConfig } from "../config/settings.ts";
import { filter } from "../filter/filter.ts";
import { loadTokenizer } from "../model/tokens.ts";
import { prepare } from "../prepare/prepare.ts";
import { readPrepared } from "../prepare/prepared.ts";
import { splitQuestions } from "../prepare/split.ts";
import { createClient } from "../serving/client.ts";
import { writeByteTokenizer } from "../testing/byte-tokenizer.ts";
import { distilled } from "../testing/filter-fixture.ts";
import { textOf } from "../testing/judge-rows.ts";
import { labOnFakeBase, temporaryWorkspace } from "../testing/run-fixture.ts";
import { sendChat, startStub } from "../testing/stub-server.ts";
import type { StubServer } from "../testing/stub-server.ts";
import { travellers } from "./travellers.ts";
import { yourRows } from "./your-rows.ts";

const ESSAY =
  "Because the margin fell while costs rose, the firm should look at its prices first, then its suppliers.";
const LINES = [
  '{"question": "Revenue rose from 200 to 250. By what percentage did it grow?", "gold_answer": "25%"}',
  '{"question": "收入500万元,成本350万元,毛利率是多少?", "gold_answer": "30%"}',
  '{"id": "mine_3", "question": "Debt is 30 million, equity 40 million. Is debt more?", "gold_answer": "no"}',
  '{"question": "A line that was cut',
  '{"question": "A fund of 80 fell by a quarter. What is left of it?", "gold_answer": "60"}',
  `{"question": "What should the firm do about its margin?", "gold_answer": "${ESSAY}"}`,
  `{"question": "${"far too long ".repeat(60)}?", "gold_answer": "1"}`,
];
const workspace = temporaryWorkspace();
const lab = labOnFakeBase(workspace);
const settings = {
  "prepare.sources": [join(workspace.root, "mine.jsonl")],
  "prepare.generated": 30,
  "prepare.handwritten": false,
  "prepare.maxPromptTokens": 400,
  "filter.useJudge": false,
};
const own = { ...lab, config: overrideConfig(lab.config, settings) };
let stub: StubServer;

const put = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
/** The line of the table that a row of the file stands in. */
const lineOf = (text: string, line: number): string =>
  text.split("\n").find((row) => row.startsWith(`mine.jsonl, line ${line} `)) ?? "";

beforeAll(async () => {
  stub = await startStub((_, response) =>
    sendChat(response, { content: "So it is 25%", completion_tokens: 5 }),
  );
  put(settings["prepare.sources"][0]!, LINES.join("\n"));
  const tokenizer = await loadTokenizer(writeByteTokenizer(join(workspace.root, "tokenizer")));
  await prepare(own, { tokenizer });
});
afterAll(async () => {
  await stub.close();
  await workspace.remove();
});

test("after stage 1 every row of the file is there once: line, side and gold, or why it left", async () => {
  const { text } = await yourRows(own);
  expect(text).toMatch(/Your rows: 7 read, 1 with a gold that no rule can check, 2 set aside/);
  expect(text.match(/^mine\.jsonl, line \d/gm)).toHaveLength(7);
  for (const line of [1, 2, 3, 5]) expect(lineOf(text, line)).toMatch(/on the training side|held out/);
  expect(lineOf(text, 4)).toMatch(/set aside: json; expected one JSON object/);
  expect(lineOf(text, 6)).toContain("⚠ no rule can check this: Because the margin");
  expect(lineOf(text, 7)).toMatch(/far too long.*set aside: too long; expected at most 400 tokens/);
  expect(text).not.toContain("Teacher");
});

test("ids are given so that no row of the file loses its own", () => {
  const ids = readPrepared(own).questions.map(({ id }) => id);
  expect(ids.filter((id) => id.startsWith("mine_")).sort()).toEqual(
    ["mine_0", "mine_1", "mine_3", "mine_4", "mine_5"].sort(),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test("one of the travelling questions is the reader's, where rules can check one that is trained on", () => {
  const { questions } = readPrepared(own);
  const few = travellers(questions, own.config);
  expect(few.filter((row) => row.own !== undefined)).toHaveLength(1);
  expect(few).toHaveLength(4);
  const ours = questions.filter((row) => row.own === undefined);
  expect(travellers(ours, own.config).some((row) => row.own !== undefined)).toBe(false);
});

test("after the filter: Teacher's answer, verdict's sentence, the line of its last file", async () => {
  const { questions } = readPrepared(own);
  const { train } = splitQuestions(questions, {
    testShare: own.config.prepare.testShare,
    seed: own.config.seed,
  });
  const texts = train.map((row) => distilled(row, textOf("we compute", "25%")));
  put(own.paths.distilled, texts.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const { sft, rl, test: held } = await filter(own);
  const ended = (row: { own?: { line: number } | undefined; id: string }) =>
    [
      ["sft.jsonl", sft],
      ["rl.jsonl", rl],
      ["test.jsonl", held],
    ].flatMap(([name, rows]) => {
      const line = (rows as { id: string }[]).findIndex(({ id }) => id === row.id) + 1;
      return line > 0 ? [`${name}, line ${line}`] : [];
    });
  const { text, html } = await yourRows(own);
  const mine = questions.filter((row) => row.own !== undefined);
  expect(mine).toHaveLength(5);
  for (const row of mine) {
    const at = html.split("<tr>").find((cell) => cell.includes(`mine.jsonl, line ${row.own!.line}<`))!;
    if (row.gold_answer !== ESSAY) expect(at).toContain(`>${row.gold_answer}<`);
    for (const where of ended(row)) expect(at).toContain(where);
    if (ended(row).length === 0) expect(at).toContain("in no file: no answer but this very text");
    if (!ended(row).some((where) => where.startsWith("test"))) expect(at).toContain(">25%<");
    if (row.gold_answer === "30%") expect(at).toContain("answer: gold 30% = 0.3; answer 25% = 0.25");
  }
  expect(text).toContain("Teacher's answer");
});

test("a row whose text was dropped, and that RL does not want either, is told to be in no file", async () => {
  const kept = { ...own, config: overrideConfig(own.config, { "filter.rlSource": "kept" }) };
  await filter(kept);
  const { text } = await yourRows(kept);
  expect(text).toMatch(/mine\.jsonl, line \d.*another value.*in no file: its text was dropped/);
  await filter(own);
});

test("arms are asked of the rows that were kept alone, once, and their answers marked", async () => {
  const client = createClient({ baseURL: stub.url, model: "stub", engine: "transformers" });
  const { text } = await yourRows(own, ["base"], { client });
  expect(stub.requests).toHaveLength(5);
  expect(lineOf(text, 1)).toContain("✓ 25%");
  expect(lineOf(text, 2)).toContain("✗ 25%");
  expect(text).toMatch(/right of the 5 asked: Base 1/);
  await yourRows(own, ["base"], { client, maxRows: 2 });
  expect(stub.requests).toHaveLength(5);
});

test("of many rows the first ten stand open, and a report before a question is left out", async () => {
  const many = temporaryWorkspace();
  const file = join(many.root, "many.jsonl");
  const rows = Array.from({ length: 15 }, (_, i) => ({
    question: `Context: Sales were ${i + 2} million, costs ${i} million.\nQuestion: What was profit ${i}?`,
    gold_answer: "2 million",
  }));
  mkdirSync(many.root, { recursive: true });
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const lab = labOnFakeBase(many);
  const config = overrideConfig(lab.config, { ...settings, "prepare.sources": [file] });
  const tokenizer = await loadTokenizer(writeByteTokenizer(join(many.root, "tokenizer")));
  await prepare({ ...lab, config }, { tokenizer });
  const { html, text } = await yourRows({ ...lab, config });
  const [open, folded] = html.split("<details><summary>The next 5 rows</summary>");
  expect(open!.match(/many\.jsonl, line/g)).toHaveLength(10);
  expect(folded!.match(/many\.jsonl, line/g)).toHaveLength(5);
  expect(text).toMatch(/▸ The next 5 rows\n/);
  expect(text).toContain("Question: What was profit 14?");
  expect(text).not.toContain("Context:");
  const few = await yourRows({ ...lab, config }, [], { maxRows: 12 });
  expect(few.html).not.toContain("<details>");
  expect(few.text).toMatch(/… and 3 more of your rows$/);
  await many.remove();
});

test("without rows of the reader's it is one line, and nobody is asked", async () => {
  const none = temporaryWorkspace();
  const empty = { ...labOnFakeBase(none), config: own.config };
  const { setAside, questions } = readPrepared(own);
  put(
    empty.paths.raw,
    questions
      .filter((row) => !row.own)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(""),
  );
  put(join(dirname(empty.paths.raw), "set_aside.jsonl"), "");
  put(
    join(dirname(empty.paths.raw), "report.json"),
    JSON.stringify({ ...readPrepared(own).report, reused: false }),
  );
  expect(setAside.some((row) => row.own !== undefined)).toBe(true);
  const { text, html } = await yourRows(empty, ["base"]);
  expect(text.split("\n")).toHaveLength(1);
  expect(text).toContain("npm start -- --source my.jsonl");
  expect(html).not.toContain("<table");
  await none.remove();
});
