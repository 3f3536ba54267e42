/** The gold answer inside a DianJin-R1-Data output: `<think>…</think><answer>…\boxed{…}…</answer>`. */
import { lastBoxed, lastWords } from "../answer/completion/boxed.ts";

export type BoxedGold =
  | { gold: string; reasoning: string | null }
  /** Why there is none: "no_answer_block", "no_boxed", "unbalanced_boxed", "empty_boxed". */
  | { reason: string; found: string };

/**
 * The content of the last `\boxed{}` inside the (last) answer block, with balanced braces, and the think
 * block as shipped reasoning.
 *
 * A box in the think block does not count. `\{` and `\}` are no braces. Linear in the text.
 */
export function goldOfOutput(output: string): BoxedGold {
  const close = output.lastIndexOf("</answer>");
  const open = close === -1 ? -1 : output.lastIndexOf("<answer>", close);
  if (open === -1) return { reason: "no_answer_block", found: lastWords(output) };
  const answer = output.slice(open + "<answer>".length, close);
  const box = lastBoxed(answer);
  if ("reason" in box) return box;
  const thinkOpen = output.indexOf("<think>");
  const thinkClose = output.indexOf("</think>", thinkOpen);
  const reasoning =
    thinkOpen !== -1 && thinkClose !== -1 && thinkClose < open
      ? output.slice(thinkOpen + "<think>".length, thinkClose).trim()
      : "";
  return { gold: box.content, reasoning: reasoning === "" ? null : reasoning };
}
