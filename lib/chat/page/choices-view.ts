/** What a token might have been: the most likely ones, before and after temperature and top-p. */
import type { Step } from "../../forward/generate.ts";
import { distribution, ranked } from "../../forward/sampling.ts";
import type { Sampling } from "../../forward/sampling.ts";
import type { BpeTokenizer } from "../../forward/tokenizer.ts";
import { el } from "../../widget/page/dom.ts";
import { percent, tokenText } from "./answer-view.ts";

const SHOWN = 10;

/** `onTake` hears which token the answer is to go on with instead. */
export function choicesView(
  tokenizer: BpeTokenizer,
  step: Step,
  place: number,
  sampling: Sampling,
  onTake: (token: number) => void,
): HTMLElement {
  const own = distribution(step.logits, { temperature: 1, topP: 1 });
  const used = distribution(step.logits, sampling);
  const best = ranked(own, SHOWN);
  const rows = best.includes(step.token) ? best : [...best, step.token];
  const allowed = used.reduce((count, share) => count + (share > 0 ? 1 : 0), 0);
  const line = (token: number) => {
    const take = el(
      "button",
      { type: "button", title: "Write on from here with this token" },
      tokenText(tokenizer, token),
    );
    take.addEventListener("click", () => onTake(token));
    const cut = used[token] === 0;
    return el(
      "tr",
      { class: `${token === step.token ? "chat-taken" : ""}${cut ? " chat-cut" : ""}`.trim() || null },
      el("th", { scope: "row" }, take),
      el("td", {}, bar(own[token]!, "own")),
      el("td", {}, bar(used[token]!, "used")),
    );
  };
  const said = [
    `Token ${place + 1}: ${tokenText(tokenizer, step.token)}, drawn with ${percent(step.probability)}. `,
    allowed === 1
      ? "With the values above only one token may come here."
      : `With the values above ${allowed.toLocaleString("en-US")} tokens may come here.`,
  ];
  return el(
    "div",
    { class: "chat-choices" },
    el("p", {}, said.join("")),
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, "token"),
          el("th", { scope: "col" }, "the model's own"),
          el("th", { scope: "col" }, `at temperature ${sampling.temperature}, top-p ${sampling.topP}`),
        ),
      ),
      el("tbody", {}, ...rows.map(line)),
    ),
  );
}

function bar(share: number, kind: string): HTMLElement {
  const filled = el("i", { class: `chat-bar chat-${kind}` });
  filled.style.width = `${100 * share}%`;
  return el(
    "div",
    { class: "chat-share" },
    el("div", {}, filled),
    el("span", {}, share === 0 ? "cut" : percent(share)),
  );
}
