/**
 * Ten pairs that show what counts as equal, each with the rule it is about. For the notebook that explains
 * the checker.
 */
import type { AnswerCase } from "./check-answer.ts";

export interface Example extends AnswerCase {
  /** What there is to see. */
  about: string;
}

export const EXAMPLE_PAIRS: readonly Example[] = [
  { about: "scale is part of the value", question: "", gold: "5.2亿", prediction: "5.2万" },
  { about: "the same value in other words", question: "", gold: "0.52亿元", prediction: "5,200万元" },
  {
    about: "FinQA's fraction, a person's percentage",
    question: "What percentage of revenue was it?",
    gold: "0.10935",
    prediction: "10.9%",
  },
  { about: "an explicit sign beats a guess", question: "", gold: "50%", prediction: "0.5%" },
  { about: "accounting brackets are a minus", question: "", gold: "-1,234", prediction: "(1,234)" },
  {
    about: "the question states the fall",
    question: "By how much did revenue fall?",
    gold: "5.2%",
    prediction: "-5.2%",
  },
  { about: "rounding that loses too much", question: "", gold: "12.3456", prediction: "12" },
  { about: "two answers are none", question: "", gold: "800", prediction: "800 or 900" },
  {
    about: "letter against value",
    question: "毛利率是多少？\nA. 10%\nB. 12.5%\nC. 15%",
    gold: "B",
    prediction: "B. 15%",
  },
  { about: "a denied keyword", question: "", gold: "增强", prediction: "并非增强，而是减弱" },
];
