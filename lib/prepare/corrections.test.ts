import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { ownSource, readSources } from "./all-sources.ts";
import { correctedVerdicts, correctionsPath } from "./corrections.ts";
import { readQuestions } from "./read-questions.ts";

const folder = mkdtempSync(join(tmpdir(), "corrections-"));
afterAll(() => rmSync(folder, { recursive: true }));

const lab = openLab({}, { FTMODEL_WORKSPACE: folder });

function fileOf(name: string, rows: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}

function collect(...files: string[]) {
  return readSources(files.map((file) => ownSource(file, basename(file))));
}

const questions = fileOf("mine.jsonl", [
  { id: "q1", question: "Revenue is 80, profit 20. What is the margin?", gold_answer: "20%" },
  { id: "q2", question: "What is 2 + 2?", gold_answer: "4" },
]);

test("a corrected gold takes the place of the question's, the later one of two", () => {
  const corrections = fileOf("corrections.jsonl", [
    { correction: "gold", id: "q1", gold_answer: "30%", was: "20%" },
    // seen after a run with the first one
    { correction: "gold", id: "q1", gold_answer: 25, was: "30%", note: "20 / 80" },
  ]);
  const [mine, corrected] = collect(questions, corrections);
  expect(mine!.questions.map(({ gold_answer }) => gold_answer)).toEqual(["25", "4"]);
  expect(corrected).toMatchObject({ questions: [], setAside: [] });
  expect(corrected!.corrections).toHaveLength(2);
});

test("one of a question that is not there, or that is another now, is set aside with its line", () => {
  const corrections = fileOf("old.jsonl", [
    { correction: "note", id: "q2", note: "too easy" },
    { correction: "gold", id: "q9", gold_answer: "1", was: "2" },
    { correction: "gold", id: "q2", gold_answer: "5", was: "3" },
  ]);
  const [mine, old] = collect(questions, corrections);
  expect(mine!.questions[1]!.gold_answer).toBe("4");
  expect(old!.setAside.map(({ line, reason, id }) => [line, reason, id])).toEqual([
    [2, "unknown_question", "q9"],
    [3, "another_question", "q2"],
  ]);
  expect(old!.corrections.map(({ row }) => row.correction)).toEqual(["note"]);
});

test("a correction that says nothing usable is set aside; a file of nothing else is an error", () => {
  const mixed = readQuestions(
    fileOf("mixed.jsonl", [
      { question: "What is 1 + 1?", gold_answer: "2" },
      { correction: "verdict", id: "q1", verdict: "perhaps" },
      { correction: "wish", id: "q1" },
    ]),
  );
  expect(mixed.questions).toHaveLength(1);
  expect(mixed.setAside.map(({ line, field }) => [line, field])).toEqual([
    [2, "verdict"],
    [3, "correction"],
  ]);
  const bad = fileOf("bad.jsonl", [{ correction: "gold", id: "q1" }]);
  expect(() => readQuestions(bad)).toThrow(LabError);
});

test("verdicts are kept by the text's key; the last word on a text counts", () => {
  expect(correctedVerdicts(lab)).toEqual(new Map());
  const rows = [
    { correction: "verdict", id: "q1", key: "k1", verdict: "right", note: "fine" },
    { correction: "verdict", id: "q1", key: "k1", verdict: "wrong" },
    { correction: "verdict", id: "q2", verdict: "wrong", arm: "SFT" },
  ];
  const at = fileOf("kept.jsonl", rows);
  const keptLab = { paths: { ...lab.paths, raw: join(folder, "raw.jsonl") } };
  writeFileSync(correctionsPath(keptLab), readFileSync(at));
  expect(correctedVerdicts(keptLab)).toEqual(new Map([["k1", { verdict: "wrong", note: null }]]));
});
