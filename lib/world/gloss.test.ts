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

test("a gloss keeps the names, the figures and the units of its question", () => {
  const { prepare, seed } = PROFILES.tiny;
  const chinese = generateQuestions(prepare.generated, seed).filter(({ question }) => HAN.test(question));
  const figures = (text: string): string[] => text.replaceAll("10,000", "").match(/\d+(?:\.\d+)?/g) ?? [];
  for (const row of chinese) {
    const gloss = inEnglish(row)!;
    expect(gloss).not.toMatch(/\$|million(?! yuan)|Acme|Lumen|Everline/);
    expect(gloss.includes("Huaxing")).toBe(row.question.includes("华兴电子"));
    const own = figures(row.question);
    const foreign = figures(gloss.replaceAll("× 100 million", "")).filter(
      (figure) => figure.length > 1 && !own.includes(figure), // 两 is "two" or 2
    );
    expect(foreign, `${row.question} ${gloss}`).toEqual([]);
  }
  const growth = chinese.find(({ id }) => id === "basics_42_204")!;
  expect(growth.question).toContain("900元");
  expect(inEnglish(growth)).toMatch(/Huaxing Electronics .*900 yuan/);
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
