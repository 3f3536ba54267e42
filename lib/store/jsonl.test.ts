import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { checkedLine, parseLine, readJsonl, splitLines, writeJsonl } from "./jsonl.ts";
import { Question } from "../records.ts";
import { inOrder } from "../testing/in-order.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-jsonl-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const path = join(root, "rows.jsonl");
const good = {
  id: "q1",
  question: "贷款 100 元",
  gold_answer: "5",
  type: "financial_calculation",
  source: "test",
};

describe("readJsonl", () => {
  test("what writeJsonl wrote comes back, with or without a last newline, with either line end", () => {
    writeJsonl(path, [good, { ...good, id: "q2" }]);
    expect(readJsonl(path, Question).map((q) => q.id)).toEqual(["q1", "q2"]);
    writeFileSync(path, `${JSON.stringify(good)}\r\n\r\n${JSON.stringify({ ...good, id: "q2" })}`);
    expect(readJsonl(path, Question).map((q) => q.id)).toEqual(["q1", "q2"]);
  });

  test.each([
    [
      "a missing field",
      { ...good, gold_answer: undefined },
      inOrder(
        /line 2, field gold_answer\)/,
        /expected: a text/,
        /found: +no such field; the row has id, question, type, source/,
      ),
    ],
    [
      "a field of another type",
      { ...good, question: 7 },
      /line 2, field question\)[\s\S]*expected: a text[\s\S]*found: +7/,
    ],
    [
      "a blank text",
      { ...good, question: " \n" },
      /field question\)[\s\S]*expected: must not be blank[\s\S]*found: +" \\n"/,
    ],
    [
      "an unknown type",
      { ...good, type: "concept_qa" },
      /field type\)[\s\S]*expected: one of "financial_calculation"[\s\S]*found: +"concept_qa"/,
    ],
    [
      "two bad fields",
      { id: "q1", question: "x", gold_answer: "5" },
      /field type\)[\s\S]*also wrong: source/,
    ],
    ["a list", [1], /line 2\)[\s\S]*expected: an object[\s\S]*found: +\[1\]/],
  ])("%s is refused by file, line, field, expected and found", (_, row, message) => {
    writeFileSync(path, `${JSON.stringify(good)}\n${JSON.stringify(row)}\n`);
    expect(() => readJsonl(path, Question)).toThrow(path);
    expect(() => readJsonl(path, Question)).toThrow(message);
  });

  test("malformed JSON, a missing file and an empty one say so", () => {
    writeFileSync(path, `${JSON.stringify(good)}\n{"id": "q2", \n`);
    expect(() => readJsonl(path, Question)).toThrow(/line 2\)[\s\S]*expected: one JSON object/);
    writeFileSync(path, "\n\n");
    expect(() => readJsonl(path, Question, "Run notebook 01.")).toThrow(
      /holds no rows[\s\S]*2 bytes[\s\S]*Run notebook 01\./,
    );
    expect(() => readJsonl(join(root, "absent"), Question, "Run notebook 01.")).toThrow(
      /could not be read[\s\S]*ENOENT[\s\S]*Run notebook 01\./,
    );
  });
});

describe("checkedLine and parseLine", () => {
  test("any row survives the way to disk and back", () => {
    const schema = z.object({ id: z.string(), text: z.string(), n: z.number().nullable() });
    const row = fc.record({
      id: fc.string({ unit: "binary" }),
      text: fc.string({ unit: "grapheme" }),
      n: fc.oneof(fc.integer(), fc.constant(null)),
    });
    fc.assert(
      fc.property(row, (value) => {
        const line = checkedLine(value);
        expect(line).not.toContain("\n");
        expect(parseLine(Buffer.from(line), schema)).toEqual({ row: JSON.parse(JSON.stringify(value)) });
      }),
      { numRuns: 50 },
    );
  });

  test("every single flipped bit of a line is noticed or harmless", () => {
    const schema = z.object({ id: z.string(), text: z.string() });
    const row = { id: "a", text: "涨幅 5%" };
    const line = Buffer.from(checkedLine(row));
    for (let bit = 0; bit < line.length * 8; bit++) {
      const damaged = Buffer.from(line);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const result = parseLine(damaged, schema);
      if ("row" in result) expect(result.row).toEqual(row);
      else expect(["json", "encoding", "checksum", "field"]).toContain(result.problem.reason);
    }
  });

  test("a line without a checksum is read too, and so is a row that has a crc of its own", () => {
    const schema = z.object({ crc: z.string() });
    expect(parseLine(Buffer.from('{"crc":"mine"}'), schema)).toEqual({ row: { crc: "mine" } });
    expect(parseLine(Buffer.from(checkedLine({ crc: "0badcafe" })), schema)).toEqual({
      row: { crc: "0badcafe" },
    });
  });
});

test("splitLines counts lines from 1 and gives each its first byte", () => {
  const bytes = Buffer.from("a\r\n\nccc");
  expect(
    [...splitLines(bytes)].map(({ line, start, bytes: b, ended }) => [line, start, b.toString(), ended]),
  ).toEqual([
    [1, 0, "a", true],
    [2, 3, "", true],
    [3, 4, "ccc", false],
  ]);
});
