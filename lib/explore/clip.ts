/** A long text with its middle left out. Pure. */
import type { TextMark } from "./data.ts";

/**
 * At most about `max` characters: two thirds from the beginning, the rest from the end, where an answer
 * stands. Marks move along; one that lies in what is left out is gone. Characters beyond U+FFFF stay whole.
 */
export function clipText(
  text: string,
  max: number,
  marks: readonly TextMark[] = [],
): { text: string; marks: TextMark[] } {
  if (text.length <= max) return { text, marks: [...marks] };
  const head = whole(text, Math.ceil((2 * max) / 3));
  const tail = whole(text, text.length - Math.floor(max / 3));
  const gap = ` … (${(tail - head).toLocaleString("en-US")} more characters) … `;
  const shift = head + gap.length - tail;
  const moved = marks.flatMap((mark): TextMark[] => {
    if (mark.start >= head && mark.end <= tail) return [];
    const start = mark.start < head ? mark.start : Math.max(mark.start, tail) + shift;
    const end = mark.end <= head ? mark.end : mark.end > tail ? mark.end + shift : head;
    return [{ ...mark, start, end }];
  });
  return { text: text.slice(0, head) + gap + text.slice(tail), marks: moved };
}

/** The place itself, or the one before it where it would cut a character in two. */
function whole(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at;
}
