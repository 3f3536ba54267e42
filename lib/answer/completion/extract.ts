/** The answer that a completion is judged by. */
import { ANSWER_WITHIN, findAnswer } from "./find-answer.ts";
import { stripTags } from "./tags.ts";

const OPEN = "<answer>";
const CLOSE = "</answer>";

/**
 * The text that answers, or null.
 *
 * `strict`: the inside of the one answer block after the think block; null when there is none, or more than
 * one. Reward and filter use this. `lenient`: the same where it exists; else what `findAnswer` finds behind
 * the thinking; else the last line. Evaluation reports both, so that an untrained model is measured fairly.
 *
 * @example
 * extractAnswer("So the answer: 800", "lenient") //=> "800"
 */
export function extractAnswer(completion: string, mode: "strict" | "lenient"): string | null {
  const strict = strictAnswer(completion);
  if (strict !== null || mode === "strict") return strict;
  const rest = afterThinking(completion);
  const found = findAnswer(rest) ?? (rest.length < completion.length ? blockOf(completion) : null);
  return found?.answer ?? lastLine(stripTags(rest.slice(-ANSWER_WITHIN)));
}

/** Its answer block, wherever that stands: behind the thinking there may be only a word of farewell. */
function blockOf(completion: string): { answer: string } | null {
  const found = findAnswer(completion);
  return found?.rule === "answer_tag" ? found : null;
}

function strictAnswer(completion: string): string | null {
  const open = completion.indexOf(OPEN);
  if (open < 0 || completion.indexOf(OPEN, open + OPEN.length) >= 0) return null;
  const close = completion.indexOf(CLOSE, open + OPEN.length);
  if (close < 0 || completion.indexOf(CLOSE, close + CLOSE.length) >= 0) return null;
  // An answer inside the think block is thinking.
  const thinkEnd = completion.lastIndexOf("</think>");
  if (thinkEnd > open) return null;
  return completion.slice(open + OPEN.length, close);
}

function afterThinking(completion: string): string {
  const end = completion.lastIndexOf("</think>");
  const rest = end < 0 ? completion : completion.slice(end + "</think>".length);
  return rest.trim() === "" ? completion : rest;
}

function lastLine(text: string): string | null {
  const trimmed = text.trimEnd();
  if (trimmed === "") return null;
  return trimmed.slice(trimmed.lastIndexOf("\n") + 1);
}
