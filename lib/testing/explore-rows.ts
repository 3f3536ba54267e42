/** Invented answers of three arms, hostile and Chinese ones among them, and a page that holds them. */
import { notebookBlock } from "../widget/block.ts";
import { pageScript } from "../widget/page-script.ts";
import type { Widget } from "../widget/widget.ts";

export const HOSTILE =
  "</script><script>globalThis.owned = 1</script><img src=x onerror='globalThis.owned = 2'>\u202E";
const KINDS = ["margin", "growth", "interest", "bond", "毛利率"];
const ARMS = ["Base", "SFT", "SFT + GRPO"];
const TYPES = ["calculation", "concept", "reasoning", "analysis"];

/** `count` answers, three to a question; `longer` repeats the steps of each so many times. */
export function answersToExplore(count: number, longer = 1): Record<string, unknown>[] {
  return Array.from({ length: count }, (_, i) => {
    const q = Math.floor(i / ARMS.length);
    const isRight = (i * 7) % 3 > 0;
    const equations = `${q * 13} - ${q * 7} = ${q * 6}\n${q * 6} / ${q * 13} = 46.2%\n`;
    const steps = `${equations}步骤：先求差额，再除以收入。\n`;
    const head = `<think>\n${q % 5 === 0 ? HOSTILE : ""}${steps.repeat(longer)}</think>\n<answer>\n`;
    const answer = isRight ? "46.2%" : "54%";
    return {
      id: `q_${q}`,
      type: TYPES[q % TYPES.length],
      kind: KINDS[q % KINDS.length],
      source: q % 2 ? "finance basics" : "年报问答 <b>2024</b>",
      arm: ARMS[i % ARMS.length],
      verdict: isRight ? "right" : "wrong",
      reason: isRight ? "equal" : ["other_value", "wrong_scale", "no_answer_block"][q % 3],
      message: isRight ? "46.2% is 46.2%" : `${HOSTILE} 54% is another value than 46.2%`,
      tokens: 40 + ((i * 31) % 90),
      reward: isRight ? 1 : 0.3,
      advantage: isRight ? 0.71 : -1.22,
      question:
        q % 5 === 4
          ? `某公司营收为${q * 13}元，成本为${q * 7}元。毛利率是多少？ ${HOSTILE}`
          : `Company ${q}: revenue is $${q * 13}, cost is $${q * 7}. What is its gross margin in per cent?`,
      gold: "46.2%",
      text: `${head}${answer}\n</answer>`,
      marks: [{ start: head.length, end: head.length + answer.length, kind: isRight ? "good" : "bad" }],
      key: `key_${i}`,
    };
  });
}

/** The block as a notebook holds it, in a page that lets no other script run. */
export async function widgetPageHtml(widget: Widget, body = ""): Promise<string> {
  const { hash } = await pageScript(widget.widget);
  const policy = `default-src 'none'; script-src ${hash}; style-src 'unsafe-inline'; img-src data: blob:`;
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width"><title>${widget.widget}</title></head>
<body ${body}>${await notebookBlock(widget)}</body></html>`;
}
