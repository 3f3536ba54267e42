/** From what a Teacher writes to what a student reads: reasoning in a think block, the answer in an answer block. Pure. */
import { unwrapBoxes } from "../answer/boxed.ts";
import { conclusion, markedLine, tidyAnswer } from "../answer/closing-line.ts";
import { findAnswer, isShort } from "../answer/find-answer.ts";
import type { FoundAnswer } from "../answer/find-answer.ts";
import { checkFormat } from "../answer/index.ts";
import { findTags, stripTags } from "../answer/tags.ts";

/** A Teacher's text as it came. */
export interface TeacherText {
  /** All of it, `<think>` put back where the template opened it; with a reasoning field the two joined as the client does. */
  text: string;
  /** The server's reasoning field; null where it gives none. */
  reasoning: string | null;
}

/** What a rule makes of a text; `text` where the text stays as it is. */
interface Parts {
  reasoning: string;
  answer: string;
  text?: string;
}

export interface AssemblyRule {
  name: string;
  /** One line for a table. */
  description: string;
  /** Null where the rule does not fit the text. */
  apply(source: TeacherText): Parts | null;
}

/** "no_answer": none is stated; "no_reasoning": nothing but the answer; "repeats_answer": the reasoning only says the answer again. */
export type NotAssembled = "no_answer" | "no_reasoning" | "repeats_answer";

export type Assembled = { text: string; rule: string } | { text: null; reason: NotAssembled };

/** Longer reasoning does more than say the answer again. */
const LONG_REASONING = 1000;
/** Characters of an explanation that stands behind its answer. */
const MIN_EXPLANATION = 20;

const THINK = ["think"];
const OTHER_THOUGHTS = ["thinking", "thought", "reasoning", "begin_of_thought"];

/** The rules in their order: the first that gives a whole training text wins. None makes up anything: every word is the Teacher's. */
export const ASSEMBLY_RULES: readonly AssemblyRule[] = [
  {
    name: "as_written",
    description: "the text has the format already and stays as it is",
    apply: ({ text, reasoning }) => (hasThoughts(reasoning) ? null : blocksOf(text.trim())),
  },
  {
    name: "reasoning_field",
    description: "the server's reasoning field, and the answer stated in the rest",
    apply: (source) => withRest(splitField(source)),
  },
  {
    name: "think_block",
    description: "the think block, and the answer stated behind it",
    apply: (source) => (splitField(source) ? null : withRest(splitThoughts(source.text, THINK))),
  },
  {
    name: "other_tags",
    description: "a block of another name (<reasoning>, <thinking>, <thought>, <|begin_of_thought|>), and the answer stated behind it",
    apply: (source) => (splitField(source) ? null : withRest(splitThoughts(source.text, OTHER_THOUGHTS))),
  },
  {
    name: "answer_tag",
    description: "the last answer or solution block, and the prose before it",
    apply: (source) => fromProse(source, "answer_tag"),
  },
  {
    name: "boxed",
    description: "the last \\boxed{}, and the prose up to it",
    apply: (source) => fromProse(source, "boxed"),
  },
  {
    name: "closing_line",
    description: "a closing line (the answer is …, 答案是…, 因此…为…), and the prose up to it",
    apply: (source) => fromProse(source, "closing_line"),
  },
  {
    name: "answer_first",
    description: "the answer stands first: the explanation behind it is the reasoning",
    apply: explainedAfter,
  },
];

/**
 * The training text of a Teacher's text: `<think>\n…\n</think>\n<answer>…</answer>`, which passes the format gate, with the name of the rule
 * that made it; or why there is none. Known tags are taken out of reasoning and answer. The same again on its own result. Linear.
 *
 * @example assemble({ text: "6 × 7 = 42.\nThe answer is 42.", reasoning: null }) //=> { text: "<think>\n6 × 7 = 42.\n…", rule: "closing_line" }
 */
export function assemble(source: TeacherText): Assembled {
  let first: NotAssembled | null = null;
  for (const { name, apply } of ASSEMBLY_RULES) {
    const parts = apply(source);
    if (!parts) continue;
    const [reasoning, answer] = parts.text === undefined ? [clean(parts.reasoning), clean(parts.answer)] : [parts.reasoning, parts.answer];
    const text = parts.text ?? `<think>\n${reasoning}\n</think>\n<answer>${answer}</answer>`;
    const problem = problemOf(text, reasoning, answer);
    if (problem === null) return { text, rule: name };
    first ??= problem;
  }
  return { text: null, reason: first ?? "no_answer" };
}

function problemOf(text: string, reasoning: string, answer: string): NotAssembled | null {
  const { ok, reason } = checkFormat(text);
  if (!ok) return reason === "blank_answer" ? "no_answer" : "no_reasoning";
  return repeatsAnswer(reasoning, answer) ? "repeats_answer" : null;
}

const hasThoughts = (reasoning: string | null): reasoning is string => reasoning !== null && letters(reasoning) !== "";

/** The two blocks of a well-formed text, null of any other. */
function blocksOf(text: string): Parts | null {
  if (!checkFormat(text).ok) return null;
  const [think, answer] = [text.indexOf("</think>"), text.indexOf("<answer>")];
  return { text, reasoning: text.slice("<think>".length, think).trim(), answer: text.slice(answer + "<answer>".length, text.indexOf("</answer>")).trim() };
}

interface Split {
  reasoning: string;
  rest: string;
}

/** The reasoning field and the content; null without a field, or where all that was written stands in it. */
function splitField({ text, reasoning }: TeacherText): Split | null {
  if (!hasThoughts(reasoning)) return null;
  const at = text.indexOf(reasoning.trim());
  const behind = at < 0 ? text : text.slice(at + reasoning.trim().length).replace(/^\s*<\/think>/, "");
  return hasText(behind) ? { reasoning, rest: behind } : null;
}

/** What stands before the last closing tag of these, and what behind it; null where either is empty. */
function splitThoughts(text: string, names: readonly string[]): Split | null {
  const close = findTags(text).findLast((tag) => tag.isClosing && names.includes(tag.name) && hasText(text.slice(tag.end)));
  if (!close) return null;
  const reasoning = text.slice(0, close.start);
  return hasText(reasoning) ? { reasoning, rest: text.slice(close.end) } : null;
}

/** The answer is what the rest states; a short rest is the answer itself. */
function withRest(split: Split | null): Parts | null {
  if (!split) return null;
  const found = findAnswer(split.rest);
  if (found) return { reasoning: split.reasoning, answer: found.answer };
  const rest = stripTags(split.rest).trim();
  return isShort(rest) ? { reasoning: split.reasoning, answer: tidyAnswer(rest) } : null;
}

/** A text that is prose altogether, thoughts without an end or with nothing behind them included; null where thoughts and rest are apart. */
function proseOf(source: TeacherText): string | null {
  const isApart = splitField(source) ?? splitThoughts(source.text, THINK) ?? splitThoughts(source.text, OTHER_THOUGHTS);
  return isApart ? null : source.text;
}

/** Reasoning: what stands before the answer, the sentence that states it included. */
function fromProse(source: TeacherText, rule: FoundAnswer["rule"]): Parts | null {
  const text = proseOf(source);
  const found = text === null ? null : findAnswer(text);
  if (text === null || found?.rule !== rule) return null;
  const { answer } = found;
  const before = text.slice(0, found.start);
  if (rule === "answer_tag") {
    const inside = stripTags(text.slice(found.start, found.end));
    // Steps in the answer block: its own last statement ends them.
    const stated = isShort(inside) ? null : findAnswer(inside);
    return { reasoning: unwrapBoxes(stated ? `${before}\n${inside.slice(0, lineEnd(inside, stated.end))}` : before), answer };
  }
  const steps = says(text.slice(0, sentenceStart(text, found.start)));
  return { reasoning: steps === "" ? answer : unwrapBoxes(text.slice(0, lineEnd(text, found.end))), answer };
}

function explainedAfter(source: TeacherText): Parts | null {
  const text = proseOf(source);
  const found = text === null ? null : findAnswer(text);
  if (text === null || !found || says(text.slice(0, sentenceStart(text, found.start))) !== "") return null;
  const after = text.slice(found.end).replace(/^[\s.。;；,，)\]}*$\\]+/, "");
  return says(after).length < MIN_EXPLANATION ? null : { reasoning: unwrapBoxes(after), answer: found.answer };
}

/** Up to the end of the line in which `at` stands, with a line of closing signs (`\]`, `$$`) behind it. */
function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  if (end < 0) return text.length;
  const next = text.indexOf("\n", end + 1);
  const below = text.slice(end + 1, next < 0 ? text.length : next);
  return /^\s*(?:\\\]|\$\$|\\\)|\*\*)\s*$/.test(below.slice(0, 20)) ? end + 1 + below.length : end;
}

/** Where the sentence or line begins in which `at` stands. */
function sentenceStart(text: string, at: number): number {
  const before = text.slice(Math.max(0, at - 2000), at);
  const start = Math.max(...["\n", "。", "！", "？", ". ", "! ", "? "].map((end) => before.lastIndexOf(end) + (before.includes(end) ? end.length : 1)));
  return at - before.length + start;
}

/** Whether the reasoning says nothing beside the answer: "800", "The answer is 800.". */
function repeatsAnswer(reasoning: string, answer: string): boolean {
  if (reasoning.length > LONG_REASONING) return false;
  const stated = markedLine(reasoning) ?? conclusion(reasoning);
  const rest = stated ? reasoning.slice(0, sentenceStart(reasoning, stated.start)) + reasoning.slice(stated.end) : reasoning;
  const said = says(rest);
  return said === "" || said === says(answer) || letters(reasoning) === letters(answer);
}

const FILLER = /\b(?:therefore|thus|so|hence|and|the|my|final|correct|answer|option|choice|is|step|solution)\b|因此|所以|综上(?:所述)?|故|最终|正确|答案|选项?|是|为|本题/gi;

/** What a text says beside naming an answer: its letters and digits without the words that lead in. */
const says = (text: string): string => letters(stripTags(text).replace(FILLER, " ").replace(/\\(?:boxed|fbox|text|quad)/g, " "));
const letters = (text: string): string => text.replace(/[^\p{L}\p{N}%]+/gu, "").toLowerCase();
const hasText = (text: string): boolean => stripTags(text).trim() !== "";

/** Without tags, blanks at the ends of lines and more than one empty line. */
function clean(text: string): string {
  const lines = stripTags(text).split("\n").map((line) => line.trimEnd());
  return lines.filter((line, i) => line !== "" || lines[i - 1] !== "").join("\n").trim();
}
