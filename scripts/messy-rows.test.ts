import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sideLab } from "../lib/config/lab.ts";
import { goldProblem } from "../lib/answer/index.ts";
import { loadTokenizer } from "../lib/model/tokens.ts";
import { prepare } from "../lib/prepare/prepare.ts";
import type { PrepareReport } from "../lib/prepare/report.ts";
import { readPrepared } from "../lib/prepare/prepared.ts";
import { messyFiles } from "../lib/prepare/handwritten.ts";
import { writeByteTokenizer } from "../lib/testing/byte-tokenizer.ts";
import { labOnFakeBase, temporaryWorkspace } from "../lib/testing/run-fixture.ts";
import { messyContents } from "./messy-rows.ts";

const workspace = temporaryWorkspace();
const lab = sideLab(labOnFakeBase(workspace), "messy", {
  "prepare.sources": messyFiles(),
  "prepare.handwritten": false,
  "prepare.generated": 0,
});
let report: PrepareReport;
let prepared: ReturnType<typeof readPrepared>;

beforeAll(async () => {
  // a token a byte
  const tokenizer = await loadTokenizer(writeByteTokenizer(join(workspace.root, "tokenizer")));
  report = await prepare(lab, { tokenizer });
  prepared = readPrepared(lab);
});
afterAll(() => workspace.remove());

test("data/messy holds what the script writes", () => {
  const contents = messyContents();
  expect(messyFiles().map((file) => basename(file))).toEqual([...contents.keys()].sort());
  for (const file of messyFiles())
    expect(
      readFileSync(file).equals(contents.get(basename(file))!),
      `${file}: run scripts/messy-rows.ts`,
    ).toBe(true);
});

test("every row is kept or set aside, and each of those has its file, its line and a reason", () => {
  const read = report.files.reduce((sum, file) => sum + file.read, 0);
  expect(read).toBe(80);
  expect(prepared.questions.length + prepared.setAside.length).toBe(read);
  for (const { file, line, reason, found } of prepared.setAside) {
    expect(messyFiles()).toContain(file);
    expect(line).toBeGreaterThan(0);
    expect(reason).toMatch(/^[a-z_]+$/);
    expect(found).not.toBe("");
  }
  for (const { read: all, kept, setAside } of report.sources)
    expect(all).toBe(kept + Object.values(setAside).reduce((sum, n) => sum + n, 0));
});

test("everything that happens to real data happens to it", () => {
  const reasons = new Set(prepared.setAside.map(({ reason }) => reason));
  expect([...reasons].sort()).toEqual([
    "csv",
    "duplicate",
    "duplicate_id",
    "duplicate_other_gold",
    "empty_boxed",
    "encoding",
    "field",
    "gold_unreadable",
    "json",
    "no_answer_block",
    "no_boxed",
    "too_long",
    "unbalanced_boxed",
  ]);
  expect(prepared.questions.filter((row) => goldProblem(row)?.reason === "long_free_text")).toHaveLength(4);
});

test("of two golds that contradict each other the line of the second is named", () => {
  const { line, file } = prepared.setAside.find(({ reason }) => reason === "duplicate_other_gold")!;
  expect(readFileSync(file, "utf8").split("\n")[line! - 1]).toContain("13.04%");
});
