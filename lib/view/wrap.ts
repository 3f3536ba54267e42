/** Text in lines of a width, where nothing wraps it by itself. Pure. */
import { visibleText } from "./text-view.ts";

const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;

/** Columns of a text in a font of one width; a wide (CJK) character takes two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/**
 * The visible text in lines of at most `columns`, broken at blanks where there are any; the last of `max`
 * lines ends in "…" when there is more. Line breaks stay.
 */
export function wrapText(text: string, columns: number, max: number): string[] {
  const lines = visibleText(text, columns * max * 2)
    .split("\n")
    .flatMap((line) => wrapLine(line, columns));
  return lines.length <= max ? lines : [...lines.slice(0, max - 1), "…"];
}

function wrapLine(line: string, columns: number): string[] {
  const lines: string[] = [];
  let rest = line;
  while (widthOf(rest) > columns) {
    let cut = 0;
    for (let width = 0; cut < rest.length; ) {
      const character = String.fromCodePoint(rest.codePointAt(cut)!);
      width += widthOf(character);
      if (width > columns) break;
      cut += character.length;
    }
    const blank = rest.lastIndexOf(" ", cut);
    const at = blank > cut / 2 ? blank : cut;
    lines.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...lines, rest];
}
