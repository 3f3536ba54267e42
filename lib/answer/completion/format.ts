/** The format gate: one think block, then one answer block, and nothing else. */

export interface FormatVerdict {
  ok: boolean;
  /** "ok" or a stable code of what is wrong. */
  reason: string;
}

const TAGS = ["<think>", "</think>", "<answer>", "</answer>"] as const;

const SPACE = /^\s*$/;
/** Nothing that could be read: control and zero-width characters too. */
const UNSEEN = /^[\s\0-\x1f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064]*$/;

/**
 * 1 or 0, no half marks: exactly `<think>…</think>` and then `<answer>…</answer>`, lower-case tags, white
 * space alone around and between, neither block blank, no tag inside another. Where the chat template has
 * opened `<think>` in the prompt, the caller puts it back first. One search per tag, so linear in the text.
 *
 * @example
 * checkFormat("<think>a</think>\n<answer>800</answer>").ok //=> true
 */
export function checkFormat(completion: string): FormatVerdict {
  const at: number[] = [];
  for (const tag of TAGS) {
    const first = completion.indexOf(tag);
    if (first < 0) return { ok: false, reason: `missing_${name(tag)}` };
    if (completion.indexOf(tag, first + tag.length) >= 0)
      return { ok: false, reason: `repeated_${name(tag)}` };
    at.push(first);
  }
  const [think, thinkEnd, answer, answerEnd] = at as [number, number, number, number];
  if (!(think < thinkEnd && thinkEnd < answer && answer < answerEnd))
    return { ok: false, reason: "wrong_order" };
  if (!SPACE.test(completion.slice(0, think))) return { ok: false, reason: "text_before" };
  if (!SPACE.test(completion.slice(thinkEnd + 8, answer))) return { ok: false, reason: "text_between" };
  if (!SPACE.test(completion.slice(answerEnd + 9))) return { ok: false, reason: "text_after" };
  if (UNSEEN.test(completion.slice(think + 7, thinkEnd))) return { ok: false, reason: "blank_think" };
  if (UNSEEN.test(completion.slice(answer + 8, answerEnd))) return { ok: false, reason: "blank_answer" };
  return { ok: true, reason: "ok" };
}

const name = (tag: string): string => (tag.startsWith("</") ? `${tag.slice(2, -1)}_close` : tag.slice(1, -1));
