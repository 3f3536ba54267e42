/** Texts as models write them that nobody trained for our tags. Pure: the same asking gives the same text. */
import { languageOf } from "../question/language.ts";
import type { Language } from "../question/language.ts";
import { rubricOf } from "../judge/prompt.ts";
import type { RubricName } from "../judge/prompt.ts";
import type { Random } from "../stats/random.ts";

/**
 * `r1`: opens `<think>`, prose and `\boxed{}` behind it; `r1-field`: the same, the thoughts in
 * `reasoning_content`; `instruct`: no tags, a closing "the answer is …"; `tags`: as our trained arms write.
 * All of them write in the question's language.
 */
export const FOREIGN_STYLES = ["r1", "r1-field", "instruct", "tags"] as const;
export type ForeignStyle = (typeof FOREIGN_STYLES)[number];

export interface ForeignText {
  content: string;
  /** Of a server with a reasoning parser; null where the thoughts stand in the content or nowhere. */
  reasoning: string | null;
}

const WORDS: Record<Language, Record<"hm" | "given" | "steps" | "result" | "closing", string>> = {
  en: {
    hm: "Okay, let me see what is asked here. I should be careful with the units.",
    given: "The values given are",
    steps: "To solve this, we go step by step.",
    result: "Working this out gives",
    closing: "Therefore, the answer is",
  },
  zh: {
    hm: "好的，我先看看题目问的是什么，注意单位。",
    given: "已知的数值有",
    steps: "我们一步一步来分析。",
    result: "计算后得到",
    closing: "因此，答案是",
  },
};

/** A text that ends in `answer`, in the style asked for. */
export function foreignText(style: ForeignStyle, question: string, answer: string): ForeignText {
  const language = languageOf(question);
  const { hm, given, steps, result, closing } = WORDS[language];
  const [comma, stop] = language === "zh" ? ["、", "。"] : [", ", "."];
  const numbers = question.match(/\d+(?:\.\d+)?/g)?.slice(0, 4) ?? [];
  const known = numbers.length > 0 ? `${given} ${numbers.join(comma)}${stop}` : steps;
  const thoughts = `${hm}\n${known}\n${result} ${answer}${stop}`;
  const boxed = `${steps}\n\n${known}\n\n${closing}\n\n\\boxed{${answer.replace(/[%$]/g, "\\$&")}}`;
  if (style === "r1") return { content: `<think>\n${thoughts}\n</think>\n\n${boxed}`, reasoning: null };
  if (style === "r1-field") return { content: `\n\n${boxed}`, reasoning: thoughts };
  const tags = `<think>\n${known}\n${result} ${answer}\n</think>\n<answer>\n${answer}\n</answer>`;
  if (style === "tags") return { content: tags, reasoning: null };
  const end = `${closing}${language === "zh" ? "" : " "}${answer}${stop}`;
  return { content: `${steps}\n1. ${known}\n2. ${result} ${answer}${stop}\n\n${end}`, reasoning: null };
}

/** Another answer of the gold's form: the next option, the other of yes and no, a number that is off. */
export function wrongAnswer(gold: string, random: Random): string {
  if (/^[A-D]$/.test(gold)) return random.pick([..."ABCD"].filter((letter) => letter !== gold));
  if (/^(yes|no)$/i.test(gold)) return /^yes$/i.test(gold) ? "no" : "yes";
  const number = /\d+(?:\.\d+)?/.exec(gold);
  if (!number) return languageOf(gold) === "zh" ? "无法判断" : "that cannot be said";
  const other = Number(number[0]) * random.pick([0.5, 1.2, 2, 10]) + 1;
  return gold.replace(number[0], String(Number(other.toFixed(2))));
}

/** A verdict in the rubric's form, with a sentence as its reason; `good` decides whether it would pass. */
export function foreignVerdict(rubric: RubricName, good: boolean, random: Random): string {
  const { criteria, scale } = rubricOf(rubric);
  const reason = good ? "The steps lead to the answer." : "A step does not follow from the one before.";
  const scores = criteria.map(({ key }, i): [string, number | boolean] => {
    if (scale.kind === "all") return [key, good || (i > 0 && random.next() < 0.5)];
    return [key, good ? random.int(scale.max - 2, scale.max) : random.int(scale.min, scale.min + 2)];
  });
  return JSON.stringify({ reason, ...Object.fromEntries(scores) });
}
