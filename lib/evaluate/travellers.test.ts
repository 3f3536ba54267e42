import { expect, test } from "vitest";
import type { Question, QuestionType } from "../records.ts";
import { PROFILES } from "../config/profiles.ts";
import { readHandwritten } from "../prepare/handwritten.ts";
import { splitQuestions } from "../prepare/split.ts";
import { PINNED, travellers } from "./travellers.ts";
import { generateQuestions } from "../world/index.ts";

const own = (i: number, type: QuestionType = "financial_calculation"): Question => ({
  id: `own_${i}`,
  question: `What is ${i} plus ${i}?`,
  gold_answer: String(2 * i),
  type,
  source: "mine",
});
const handwritten = (i: number, question: string): Question => ({
  id: `handwritten_${i}`,
  question,
  gold_answer: "变差",
  type: "financial_analysis",
  source: "handwritten",
});
const basics = [
  ...generateQuestions(400, 42),
  handwritten(1, "毛利率由40%降至30%,盈利能力变好还是变差?"),
  handwritten(2, "存货周转变慢,存货管理变好还是变差?"),
  handwritten(3, "负债率上升,偿债能力变好还是变差?"),
];

const defaultRun = [
  ...readHandwritten().questions,
  ...generateQuestions(PROFILES.tiny.prepare.generated, PROFILES.tiny.seed),
];

test("the pinned questions are those of the default run, English ones and Chinese ones with a gloss", () => {
  const chosen = travellers(defaultRun);
  expect(
    chosen.map(({ id }) => id),
    "choose again: see scripts/travellers.ts",
  ).toEqual(PINNED.map(({ id }) => id));
  for (const { question, gloss, why } of chosen) {
    expect(why).toMatch(/^one that /);
    expect(gloss !== undefined, question).toBe(/\p{Script=Han}/u.test(question));
    // the gloss holds the question's numbers
    if (gloss) expect(gloss.match(/\d+/g)).toEqual(question.match(/\d+/g));
  }
  expect(chosen.filter(({ gloss }) => gloss).length).toBe(2);
});

test("a question of another draw with a pinned id does not pass for it", () => {
  const others = defaultRun.map((row) => ({
    ...row,
    gold_answer: row.id === PINNED[0]!.id ? "77%" : row.gold_answer,
  }));
  const chosen = travellers(others);
  expect(chosen.length).toBe(4);
  expect(chosen.map(({ id }) => id)).not.toContain(PINNED[0]!.id);
  expect(chosen.slice(0, 3).map(({ id }) => id)).toEqual(PINNED.slice(1).map(({ id }) => id));
});

test(
  "in other data four questions travel: a growth rate in English, a margin in Chinese, a yes or no, one " +
    "that a person wrote",
  () => {
    const [growth, margin, cover, analysis] = travellers(basics);
    expect(growth).toMatchObject({ kind: "growth_rate" });
    expect(growth!.question).toMatch(/^[\x20-\x7e]+$/);
    expect(margin).toMatchObject({ kind: "gross_margin" });
    expect(margin!.question).toMatch(/\p{Script=Han}/u);
    expect(cover).toMatchObject({
      kind: "interest_cover",
      gold_answer: expect.stringMatching(/^(?:yes|no|是|否)$/),
    });
    expect(analysis).toMatchObject({ source: "handwritten", type: "financial_analysis" });
  },
);

test("with another seed, too, a Chinese one of ours has its English", () => {
  const config = { ...PROFILES.tiny, seed: 7 };
  const rows = generateQuestions(config.prepare.generated, config.seed);
  const [, margin] = travellers(rows, config);
  expect(margin!.question).toMatch(/\p{Script=Han}/u);
  const figures = margin!.gloss?.replaceAll(/× (?:10,000|100 million)/g, "").match(/\d+/g);
  expect(figures).toEqual(margin!.question.match(/\d+/g));
});

test("they are trained on: with any seed none stands in the test", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const config = { seed, prepare: { testShare: 0.5 } as never };
    const { test: held } = splitQuestions(basics, { testShare: 0.5, seed });
    const chosen = travellers(basics, config);
    expect(chosen.length).toBe(4);
    expect(held.filter((row) => chosen.includes(row))).toEqual([]);
  }
});

test("the same rows give the same travellers", () => {
  expect(travellers(structuredClone(basics)).map((row) => row.id)).toEqual(
    travellers(basics).map((row) => row.id),
  );
});

test("with other sources every type sends one, and no question travels twice", () => {
  const types: QuestionType[] = ["financial_calculation", "financial_analysis", "financial_concept"];
  const rows = Array.from({ length: 30 }, (_, i) => own(i + 1, types[i % 3]));
  const chosen = travellers(rows);
  expect(new Set(chosen.map((row) => row.type))).toEqual(new Set(types));
  expect(new Set(chosen.map((row) => row.id)).size).toBe(4);
});

test("a question whose answer rules cannot check does not travel", () => {
  const essay = Array.from({ length: 10 }, (_, i) => ({
    ...own(i + 1),
    gold_answer:
      "Because the margin fell while costs rose, the company should first look at its prices, " +
      "then at its suppliers.",
  }));
  expect(travellers(essay)).toEqual([]);
  const config = { seed: 42, prepare: { ...PROFILES.tiny.prepare, testShare: 0.2 } };
  expect(travellers([...essay, own(20), own(21)], config).map((row) => row.source)).toEqual(["mine", "mine"]);
});

test("one of the reader's own travels, and says whose it is", () => {
  const mine = { ...own(50), own: { file: "mine.jsonl", line: 1 } };
  const chosen = travellers([...basics, mine], { seed: 1, prepare: { testShare: 0.01 } as never });
  expect(chosen).toHaveLength(4);
  expect(chosen.at(-1)).toEqual({ ...mine, why: "the first of yours that a rule can check" });
});

test("no questions, no travellers", () => {
  expect(travellers([])).toEqual([]);
});
