/** Where the answer is in a completion. */

const OPEN = "<answer>";
const CLOSE = "</answer>";
/** Text behind the last marker is looked for in the last characters only: a model that never stops has no answer. */
const TAIL = 16_384;

/**
 * The text that answers, or null.
 *
 * `strict`: the inside of the one answer block after the think block; null when there is none, or more than one. Reward and
 * filter use this. `lenient`: the same where it exists; else the inside of the last block, closed or not; else what follows
 * the last "答案" or "Answer"; else the last line. Evaluation reports both, so that an untrained model is measured fairly.
 *
 * @example
 * extractAnswer("So the answer: 800", "lenient") //=> " 800"
 */
export function extractAnswer(completion: string, mode: "strict" | "lenient"): string | null {
  const strict = strictAnswer(completion);
  if (strict !== null || mode === "strict") return strict;
  const block = lastBlock(completion);
  if (block !== null) return block;
  const text = withoutTags(afterThinking(completion));
  const tail = text.slice(-TAIL);
  const marked = afterMarker(tail);
  if (marked !== null && marked.trim() !== "") return marked;
  return lastLine(tail);
}

function strictAnswer(completion: string): string | null {
  const open = completion.indexOf(OPEN);
  if (open < 0 || completion.indexOf(OPEN, open + OPEN.length) >= 0) return null;
  const close = completion.indexOf(CLOSE, open + OPEN.length);
  if (close < 0 || completion.indexOf(CLOSE, close + CLOSE.length) >= 0) return null;
  // An answer inside the think block is thinking.
  const thinkEnd = completion.lastIndexOf("</think>");
  if (thinkEnd > open) return null;
  return completion.slice(open + OPEN.length, close);
}

function lastBlock(completion: string): string | null {
  const open = completion.lastIndexOf(OPEN);
  if (open < 0) return null;
  const close = completion.indexOf(CLOSE, open);
  return completion.slice(open + OPEN.length, close < 0 ? completion.length : close);
}

function afterThinking(completion: string): string {
  const end = completion.lastIndexOf("</think>");
  const rest = end < 0 ? completion : completion.slice(end + 8);
  return rest.trim() === "" ? completion : rest;
}

function withoutTags(text: string): string {
  return text.replaceAll("<think>", "\n").replaceAll("</think>", "\n").replaceAll(CLOSE, "\n");
}

function afterMarker(text: string): string | null {
  const lower = text.toLowerCase();
  const chinese = lower.lastIndexOf("答案");
  const english = lower.lastIndexOf("answer");
  const at = Math.max(chinese < 0 ? -1 : chinese + 2, english < 0 ? -1 : english + 6);
  if (at < 0) return null;
  let start = at;
  while (start < text.length && (text[start] === ":" || text[start] === "：" || text[start] === "*")) start++;
  return text.slice(start);
}

function lastLine(text: string): string | null {
  const trimmed = text.trimEnd();
  if (trimmed === "") return null;
  return trimmed.slice(trimmed.lastIndexOf("\n") + 1);
}
