/** The whole block: which question, coloured by what, and its answers. */
import { becomeLive, el } from "../../widget/page/dom.ts";
import { formatNumber } from "../../view/numbers.ts";
import { withoutContext } from "../../question/asked.ts";
import { visibleText } from "../../view/text-view.ts";
import type { InsideData } from "../data.ts";
import { MEASURES, MEASURE_TEXTS, moved, tokensOf } from "../measures.ts";
import type { Measure } from "../measures.ts";
import type { StepQuestion } from "../step-record.ts";
import { answerView } from "./answer-view.ts";
import type { AnswerView } from "./answer-view.ts";
import { legend } from "./legend.ts";

let blocks = 0;

export function startStep(block: HTMLElement, data: InsideData): void {
  const { questions, totals } = data;
  const hasStart = questions.some(({ answers }) => answers.some(({ reference }) => reference !== null));
  let measure: Measure = "moved";
  let views: AnswerView[] = [];

  const group = `inside-${++blocks}`; // of its radio buttons: another block has its own
  const choice = el(
    "select",
    { class: "widget-field", "aria-label": "Question" },
    ...questions.map(optionOf),
  );
  const key = el("p", { class: "inside-key" });
  const asked = el("p", { class: "inside-question" });
  const answers = el("div");
  const colouring = el(
    "fieldset",
    { class: "widget-choice" },
    el("legend", {}, "Coloured by"),
    ...MEASURES.filter((name) => name !== "drift" || hasStart).map((name) =>
      el(
        "label",
        { title: MEASURE_TEXTS[name].means },
        el("input", { type: "radio", name: group, value: name, checked: name === measure }),
        MEASURE_TEXTS[name].label,
      ),
    ),
  );

  const colour = (): void => {
    key.replaceChildren(...legend(measure, data));
    for (const view of views) view.colour(measure);
  };
  const open = (): void => {
    const question = questions[choice.selectedIndex]!;
    asked.replaceChildren(
      visibleText(question.question),
      el("span", { class: "inside-gold" }, `gold: ${visibleText(question.gold)}`),
    );
    const different = Map.groupBy(question.answers, ({ ids }) => ids.join());
    const sorted = [...different.values()].sort(([a], [b]) => b!.reward - a!.reward);
    const select = (chosen: AnswerView): void => {
      for (const view of views) if (view !== chosen) view.close();
    };
    views = sorted.map((same) =>
      answerView(same[0]!, `${same.length} of ${question.answers.length}`, data, select),
    );
    answers.replaceChildren(...views.map(({ element }) => element));
    colour();
  };

  choice.addEventListener("change", open);
  colouring.addEventListener("change", ({ target }) => {
    measure = (target as HTMLInputElement).value as Measure;
    colour();
  });
  const live = el(
    "section",
    { class: "inside-live", "aria-label": `Inside step ${data.step}` },
    el("p", { class: "inside-reading" }, data.reading),
    choice,
    colouring,
    key,
    asked,
    answers,
    el(
      "p",
      { class: "widget-note" },
      `${totals.answers} answers in the step, ${totals.tokens} tokens in its loss; learning rate `,
      `${formatNumber(data.learningRate)}, temperature ${data.temperature}, β ${data.beta}. `,
      data.left > 0 && `${data.left} more questions are in the run's folder. `,
      "Click a token, or go by the arrow keys, for its formula.",
    ),
  );
  const movement = questions.map(movementOf);
  choice.selectedIndex = movement.indexOf(Math.max(...movement)); // where most is to be seen
  open();
  becomeLive(block, live);
}

/** How far the step moved all tokens of a question with right and wrong answers; 0 for others. */
function movementOf({ answers }: StepQuestion): number {
  const rewards = new Set(answers.map(({ reward }) => reward));
  if (rewards.size < 2) return 0;
  const moves = answers.flatMap((answer) =>
    tokensOf(answer).flatMap(({ numbers }) => (numbers ? [Math.abs(moved(numbers))] : [])),
  );
  return moves.reduce((sum, move) => sum + move, 0);
}

function optionOf({ question, answers }: StepQuestion, index: number): HTMLOptionElement {
  const rewards = answers.map(({ reward }) => reward);
  const [low, high] = [Math.min(...rewards), Math.max(...rewards)].map(formatNumber);
  const paid = low === high ? `all paid ${low}` : `paid ${low} to ${high}`;
  const text = visibleText(withoutContext(question), 160).replace(/\s+/g, " ");
  return el("option", {}, `${index + 1} · ${paid} · ${text}`);
}
