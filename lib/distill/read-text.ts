/**
 * A Teacher's text taken apart: thoughts and rest where they can be told apart, and the answer that prose
 * states.
 */
import { checkFormat } from "../answer/index.ts";
import { findAnswer } from "../answer/completion/find-answer.ts";
import type { FoundAnswer } from "../answer/completion/find-answer.ts";
import { findTags, REASONING_TAGS, stripTags } from "../answer/completion/tags.ts";
import type { Tag } from "../answer/completion/tags.ts";

/** A Teacher's text as it came. */
export interface TeacherText {
  /**
   * All of it, `<think>` put back where the template opened it, a reasoning field joined in front as the
   * client does.
   */
  text: string;
  /** The server's reasoning field; null where it gives none. */
  reasoning: string | null;
}

/**
 * Thoughts that stand apart from the rest, and how they were told apart: "field", "think" (our tag), "other"
 * tags.
 */
export interface Thoughts {
  by: "field" | "think" | "other";
  reasoning: string;
  rest: string;
}

/** A text with what the rules ask of it, each worked out once. */
export class ReadText {
  readonly text: string;
  /** The server's reasoning field; null where it says nothing, too. */
  readonly field: string | null;
  #thoughts: Thoughts | null | undefined;
  #found: FoundAnswer | null | undefined;

  constructor({ text, reasoning }: TeacherText) {
    this.text = text;
    this.field = reasoning !== null && /[\p{L}\p{N}]/u.test(reasoning) ? reasoning.trim() : null;
  }

  /** Null where the text is prose altogether: so are thoughts that never end or have nothing behind them. */
  get thoughts(): Thoughts | null {
    if (this.#thoughts === undefined) {
      this.#thoughts = this.field === null ? thoughtsIn(this.text) : behindField(this.text, this.field);
    }
    return this.#thoughts;
  }

  /** The answer that the prose states; null where thoughts stand apart. */
  get found(): FoundAnswer | null {
    if (this.#found === undefined) this.#found = this.thoughts === null ? findAnswer(this.text) : null;
    return this.#found;
  }
}

/** The insides of a well-formed text's two blocks, null of any other text. */
export function blocksOf(text: string): { reasoning: string; answer: string } | null {
  if (!checkFormat(text).ok) return null;
  const inside = (tag: string): string => {
    const open = text.indexOf(`<${tag}>`);
    return text.slice(open + tag.length + 2, text.indexOf(`</${tag}>`)).trim();
  };
  return { reasoning: inside("think"), answer: inside("answer") };
}

function behindField(text: string, field: string): Thoughts | null {
  const at = text.indexOf(field);
  const rest = at < 0 ? text : text.slice(at + field.length).replace(/^\s*<\/think>/, "");
  return isBlank(rest) ? null : { by: "field", reasoning: field, rest };
}

/**
 * What stands before the last closing tag of thoughts, and what behind it. Null where either says nothing.
 */
function thoughtsIn(text: string): Thoughts | null {
  const tags = findTags(text);
  for (const by of ["think", "other"] as const) {
    const names = REASONING_TAGS.filter((name) => (name === "think") === (by === "think"));
    const close = lastClosing(text, tags, names);
    if (close && !isBlank(text.slice(0, close.start))) {
      return { by, reasoning: text.slice(0, close.start), rest: text.slice(close.end) };
    }
  }
  return null;
}

/**
 * The last closing tag of these names that text follows; an empty block ("<think> </think>") is only spoken
 * of.
 */
function lastClosing(text: string, tags: readonly Tag[], names: readonly string[]): Tag | null {
  let isFollowed = false;
  for (let i = tags.length - 1; i >= 0; i--) {
    const [tag, last] = [tags[i]!, tags[i - 1]];
    isFollowed ||= !isBlank(text.slice(tag.end, tags[i + 1]?.start));
    const isOpened = last !== undefined && !last.isClosing && last.name === tag.name;
    const isEmpty = isOpened && text.slice(last.end, tag.start).trim() === "";
    if (isFollowed && tag.isClosing && names.includes(tag.name) && !isEmpty) return tag;
  }
  return null;
}

const isBlank = (text: string): boolean => stripTags(text).trim() === "";
