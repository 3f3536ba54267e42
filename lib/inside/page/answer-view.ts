/** One answer: what it was paid, its tokens in colour, and the formula of the one that is chosen. */
import { el } from "../../widget/page/dom.ts";
import { formatNumber } from "../../view/numbers.ts";
import { visibleText } from "../../view/text-view.ts";
import type { InsideData } from "../data.ts";
import { tokenFormula } from "../formula.ts";
import { moved, shade, tokensOf } from "../measures.ts";
import type { Measure, StepToken } from "../measures.ts";
import { nameOf } from "../reading.ts";
import type { StepAnswer } from "../step-record.ts";

export interface AnswerView {
  element: HTMLElement;
  colour(measure: Measure): void;
  /** Closes the formula. */
  close(): void;
}

/** `of`: how many of how many answers this is, word for word. `onOpen` hears that a token was chosen. */
export function answerView(
  answer: StepAnswer,
  of: string,
  data: InsideData,
  onOpen: (view: AnswerView) => void,
): AnswerView {
  const tokens = tokensOf(answer);
  const spans = tokens.map((token, i) =>
    el(
      "span",
      {
        class: `widget-token inside-token${token.isSpecial ? " inside-special" : ""}`,
        role: "button",
        tabindex: i === 0 ? 0 : -1,
        title: titleOf(token),
        "data-at": i,
      },
      shown(token),
    ),
  );
  const text = el(
    "div",
    { class: "widget-text inside-text", role: "group", "aria-label": "The answer's tokens" },
    ...spans,
  );
  const formula = el("div", { class: "inside-formula", "aria-live": "polite", hidden: true });
  let chosen = 0;

  const select = (to: number): void => {
    const span = spans[to];
    if (!span) return;
    spans[chosen]!.tabIndex = -1;
    spans[chosen]!.classList.remove("widget-chosen");
    chosen = to;
    span.tabIndex = 0;
    span.classList.add("widget-chosen");
    span.focus({ preventScroll: true });
    formula.hidden = false;
    formula.replaceChildren(...formulaOf(tokens[to]!, to, answer, data));
    onOpen(view);
  };
  const at = (target: EventTarget | null): number =>
    Number((target as Element).closest<HTMLElement>(".inside-token")?.dataset.at ?? -1);
  text.addEventListener("click", ({ target }) => select(at(target)));
  text.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const to = {
      ArrowLeft: chosen - 1,
      ArrowRight: chosen + 1,
      Home: 0,
      End: spans.length - 1,
      Enter: chosen,
      " ": chosen,
    }[event.key];
    if (to !== undefined) select(to);
    else if (event.key === "Escape") view.close();
    else return;
    event.preventDefault();
  });

  const view: AnswerView = {
    element: el("article", {}, el("header", {}, ...headOf(answer, of)), text, formula),
    colour(measure) {
      for (const [i, { numbers }] of tokens.entries()) {
        const by = numbers && shade(measure, numbers, data);
        const { style, dataset } = spans[i]!;
        dataset.tone = by === null ? "none" : by < 0 ? "less" : "more";
        style.setProperty("--by", String(Math.abs(by ?? 0)));
      }
    },
    close() {
      formula.hidden = true;
      spans[chosen]?.classList.remove("widget-chosen");
    },
  };
  return view;
}

function headOf(
  { reward, rewards, advantage, ids, before }: StepAnswer,
  of: string,
): (HTMLElement | string)[] {
  const parts = Object.entries(rewards).map(([name, value]) => `${visibleText(name)} ${formatNumber(value)}`);
  return [
    `${of}: `,
    el("b", {}, `reward ${formatNumber(reward)}`),
    parts.length > 0 ? ` (${parts.join(", ")}), ` : ", ",
    el(
      "b",
      { "data-tone": advantage < 0 ? "less" : advantage > 0 && "more" },
      `advantage ${signed(advantage)}`,
    ),
    `, ${ids.length} tokens`,
    before === null ? el("em", {}, " cut at grpo.maxTokens: left out of the loss") : "",
  ];
}

/** Line ends as a sign and a line end; a token that is a part of a character as a box. */
function shown({ text }: StepToken): string {
  return text === "" ? "▫" : visibleText(text).replace(/\n/g, "⏎\n");
}

function titleOf({ text, numbers }: StepToken): string {
  const by = numbers === null ? "left out of the loss" : `moved ${signed(moved(numbers))}`;
  return `${nameOf(text)}: ${by}`;
}

function formulaOf(token: StepToken, at: number, { ids }: StepAnswer, data: InsideData): HTMLElement[] {
  const head = el(
    "p",
    {},
    el("code", {}, nameOf(token.text)),
    ` token ${at + 1} of ${ids.length}, number ${ids[at]}`,
  );
  if (token.numbers === null) return [head, el("p", {}, "The answer was left out of the loss.")];
  const { lines, sentence } = tokenFormula(token.numbers, data, data.totals, ids.length);
  const rows = lines.map(({ name, formula, value, note }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      el("td", {}, formula),
      el("td", {}, el("b", {}, value)),
      el("td", {}, note ?? ""),
    ),
  );
  return [head, el("p", {}, sentence), el("table", {}, el("tbody", {}, ...rows))];
}

const signed = (value: number): string =>
  (value > 0 ? `+${formatNumber(value)}` : formatNumber(value)).replaceAll("-", "−");
