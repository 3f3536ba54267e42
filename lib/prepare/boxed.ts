/** The gold answer inside a DianJin-R1-Data output: `<think>…</think><answer>…\boxed{…}…</answer>`. */

export type BoxedGold =
  | { gold: string; reasoning: string | null }
  /** Why there is none: "no_answer_block", "no_boxed", "unbalanced_boxed", "empty_boxed". */
  | { reason: string; found: string };

/**
 * The content of the last `\boxed{}` inside the (last) answer block, with balanced braces, and the think block as shipped reasoning.
 *
 * A box in the think block does not count. `\{` and `\}` are no braces. Linear in the text.
 */
export function goldOfOutput(output: string): BoxedGold {
  const close = output.lastIndexOf("</answer>");
  const open = close === -1 ? -1 : output.lastIndexOf("<answer>", close);
  if (open === -1) return { reason: "no_answer_block", found: end(output) };
  const answer = output.slice(open + "<answer>".length, close);
  const box = lastBoxed(answer);
  if ("reason" in box) return box;
  const thinkOpen = output.indexOf("<think>");
  const thinkClose = output.indexOf("</think>", thinkOpen);
  const reasoning = thinkOpen !== -1 && thinkClose !== -1 && thinkClose < open ? output.slice(thinkOpen + "<think>".length, thinkClose).trim() : "";
  return { gold: box.content, reasoning: reasoning === "" ? null : reasoning };
}

/** The content of the last `\boxed{…}` of a text, trimmed. Linear in the text. */
export function lastBoxed(text: string): { content: string } | { reason: string; found: string } {
  const at = text.lastIndexOf("\\boxed");
  const brace = at === -1 ? -1 : skipBlank(text, at + "\\boxed".length);
  if (brace === -1 || text[brace] !== "{") return { reason: "no_boxed", found: end(text) };
  let depth = 0;
  for (let i = brace; i < text.length; i++) {
    const c = text[i];
    if (c === "\\") i++;
    else if (c === "{") depth++;
    else if (c === "}" && --depth === 0) {
      const content = text.slice(brace + 1, i).trim();
      return content === "" ? { reason: "empty_boxed", found: text.slice(at, i + 1) } : { content };
    }
  }
  return { reason: "unbalanced_boxed", found: end(text.slice(at, at + 80)) };
}

function skipBlank(text: string, from: number): number {
  let i = from;
  while (i < text.length && (text[i] === " " || text[i] === "\n")) i++;
  return i;
}

/** The last characters: where the answer should have been. */
function end(text: string): string {
  const tail = text.trim().slice(-60);
  return tail === "" ? "nothing" : `…${tail}`;
}
