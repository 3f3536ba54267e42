import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import { prepare } from "./prepare.ts";
import { questionFacts, readPrepared } from "./prepared.ts";
import type { Question } from "../records.ts";
import { writeByteTokenizer } from "../testing/byte-tokenizer.ts";
import { loadTokenizer } from "../model/tokens.ts";
import type { Tokenizer } from "../model/tokens.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-prepared-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let tokenizer: Tokenizer;
beforeAll(async () => void (tokenizer = await loadTokenizer(writeByteTokenizer(join(root, "tokenizer")))));

const open = (name: string, rows: readonly object[]) => {
  const file = join(root, `${name}.jsonl`);
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return openLab(
    {
      "prepare.generated": 0,
      "prepare.handwritten": false,
      "prepare.sources": [file],
      "prepare.maxPromptTokens": 400,
    },
    { FTMODEL_WORKSPACE: join(root, name) },
  );
};
const margin = { question: "收入100万元,成本60万元,毛利率是多少?", gold_answer: "40%" };

test("what was prepared is read again: kept questions, and rows set aside with their reason", async () => {
  const lab = open("mixed", [
    margin,
    { ...margin, question: " 收入100万元，成本60万元，毛利率是多少？" },
    { question: "No answer" },
  ]);
  const report = await prepare(lab, { tokenizer });
  const { questions, setAside, report: stored } = readPrepared(lab);
  expect(stored).toEqual(report);
  expect(questions).toHaveLength(report.rows);
  expect(setAside.map((row) => [row.reason, row.line]).sort()).toEqual([
    ["duplicate", 2],
    ["field", 3],
  ]);
});

test("nothing set aside is an empty list, not an error", async () => {
  const lab = open("clean", [margin]);
  await prepare(lab, { tokenizer });
  expect(readPrepared(lab).setAside).toEqual([]);
});

test("without stage 1 the reader is told to run it", () => {
  expect(() => readPrepared(openLab({}, { FTMODEL_WORKSPACE: join(root, "nothing") }))).toThrow(
    /Run 01_prepare first/,
  );
});

test("a damaged report names its file and what to do", async () => {
  const lab = open("damaged", [margin]);
  await prepare(lab, { tokenizer });
  writeFileSync(join(lab.paths.root, "data", "raw", "report.json"), "{");
  expect(() => readPrepared(lab)).toThrow(/report\.json[^]*Run 01_prepare again/);
});

test("a question's facts: language, kind of answer, whether rules can check it, its tokens", () => {
  const essay =
    "The company should first look at its prices, because the margin fell while its costs rose, " +
    "and then at its suppliers.";
  const rows: Question[] = [
    { id: "a", ...margin, type: "financial_calculation", source: "mine", kind: "gross_margin" },
    {
      id: "b",
      question: "Is profit cash? Answer yes or no.",
      gold_answer: "no",
      type: "financial_concept",
      source: "mine",
    },
    {
      id: "c",
      question: "What should the company do?",
      gold_answer: essay,
      type: "financial_analysis",
      source: "mine",
    },
  ];
  const counted = {
    id: "a",
    source: "mine",
    type: "financial_calculation",
    typeGiven: true,
    tokens: 31,
    kept: true,
  };
  expect(questionFacts(rows, [counted])).toMatchObject([
    {
      id: "a",
      typeGiven: true,
      language: "zh",
      kind: "gross_margin",
      answer: "number",
      checkable: true,
      tokens: 31,
      typeByRules: "financial_calculation",
    },
    { id: "b", typeGiven: false, language: "en", kind: "–", answer: "yesno", checkable: true, tokens: null },
    { id: "c", language: "en", answer: "text", checkable: false, tokens: null },
  ]);
});
