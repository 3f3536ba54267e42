/** The tags that models put around reasoning and answers, ours among them. */

/** By what they hold. `<think>` is our own, as is `<answer>`; matched in any case. */
export const REASONING_TAGS = ["think", "thinking", "thought", "reasoning", "begin_of_thought"] as const;
export const ANSWER_TAGS = ["answer", "solution", "begin_of_solution"] as const;

export interface Tag {
  /** "think", "begin_of_solution" …; of a closing tag that of its opening one. */
  name: string;
  isClosing: boolean;
  /** UTF-16 offsets, end exclusive. */
  start: number;
  end: number;
}

const TAG =
  /<(\/?)(think|thinking|thought|reasoning|answer|solution)>|<\|(begin|end)_of_(thought|solution)\|>/gi;
/** What a server leaves in a text of the model's own end and turn marks. */
const SPECIAL = /<\|(?:im_start|im_end|endoftext|eot_id|end)\|>|<｜[^<>｜]{1,40}｜>|<\/?s>/g;

/** All tags of a text, in order. Linear. */
export function findTags(text: string): Tag[] {
  if (!text.includes("<")) return [];
  return Array.from(text.matchAll(TAG), (match) => {
    const [whole, slash, name, edge, of] = match;
    const tag = name === undefined ? `begin_of_${of!.toLowerCase()}` : name.toLowerCase();
    const isClosing = slash === "/" || edge?.toLowerCase() === "end";
    return { name: tag, isClosing, start: match.index, end: match.index + whole.length };
  });
}

/**
 * The text without tags and end marks. A blank stays in their place: what stood on both sides makes no new
 * one.
 */
export function stripTags(text: string): string {
  if (!text.includes("<")) return text;
  return text.replace(TAG, " ").replace(SPECIAL, " ");
}
