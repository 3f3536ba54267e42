/** Where a text states its final answer: one reading for training texts and for the lenient score. */
import { findBoxes } from "./boxed.ts";
import { bareLine, conclusion } from "./conclusion.ts";
import { markedLine } from "./marked-line.ts";
import { tidyAnswer } from "./statement.ts";
import type { Statement } from "./statement.ts";
import { ANSWER_TAGS, findTags, stripTags } from "./tags.ts";

export interface FoundAnswer extends Statement {
  /** "answer_tag": an answer block; "boxed": `\boxed{}`; "closing_line": a sentence that says so. */
  rule: "answer_tag" | "boxed" | "closing_line";
}

/** The final answer is looked for in the last characters only: a model that never stops has none. */
export const ANSWER_WITHIN = 16_384;
/** Characters of a bare answer: one line that needs no marker. */
const SHORT_ANSWER = 80;

/**
 * The final answer of a text, or null. The first that applies:
 *
 * 1. `answer_tag`: the last `<answer>`, `<solution>` or `<|begin_of_solution|>` block, closed or not. A block
 *    that is longer than a short line is read by 2 and 3; where those find nothing an `<answer>` is the
 *    answer as it stands.
 * 2. `boxed`: the last `\boxed{}` or `\fbox{}`, unless a line of 3 with a marker stands behind it.
 * 3. `closing_line`: the last line that a marker names ("the answer is", "答案：", "故选"); else the text's
 *    conclusion ("Therefore, … is …", "因此，…为…"); else a last line that is a bare value or an equation.
 *
 * `start` and `end` (UTF-16, end exclusive) hold the statement: the block with its tags, the box, or the
 * marker to the end of its sentence. `answer` is plain text without LaTeX, markup and final stops. Linear:
 * reads the last 16,384 characters.
 *
 * @example findAnswer("5 + 3 = 8.\nSo the answer is \\boxed{8}.")?.answer //=> "8"
 */
export function findAnswer(text: string): FoundAnswer | null {
  const offset = Math.max(0, text.length - ANSWER_WITHIN);
  const tail = text.slice(offset);
  const found = blockIn(tail) ?? proseIn(tail);
  return found && { ...found, start: found.start + offset, end: found.end + offset };
}

function blockIn(text: string): FoundAnswer | null {
  const tags = findTags(text);
  for (let i = tags.length - 1; i >= 0; i--) {
    const [tag, next] = [tags[i]!, tags[i + 1]];
    if (tag.isClosing || !(ANSWER_TAGS as readonly string[]).includes(tag.name)) continue;
    const close = next?.isClosing && next.name === tag.name ? next : null;
    const inside = text.slice(tag.end, next?.start ?? text.length);
    const answer = insideOf(inside, tag.name);
    if (answer === null) continue;
    return { rule: "answer_tag", answer, start: tag.start, end: close?.end ?? tag.end + inside.length };
  }
  return null;
}

/** The final answer inside a block; null when it is blank, or a solution that states none. */
function insideOf(inside: string, tag: string): string | null {
  const bare = stripTags(inside).trim();
  const short = isShort(bare) ? tidyAnswer(bare) : "";
  if (short !== "") return lastBox(bare)?.answer ?? markedLine(bare)?.answer ?? short;
  return proseIn(inside)?.answer ?? (tag === "answer" && bare !== "" ? bare : null);
}

function proseIn(text: string): FoundAnswer | null {
  const [marked, box] = [markedLine(text), lastBox(text)];
  // A box behind the marker is what the marker names; a marker behind the box says it once more, or mends it.
  if (box && !(marked && marked.start > box.end)) return { rule: "boxed", ...box };
  const line = marked ?? conclusion(text) ?? bareLine(text);
  return line && { rule: "closing_line", ...line };
}

/** The last box that is closed and holds something. */
function lastBox(text: string): Statement | null {
  for (const { start, open, end } of findBoxes(text).boxes.reverse()) {
    const answer = tidyAnswer(text.slice(open, end - 1));
    if (answer !== "") return { answer, start, end };
  }
  return null;
}

/**
 * The one line of a text that says something, fences and brackets aside; null where there are more or it is
 * long.
 */
export function onlyLine(text: string): string | null {
  const lines = text.split("\n").filter((line) => tidyAnswer(line.slice(0, ANSWER_WITHIN)) !== "");
  return lines.length === 1 && isShort(lines[0]!) ? lines[0]! : null;
}

/** Whether a text is one line of at most SHORT_ANSWER characters: an answer by its form. */
export function isShort(text: string): boolean {
  const trimmed = text.trim();
  return trimmed !== "" && trimmed.length <= SHORT_ANSWER && !trimmed.includes("\n");
}
