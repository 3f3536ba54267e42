/** From what a Teacher writes to what a student reads: reasoning and answer in a block each. Pure. */
import { unwrapBoxes } from "../answer/completion/boxed.ts";
import { conclusion } from "../answer/completion/conclusion.ts";
import { findAnswer, isShort, onlyLine } from "../answer/completion/find-answer.ts";
import type { FoundAnswer } from "../answer/completion/find-answer.ts";
import { checkFormat } from "../answer/index.ts";
import { markedLine } from "../answer/completion/marked-line.ts";
import { tidyAnswer } from "../answer/completion/statement.ts";
import { stripTags } from "../answer/completion/tags.ts";
import { blocksOf, ReadText } from "./read-text.ts";
import type { TeacherText, Thoughts } from "./read-text.ts";
import type { Distilled } from "../records.ts";

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
  apply(source: ReadText): Parts | null;
}

/** None is stated; there is only the answer; the reasoning only says the answer again. */
export type NotAssembled = "no_answer" | "no_reasoning" | "repeats_answer";

export type Assembled = { text: string; rule: string } | { text: null; reason: NotAssembled };

/** Longer reasoning does more than say the answer again. */
const LONG_REASONING = 1000;
/** Letters and digits of an explanation that stands behind its answer. */
const MIN_EXPLANATION = 20;

/** In their order: the first that gives a whole training text wins. Every word stays the Teacher's. */
export const ASSEMBLY_RULES: readonly AssemblyRule[] = [
  {
    name: "as_written",
    description: "the text has the format already and stays as it is",
    apply: asWritten,
  },
  {
    name: "reasoning_field",
    description: "the server's reasoning field, and the answer stated in the rest",
    apply: (source) => withRest(source, "field"),
  },
  {
    name: "think_block",
    description: "the think block, and the answer stated behind it",
    apply: (source) => withRest(source, "think"),
  },
  {
    name: "other_tags",
    description: "a block of another name (<reasoning>, <|begin_of_thought|> …), and the answer behind it",
    apply: (source) => withRest(source, "other"),
  },
  {
    name: "answer_tag",
    description: "the last answer or solution block, and the prose before it",
    apply: fromBlock,
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
 * The training text of a Teacher's text, `<think>\n…\n</think>\n<answer>…</answer>`, with the name of the
 * rule that made it; or why there is none. It passes the format gate, known tags are taken out of reasoning
 * and answer, and of its own result it makes the same again. Linear.
 *
 * @example
 * assemble({ text: "6 × 7 = 42.\nThe answer is 42.", reasoning: null })
 * //=> { text: "<think>\n6 × 7 = 42.\nThe answer is 42.\n</think>\n<answer>42</answer>", rule: "closing_line"
 * }
 */
export function assemble(source: TeacherText): Assembled {
  const read = new ReadText(source);
  let first: NotAssembled | null = null;
  for (const { name, apply } of ASSEMBLY_RULES) {
    const parts = apply(read);
    if (!parts) continue;
    const { reasoning, answer } = parts;
    const text = parts.text ?? `<think>\n${clean(reasoning)}\n</think>\n<answer>${clean(answer)}</answer>`;
    const problem = problemOf(text);
    if (problem === null) return { text, rule: name };
    first ??= problem;
  }
  return { text: null, reason: first ?? "no_answer" };
}

function problemOf(text: string): NotAssembled | null {
  const blocks = blocksOf(text);
  if (!blocks) return checkFormat(text).reason === "blank_answer" ? "no_answer" : "no_reasoning";
  return repeatsAnswer(blocks.reasoning, blocks.answer) ? "repeats_answer" : null;
}

function asWritten({ text, field }: ReadText): Parts | null {
  const blocks = field === null ? blocksOf(text) : null;
  return blocks && { ...blocks, text: text.trim() };
}

/** The answer is what the rest states; the only line of a rest, if short, is the answer itself. */
function withRest({ thoughts }: ReadText, by: Thoughts["by"]): Parts | null {
  if (thoughts?.by !== by) return null;
  const answer = findAnswer(thoughts.rest)?.answer ?? onlyLine(stripTags(thoughts.rest));
  return answer === null ? null : { reasoning: thoughts.reasoning, answer: tidyAnswer(answer) || answer };
}

function fromBlock({ text, found }: ReadText): Parts | null {
  if (found?.rule !== "answer_tag") return null;
  const before = text.slice(0, found.start);
  const inside = stripTags(text.slice(found.start, found.end));
  // Steps in the answer block: its own last statement ends them.
  const stated = isShort(inside) ? null : findAnswer(inside);
  const reasoning = stated ? `${before}\n${inside.slice(0, lineEnd(inside, stated.end))}` : before;
  return { reasoning: unwrapBoxes(reasoning), answer: found.answer };
}

/** Reasoning: what stands before the answer, the sentence that states it included. */
function fromProse({ text, found }: ReadText, rule: FoundAnswer["rule"]): Parts | null {
  if (found?.rule !== rule) return null;
  const { start, end, answer } = found;
  const hasSteps = says(text.slice(0, sentenceStart(text, start))) !== "";
  return { reasoning: hasSteps ? unwrapBoxes(text.slice(0, lineEnd(text, end))) : "", answer };
}

function explainedAfter({ text, found }: ReadText): Parts | null {
  if (!found || says(text.slice(0, sentenceStart(text, found.start))) !== "") return null;
  const after = text.slice(found.end).replace(/^[\s.。;；,，)\]}*$\\]+/, "");
  if (says(after).length < MIN_EXPLANATION) return null;
  return { reasoning: unwrapBoxes(after), answer: found.answer };
}

/** Up to the end of the line in which `at` stands, with a line of closing signs (`\]`, `$$`) behind it. */
function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  if (end < 0) return text.length;
  const next = text.indexOf("\n", end + 1);
  const below = text.slice(end + 1, next < 0 ? text.length : next);
  return /^\s*(?:\\\]|\$\$|\\\)|\*\*)\s*$/.test(below.slice(0, 20)) ? end + 1 + below.length : end;
}

/** Characters before a statement in which its sentence may begin. */
const LONGEST_SENTENCE = 2000;
const SENTENCE_BREAKS = ["\n", "。", "！", "？", ". ", "! ", "? "];

/** Where the sentence or line begins in which `at` stands. */
function sentenceStart(text: string, at: number): number {
  const before = text.slice(Math.max(0, at - LONGEST_SENTENCE), at);
  const ends = SENTENCE_BREAKS.filter((end) => before.includes(end));
  const starts = ends.map((end) => before.lastIndexOf(end) + end.length);
  return at - before.length + Math.max(0, ...starts);
}

/** Whether the reasoning says nothing beside the answer: "800", "The answer is 800.". */
function repeatsAnswer(reasoning: string, answer: string): boolean {
  if (reasoning.length > LONG_REASONING) return false;
  const stated = markedLine(reasoning) ?? conclusion(reasoning);
  const before = stated ? reasoning.slice(0, sentenceStart(reasoning, stated.start)) : reasoning;
  const said = says(before + (stated ? reasoning.slice(stated.end) : ""));
  return said === "" || said === says(answer) || letters(reasoning) === letters(answer);
}

const FILLER = new RegExp(
  "\\b(?:therefore|thus|so|hence|and|the|my|final|correct|answer|option|choice|is|step|solution)\\b" +
    "|因此|所以|综上(?:所述)?|故|最终|正确|答案|选项?|是|为|本题|\\\\(?:boxed|fbox|text|quad)",
  "gi",
);

/** What a text says beside naming an answer: its letters and digits without the words that lead in. */
const says = (text: string): string => letters(stripTags(text).replace(FILLER, " "));
const letters = (text: string): string => text.replace(/[^\p{L}\p{N}%]+/gu, "").toLowerCase();

/** Without tags, blanks at the ends of lines and more than one empty line. */
function clean(text: string): string {
  const lines = stripTags(text)
    .split("\n")
    .map((line) => line.trimEnd());
  return lines
    .filter((line, i) => line !== "" || lines[i - 1] !== "")
    .join("\n")
    .trim();
}

/**
 * The row with `response` and `assembly` as the rules make them now. A failed request has neither: a cut text
 * is no whole one. With `isOn` false (`distill.assemble`) the response is the text as written, for the format
 * gate to judge.
 */
export function assembleRow(row: Distilled, isOn: boolean): Distilled {
  if (row.failure !== null || row.teacher_output === null) return { ...row, response: null, assembly: null };
  if (!isOn) return { ...row, response: row.teacher_output.trim(), assembly: null };
  const assembled = assemble({ text: row.teacher_output, reasoning: row.teacher_reasoning });
  if (assembled.text === null) return { ...row, response: null, assembly: assembled.reason };
  return { ...row, response: assembled.text, assembly: assembled.rule };
}

/** Whether a student could be trained on it as far as its form goes: right or wrong is another matter. */
export function isUsable(row: Pick<Distilled, "response"> | null): boolean {
  return row !== null && row.response !== null && checkFormat(row.response).ok;
}
