import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../config/paths.ts";
import { PROFILES } from "../config/profiles.ts";
import { drawsForTest, generateQuestions } from "./generate.ts";
import { glosses } from "./gloss.ts";

const HAN = /\p{Script=Han}/u;
const inEnglish = glosses(PROFILES.tiny);

test("every Chinese question of the default draws has an English gloss", () => {
  const { prepare, seed } = PROFILES.tiny;
  const all = [
    ...generateQuestions(prepare.generated, seed),
    ...generateQuestions(drawsForTest(prepare.generatedTest), seed, "bench"),
  ];
  const chinese = all.filter(({ question }) => HAN.test(question));
  expect(chinese.length).toBeGreaterThan(700);
  for (const row of chinese) {
    const gloss = inEnglish(row);
    expect(gloss, row.question).toBeDefined();
    expect(gloss).not.toMatch(HAN);
  }
});

test("every handwritten Chinese question has one, written by hand", () => {
  const rows = readFileSync(join(REPO_ROOT, "data", "handwritten", "questions.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string; question: string })
    .filter(({ question }) => HAN.test(question));
  expect(rows.filter((row) => !inEnglish(row)).map(({ id }) => id)).toEqual([]);
});

test("an English question, and one of the reader's own, have none", () => {
  expect(inEnglish({ id: "handwritten_001", question: "What is a bond?" })).toBeUndefined();
  expect(inEnglish({ id: "mine_1", question: "什么是债券?" })).toBeUndefined();
});
