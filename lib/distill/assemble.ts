/** From what a Teacher writes to what a student reads: reasoning in a think block, the answer in an answer block. Pure. */
import { unwrapBoxes } from "../answer/boxed.ts";
import { conclusion, markedLine, tidyAnswer } from "../answer/closing-line.ts";
import { findAnswer, isShort, onlyLine } from "../answer/find-answer.ts";
import type { FoundAnswer } from "../answer/find-answer.ts";
import { checkFormat } from "../answer/index.ts";
import { findTags, REASONING_TAGS, stripTags } from "../answer/tags.ts";
import type { Tag } from "../answer/tags.ts";

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
  apply(source: ReadText): Parts | null;
}

/** "no_answer": none is stated; "no_reasoning": nothing but the answer; "repeats_answer": the reasoning only says the answer again. */
export type NotAssembled = "no_answer" | "no_reasoning" | "repeats_answer";

export type Assembled = { text: string; rule: string } | { text: null; reason: NotAssembled };

/** Longer reasoning does more than say the answer again. */
const LONG_REASONING = 1000;
/** Characters of an explanation that stands behind its answer. */
const MIN_EXPLANATION = 20;

/** The rules in their order: the first that gives a whole training text wins. None makes up anything: every word is the Teacher's. */
export const ASSEMBLY_RULES: readonly AssemblyRule[] = [
  {
    name: "as_written",
    description: "the text has the format already and stays as it is",
    apply: ({ text, field }) => (field === null ? blocksOf(text.trim()) : null),
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
    description: "a block of another name (<reasoning>, <thinking>, <thought>, <|begin_of_thought|>), and the answer stated behind it",
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
 * The training text of a Teacher's text: `<think>\n…\n</think>\n<answer>…</answer>`, which passes the format gate, with the name of the rule
 * that made it; or why there is none. Known tags are taken out of reasoning and answer. The same again on its own result. Linear.
 *
 * @example assemble({ text: "6 × 7 = 42.\nThe answer is 42.", reasoning: null }) //=> { text: "<think>\n6 × 7 = 42.\n…", rule: "closing_line" }
 */
export function assemble(source: TeacherText): Assembled {
  const read = new ReadText(source);
  let first: NotAssembled | null = null;
  for (const { name, apply } of ASSEMBLY_RULES) {
    const parts = apply(read);
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

/** Thoughts that stand apart from the rest, and how they were told apart. */
interface Thoughts {
  by: "field" | "think" | "other";
  reasoning: string;
  rest: string;
}

const THINK = ["think"];
const OTHER_THOUGHTS = REASONING_TAGS.filter((name) => name !== "think");

/** A text with what the rules ask of it, each worked out once. */
class ReadText {
  readonly text: string;
  /** The server's reasoning field; null where it is empty, too. */
  readonly field: string | null;
  #thoughts: Thoughts | null | undefined;
  #found: FoundAnswer | null | undefined;

  constructor({ text, reasoning }: TeacherText) {
    this.text = text;
    this.field = reasoning !== null && letters(reasoning) !== "" ? reasoning.trim() : null;
  }

  /** Null where the text is prose altogether: thoughts that never end or have nothing behind them are prose. */
  get thoughts(): Thoughts | null {
    if (this.#thoughts === undefined) this.#thoughts = this.field === null ? thoughtsIn(this.text) : behindField(this.text, this.field);
    return this.#thoughts;
  }

  /** The answer that the prose states. */
  get found(): FoundAnswer | null {
    if (this.#found === undefined) this.#found = this.thoughts === null ? findAnswer(this.text) : null;
    return this.#found;
  }
}

/** The two blocks of a well-formed text, null of any other. */
function blocksOf(text: string): Parts | null {
  if (!checkFormat(text).ok) return null;
  const [think, answer] = [text.indexOf("</think>"), text.indexOf("<answer>")];
  return { text, reasoning: text.slice("<think>".length, think).trim(), answer: text.slice(answer + "<answer>".length, text.indexOf("</answer>")).trim() };
}

function behindField(text: string, field: string): Thoughts | null {
  const at = text.indexOf(field);
  const rest = at < 0 ? text : text.slice(at + field.length).replace(/^\s*<\/think>/, "");
  return stripTags(rest).trim() === "" ? null : { by: "field", reasoning: field, rest };
}

/** What stands before the last closing tag of a thought, and what behind it. Where either says nothing, or the block is empty, it is none. */
function thoughtsIn(text: string): Thoughts | null {
  const tags = findTags(text);
  const closing = (names: readonly string[]): Tag | null => {
    let hasRest = false;
    for (let i = tags.length - 1; i >= 0; i--) {
      const [tag, last] = [tags[i]!, tags[i - 1]];
      hasRest ||= stripTags(text.slice(tag.end, tags[i + 1]?.start)).trim() !== "";
      const isEmpty = last !== undefined && !last.isClosing && last.name === tag.name && text.slice(last.end, tag.start).trim() === "";
      if (hasRest && tag.isClosing && names.includes(tag.name) && !isEmpty) return tag;
    }
    return null;
  };
  for (const [by, names] of [["think", THINK], ["other", OTHER_THOUGHTS]] as const) {
    const close = closing(names);
    const reasoning = close === null ? "" : text.slice(0, close.start);
    if (close && stripTags(reasoning).trim() !== "") return { by, reasoning, rest: text.slice(close.end) };
  }
  return null;
}

/** The answer is what the rest states; a short rest is the answer itself. */
function withRest({ thoughts }: ReadText, by: Thoughts["by"]): Parts | null {
  if (thoughts?.by !== by) return null;
  const found = findAnswer(thoughts.rest);
  if (found) return { reasoning: thoughts.reasoning, answer: found.answer };
  const line = onlyLine(stripTags(thoughts.rest));
  return line === null ? null : { reasoning: thoughts.reasoning, answer: tidyAnswer(line) };
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
  return { reasoning: hasSteps ? unwrapBoxes(text.slice(0, lineEnd(text, end))) : answer, answer };
}

function explainedAfter({ text, found }: ReadText): Parts | null {
  if (!found || says(text.slice(0, sentenceStart(text, found.start))) !== "") return null;
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

/** Without tags, blanks at the ends of lines and more than one empty line. */
function clean(text: string): string {
  const lines = stripTags(text).split("\n").map((line) => line.trimEnd());
  return lines.filter((line, i) => line !== "" || lines[i - 1] !== "").join("\n").trim();
}
