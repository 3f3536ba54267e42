/** How a solution looks on paper. */
import type { Language, Solution } from "./kind.ts";

/** `<think>` with the steps, then `<answer>`. */
export function taggedText({ steps, answer }: Solution): string {
  return `<think>\n${steps.join("\n")}\n</think>\n<answer>\n${answer}\n</answer>`;
}

/** What the Base mostly writes: the steps, then a last line with the answer. */
export function untaggedText({ steps, answer }: Solution, language: Language): string {
  return `${steps.join("\n")}\n${language === "en" ? "Answer: " : "答案:"}${answer}`;
}
