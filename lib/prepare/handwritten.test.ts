import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readHandwritten } from "./handwritten.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-handwritten-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const row = JSON.stringify({ question: "营收 10 万元，利润率 10%，利润？", gold_answer: "1" });

test("hand-written questions: every file, any bad row an error, none without the folder", () => {
  const folder = join(root, "handwritten");
  expect(readHandwritten(folder).questions).toEqual([]);
  mkdirSync(folder);
  writeFileSync(join(folder, "basics.jsonl"), `${row}\n`);
  expect(readHandwritten(folder).questions).toMatchObject([{ id: "basics_0", source: "handwritten" }]);
  writeFileSync(join(folder, "more.jsonl"), `${row}\n{"question": "x"}\n`);
  expect(() => readHandwritten(folder)).toThrow(/more\.jsonl, line 2, field gold_answer/);
});
