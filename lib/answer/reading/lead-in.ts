/** What stands before an answer and says nothing: "答案是", "The answer is", "Final answer:". */
import { digitAt, latinAt, wordsOf } from "./characters.ts";

const LEADS = wordsOf(
  "the correct answer is|the right answer is|the final answer is|the answer would be" +
    "|the answer is|my answer is|final answer is|correct answer is|final answer|correct answer" +
    "|the answer|answer is|answer|正确答案是|正确答案为|" +
    "正确答案|最终答案是|最终答案为|最终答案" +
    "|参考答案|答案应为|答案应该是|答案就是|答案选|答案是|答案为|" +
    "答案|我的回答是|回答|结论是|结论|综上|因此|所以|therefore|thus|so",
);
/** By their first letter. */
const STARTS = new Map<string, string[]>();
for (const lead of LEADS) STARTS.set(lead[0]!, [...(STARTS.get(lead[0]!) ?? []), lead]);
const GLUE = " :,.\n\"'“”‘’「」『』*#>：，。-";

/** `text` without its lead-in; unchanged when nothing would be left. */
export function dropLeadIn(text: string): string {
  let rest = text;
  for (let round = 0; round < 3; round++) {
    const leads = STARTS.get((rest[0] ?? "").toLowerCase());
    if (leads === undefined) break;
    const lower = rest.slice(0, 40).toLowerCase();
    const lead = leads.find((w) => lower.startsWith(w));
    if (!lead || (latinAt(lower, lead.length) && latinAt(lead, lead.length - 1))) break;
    const shorter = trimGlue(rest.slice(lead.length));
    if (shorter === "") return rest;
    rest = shorter;
  }
  return rest;
}

/** Without the quotes, colons and stops at the front; a minus before a digit is no dash. */
export function trimGlue(text: string): string {
  let i = 0;
  while (i < text.length && GLUE.includes(text[i]!) && !(text[i] === "-" && digitAt(text, i + 1))) i++;
  return text.slice(i);
}
