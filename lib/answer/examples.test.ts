import { expect, it } from "vitest";
import { checkAnswer } from "./check-answer.ts";
import { EXAMPLE_PAIRS } from "./examples.ts";

it("the ten pairs show both verdicts, each with a sentence", () => {
  const verdicts = EXAMPLE_PAIRS.map((pair) => checkAnswer(pair));
  expect(verdicts.map((v) => v.verdict)).toEqual([
    "wrong",
    "right",
    "right",
    "wrong",
    "right",
    "right",
    "wrong",
    "wrong",
    "wrong",
    "wrong",
  ]);
  expect(verdicts.map((v) => v.message)).toEqual([
    "gold 5.2亿 = 520,000,000; answer 5.2万 = 52,000: scale differs by 10,000",
    "gold 0.52亿元 = 52,000,000 CNY; answer 5,200万元 = 52,000,000 CNY: equal under the rules",
    "gold 0.10935; answer 10.9% = 0.109: equal under the rules",
    "gold 50% = 0.5; answer 0.5% = 0.005: scale differs by 100",
    "gold -1,234; answer (1,234) = -1,234: equal under the rules",
    "gold 5.2% = 0.052; answer -5.2% = -0.052: equal under the rules",
    "gold 12.3456; answer 12: not equal, and not correctly rounded",
    'gold 800; answer "800 or 900": more than one value where one is asked',
    'gold B; answer "B. 15%", read as B, C: letter and value contradict each other',
    'gold "增强"; answer "并非增强，而是减弱": the keyword is denied',
  ]);
});
