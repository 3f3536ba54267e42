/** The format gate: one think block, then one answer block, and nothing else. */

export interface FormatVerdict {
  ok: boolean;
  /** "ok" or a stable code of what is wrong. */
  reason: string;
}

const TAGS = ["<think>", "</think>", "<answer>", "</answer>"] as const;

const isSpace = (c: number): boolean =>
  c === 32 ||
  (c >= 9 && c <= 13) ||
  c === 0xa0 ||
  c === 0x3000 ||
  c === 0xfeff ||
  c === 0x1680 ||
  (c >= 0x2000 && c <= 0x200a) ||
  c === 0x2028 ||
  c === 0x2029 ||
  c === 0x202f ||
  c === 0x205f;
/** Nothing that could be read: zero-width characters too. */
const isUnseen = (c: number): boolean =>
  isSpace(c) ||
  c < 32 ||
  (c >= 0x200b && c <= 0x200f) ||
  (c >= 0x202a && c <= 0x202e) ||
  (c >= 0x2060 && c <= 0x2064) ||
  c === 0xad;

function isAll(test: (c: number) => boolean, text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!test(text.charCodeAt(i))) return false;
  return true;
}

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
  if (!isAll(isSpace, completion, 0, think)) return { ok: false, reason: "text_before" };
  if (!isAll(isSpace, completion, thinkEnd + 8, answer)) return { ok: false, reason: "text_between" };
  if (!isAll(isSpace, completion, answerEnd + 9, completion.length))
    return { ok: false, reason: "text_after" };
  if (isAll(isUnseen, completion, think + 7, thinkEnd)) return { ok: false, reason: "blank_think" };
  if (isAll(isUnseen, completion, answer + 8, answerEnd)) return { ok: false, reason: "blank_answer" };
  return { ok: true, reason: "ok" };
}

const name = (tag: string): string => (tag.startsWith("</") ? `${tag.slice(2, -1)}_close` : tag.slice(1, -1));
