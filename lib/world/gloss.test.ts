import { expect, test } from "vitest";
import { drawQuestions } from "./generate.ts";
import { inEnglish } from "./gloss.ts";

const config = { seed: 42, prepare: { generated: 300 } };

test("a Chinese question has its English, with the same numbers", () => {
  const gloss = inEnglish(config);
  const chinese = drawQuestions(300, 42, "lab").filter(({ language }) => language === "zh");
  expect(chinese.length).toBeGreaterThan(100);
  for (const { question } of chinese) {
    const english = gloss(question)!;
    expect(english).not.toMatch(/\p{Script=Han}|undefined|NaN/u);
  }
  const numbers = (text: string) => [...text.matchAll(/\d+(?:\.\d+)?/g)].map(Number).sort();
  const same = chinese.filter(
    ({ question }) => String(numbers(question)) === String(numbers(gloss(question)!)),
  );
  expect(same.length / chinese.length).toBeGreaterThan(0.6); // a unit or a number may be spelt out in one
});

test("an English question, and one of elsewhere, has none", () => {
  const gloss = inEnglish(config);
  const english = drawQuestions(300, 42, "lab").find(({ language }) => language === "en")!;
  expect(gloss(english.question)).toBeUndefined();
  expect(gloss("这不是我们的题目")).toBeUndefined();
});
