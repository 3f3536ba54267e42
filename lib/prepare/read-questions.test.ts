import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { REPO_ROOT } from "../config/paths.ts";
import { Question } from "../records.ts";
import { readQuestions } from "./read-questions.ts";
import { inOrder } from "../testing/in-order.ts";

const root = mkdtempSync(join(tmpdir(), "ftmodel-sources-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array) => {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
};
const row = (n: number, extra: object = {}) =>
  JSON.stringify({ question: `营收 ${n} 万元，利润率 10%，利润？`, gold_answer: `${n / 10}`, ...extra });

describe("readQuestions takes files of the user's own", () => {
  test("JSON lines, with ids and sources made where they are missing and types classified", () => {
    const { questions, setAside, rules } = readQuestions(
      file(
        "mine.jsonl",
        `${row(1)}\n\n${row(2, { id: "q2", source: "exam" })}\r\n` +
          row(3, { type: "financial_analysis", reasoning: "r" }),
      ),
    );
    expect(setAside).toEqual([]);
    expect(questions).toEqual([
      {
        id: "mine_0",
        question: "营收 1 万元，利润率 10%，利润？",
        gold_answer: "0.1",
        type: "financial_calculation",
        source: "mine",
      },
      {
        id: "q2",
        question: "营收 2 万元，利润率 10%，利润？",
        gold_answer: "0.2",
        type: "financial_calculation",
        source: "exam",
      },
      {
        id: "mine_2",
        question: "营收 3 万元，利润率 10%，利润？",
        gold_answer: "0.3",
        type: "financial_analysis",
        source: "mine",
        reasoning: "r",
      },
    ]);
    expect([...rules.values()]).toEqual([
      "computes from named quantities",
      "computes from named quantities",
      "given by the source",
    ]);
    for (const q of questions) expect(Question.parse(q)).toEqual(q);
  });

  test("a foreign type is classified anew, and so is a whole file whose types are mostly foreign", () => {
    const types = (given: string[]) =>
      readQuestions(file("types.jsonl", given.map((type, n) => row(n, { type })).join("\n"))).questions.map(
        (q) => q.type,
      );
    const ours = Array<string>(9).fill("financial_analysis");
    expect(types([...ours, "concept_qa"])).toEqual([...ours, "financial_calculation"]);
    expect(types(["financial_analysis", "concept_qa", "business_reasoning"])).toEqual(
      Array(3).fill("financial_calculation"),
    );
  });

  test("a JSON list, whose numbers keep their decimals", () => {
    const { questions } = readQuestions(
      file(
        "list.json",
        '[\n {"question": "a?", "gold_answer": 1.50, "id": 7},\n {"question": "b?", ' +
          '"gold_answer": 12000000000000000000001}\n]',
      ),
    );
    expect(questions.map((q) => [q.id, q.gold_answer])).toEqual([
      ["7", "1.50"],
      ["list_1", "12000000000000000000001"],
    ]);
  });

  test("CSV with quotes, commas, newlines in fields, a byte order mark, semicolons or tabs", () => {
    const csv = readQuestions(
      file(
        "a.csv",
        '\ufeffid,question,gold_answer,type\r\n1,"Price, in ""USD""?\nSecond ' +
          'line",5,\r\n,"Next?","1,234",\r\n',
      ),
    );
    expect(csv.questions.map((q) => [q.id, q.question, q.gold_answer])).toEqual([
      ["1", 'Price, in "USD"?\nSecond line', "5"],
      ["a_1", "Next?", "1,234"],
    ]);
    expect(readQuestions(file("b.csv", "question;gold_answer\na,b?;5\n")).questions[0]!.question).toBe(
      "a,b?",
    );
    expect(readQuestions(file("c.tsv", "question\tgold_answer\na,b?\t5\n")).questions[0]!.question).toBe(
      "a,b?",
    );
  });

  test("one JSON object a line in a .json file, and a file without an extension", () => {
    expect(readQuestions(file("lines.json", `${row(1)}\n${row(2)}\n`)).questions).toHaveLength(2);
    expect(readQuestions(file("plain", `${row(1)}\n`)).questions[0]!.id).toBe("plain_0");
    expect(readQuestions(file("table", "question,gold_answer\nx?,1\n")).questions).toHaveLength(1);
  });
});

describe("bad rows are set aside by line, field, expected and found; the good ones stay", () => {
  test("in JSON lines", () => {
    const half = Buffer.concat([
      Buffer.from(row(9).slice(0, 15)),
      Buffer.from([0xe8, 0x90]),
      Buffer.from(row(9).slice(15)),
    ]);
    const content = Buffer.concat([
      Buffer.from(
        [
          row(1, { id: "a" }),
          '{"question": "x", ',
          '{"question": "x?"}',
          '{"question": " ", "gold_answer": "1"}',
          '{"question": "x?", "gold_answer": {"v": 1}}',
          "[1]",
          row(2, { id: "a" }),
          "",
        ].join("\n"),
      ),
      half,
      Buffer.from(`\n${row(3)}\n`),
    ]);
    const { questions, setAside } = readQuestions(file("bad.jsonl", content));
    expect(questions.map((q) => q.id)).toEqual(["a", "bad_8"]);
    expect(setAside.map(({ line, reason, field }) => [line, reason, field])).toEqual([
      [2, "json", ""],
      [3, "field", "gold_answer"],
      [4, "field", "question"],
      [5, "field", "gold_answer"],
      [6, "field", ""],
      [7, "duplicate_id", "id"],
      [8, "encoding", ""],
    ]);
    expect(setAside[1]).toMatchObject({
      expected: "a text or a number",
      found: "no such field; the row has question",
      source: "bad",
      id: null,
    });
    expect(setAside[5]).toMatchObject({ found: '"a", as on line 1', id: "a" });
  });

  test("in CSV, with lines counted through quoted newlines", () => {
    const { questions, setAside } = readQuestions(
      file(
        "bad.csv",
        'question,gold_answer\n"two\nlines?",1\n\nno gold,\nx,y,z\nlast?,2\n"open,3\nlost?,4\n',
      ),
    );
    expect(questions.map((q) => q.question)).toEqual(["two\nlines?", "last?"]);
    expect(setAside.map(({ line, reason, field }) => [line, reason, field])).toEqual([
      [5, "field", "gold_answer"],
      [6, "csv", ""],
      [8, "csv", ""],
    ]);
  });

  test("in a JSON list, with the line each element starts on", () => {
    const { setAside } = readQuestions(
      file("bad.json", `[\n${row(1)},\n{"question":\n "[x,\\"]?"},\n\n7,\n${row(2)}]`),
    );
    expect(setAside.map(({ line, reason, found }) => [line, reason, found])).toEqual([
      [3, "field", "no such field; the row has question"],
      [6, "field", "7"],
    ]);
  });
});

describe("a file that cannot be used at all is an error", () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ["empty.jsonl", "", /is empty[\s\S]*0 bytes/],
    ["blank.csv", "\n \n", /is empty/],
    ["header.csv", "question,gold_answer\n", /holds no rows/],
    [
      "allbad.jsonl",
      '{"q": 1}\n{"q": 2}\n',
      inOrder(
        /no question that can be used \(.*line 1, field question\)/,
        /the row has q \(also wrong: gold_answer\); all 2 rows are bad \(field: 2\)/,
      ),
    ],
    ["columns.csv", "prompt,answer\nx?,1\n", /field question\)[\s\S]*the row has prompt, answer/],
    [
      "utf16.jsonl",
      Buffer.from(`\ufeff${row(1)}`, "utf16le"),
      /wrong encoding[\s\S]*UTF-16 \(little endian\)[\s\S]*iconv/,
    ],
    [
      "utf16nomark.csv",
      Buffer.from("question,gold_answer\nx?,1\n", "utf16le"),
      /UTF-16 \(little endian, no mark\)/,
    ],
    [
      "gbk.jsonl",
      Buffer.concat([
        Buffer.from('{"question": "'),
        Buffer.from("d3aacad5caa7b6c0b6e0c9d9", "hex"),
        Buffer.from('", "gold_answer": "1"}\n'),
      ]),
      /GBK or GB18030[\s\S]*iconv -f GB18030/,
    ],
    ["broken.json", `[${row(1)},\n{"question": }]`, /cannot be read as JSON \(.*line 2\)/],
    ["cut.json", `[${row(1)},\n${row(2).slice(0, 20)}`, /cannot be read as JSON \(.*line 2\)/],
    ["object.json", '{\n"a": 1\n}', /no list of rows/],
    ["sheet.csv", Buffer.from("504b030414000600", "hex"), /spreadsheet[\s\S]*export the sheet as CSV/],
    [
      "one.csv",
      Buffer.concat([
        Buffer.from("question,gold_answer\n一?,1\n"),
        Buffer.from([0xe8, 0x90]),
        Buffer.from("?,2\n"),
      ]),
      /wrong encoding \(.*line 3\)/,
    ],
  ])("%s", (name, content, message) => {
    const path = file(name, content);
    expect(() => readQuestions(path)).toThrow(message);
    expect(() => readQuestions(path)).toThrow(path);
  });

  test("a missing file and a folder", () => {
    expect(() => readQuestions(join(root, "absent.jsonl"))).toThrow(/absent\.jsonl[\s\S]*no such file/);
    expect(() => readQuestions(root)).toThrow(/a folder/);
  });
});

const fixtures = process.env.FTMODEL_FIXTURES || join(REPO_ROOT, "..", "shared", "data");
const present = existsSync(join(fixtures, "finance-qa"));
describe.skipIf(!present)(
  `real questions${present ? "" : ` (skipped: no ${fixtures}; set FTMODEL_FIXTURES)`}`,
  () => {
    test("every row of finance-qa is taken", () => {
      const folder = join(fixtures, "finance-qa");
      for (const name of readdirSync(folder)) {
        const lines = readFileSync(join(folder, name), "utf8").trim().split("\n").length;
        const { questions, setAside } = readQuestions(join(folder, name));
        expect([name, questions.length, setAside]).toEqual([name, lines, []]);
      }
    });

    test("DianJin's files: a box in all of the first and third, in a sixteenth of the second", () => {
      const counts = ["cflue_mcq", "cflue_oe", "fin_qa"].map((name) => {
        const { questions, setAside } = readQuestions(join(fixtures, "dianjin-shape", `${name}.json`));
        for (const s of setAside) expect(s.reason).toBe("no_boxed");
        return [questions.length, setAside.length];
      });
      expect(counts).toEqual([
        [400, 0],
        [9, 134],
        [300, 0],
      ]);
      const mcq = readQuestions(join(fixtures, "dianjin-shape", "cflue_mcq.json"));
      for (const q of mcq.questions) expect(q.gold_answer).toMatch(/^[A-E]+$/);
    });
  },
);
