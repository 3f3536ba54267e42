/**
 * LaTeX boxes, `\boxed{…}` and `\fbox{…}`, braces balanced. `\{` and `\}` are no braces. All linear in the
 * text.
 */

/** UTF-16 offsets; the content lies between `open`, behind its brace, and `end - 1`. */
export interface Box {
  start: number;
  open: number;
  end: number;
}

/**
 * Every closed box by its start, inner ones too; `unclosed`: where the last one starts that is not closed, or
 * -1.
 */
export function findBoxes(text: string): { boxes: Box[]; unclosed: number } {
  const boxes: Box[] = [];
  // For each open brace the box it opens; null for any other brace.
  const braces: (Box | null)[] = [];
  for (let i = text.indexOf("\\"); i >= 0 && i < text.length; i++) {
    const c = text[i];
    if (c === "{") braces.push(null);
    else if (c === "}") {
      const box = braces.pop();
      if (box) boxes.push({ ...box, end: i + 1 });
    } else if (c === "\\") {
      const open = braceOfBox(text, i);
      if (open >= 0) {
        braces.push({ start: i, open: open + 1, end: -1 });
        i = open;
      } else if (braceOfBox(text, i + 1) < 0) i++;
    }
  }
  const unclosed = braces.findLast((box) => box !== null)?.start ?? -1;
  return { boxes: boxes.sort((a, b) => a.start - b.start), unclosed };
}

/** Where the brace of the box is whose command starts at `at`; -1 when none does. */
function braceOfBox(text: string, at: number): number {
  const length = text.startsWith("\\boxed", at) ? 6 : text.startsWith("\\fbox", at) ? 5 : 0;
  if (length === 0) return -1;
  let i = at + length;
  while (text[i] === " " || text[i] === "\n") i++;
  return text[i] === "{" ? i : -1;
}

/**
 * The content of the last box, trimmed, or why there is none: "no_boxed", "unbalanced_boxed", "empty_boxed".
 */
export function lastBoxed(text: string): { content: string } | { reason: string; found: string } {
  const { boxes, unclosed } = findBoxes(text);
  const box = boxes.at(-1);
  if (unclosed >= 0 && (!box || box.start < unclosed)) {
    return { reason: "unbalanced_boxed", found: lastWords(text.slice(unclosed, unclosed + 80)) };
  }
  if (!box) return { reason: "no_boxed", found: lastWords(text) };
  const content = text.slice(box.open, box.end - 1).trim();
  return content === "" ? { reason: "empty_boxed", found: text.slice(box.start, box.end) } : { content };
}

/** The text with its boxes' contents in the boxes' places. */
export function unwrapBoxes(text: string): string {
  const { boxes } = findBoxes(text);
  const cuts = boxes.flatMap(
    ({ start, open, end }) =>
      [
        [start, open],
        [end - 1, end],
      ] as const,
  );
  let at = 0;
  let out = "";
  for (const [from, to] of cuts.sort((a, b) => a[0] - b[0])) {
    out += text.slice(at, from);
    at = to;
  }
  return out + text.slice(at);
}

/** The last characters, for a message: where the answer should have been. */
export function lastWords(text: string): string {
  const tail = text.trim().slice(-60);
  return tail === "" ? "nothing" : `…${tail}`;
}
