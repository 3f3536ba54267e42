/** One step of a GRPO run to open in the page: its answers token by token. */
import { formatNumber } from "../view/numbers.ts";
import { table } from "../view/table.ts";
import type { View } from "../view/table.ts";
import { inertHtml } from "../view/text-view.ts";
import type { Run } from "../run/run.ts";
import { pack } from "../widget/block.ts";
import type { Widget } from "../widget/widget.ts";
import type { InsideData } from "./data.ts";
import { moved, tokensOf, totalsOf } from "./measures.ts";
import { nameOf, stepReading } from "./reading.ts";
import { keptSteps, readStep } from "./step-file.ts";
import type { StepAnswer, StepQuestion } from "./step-record.ts";

export interface InsideOptions {
  /** Default: the first that the run kept. */
  step?: number;
  /**
   * Tokens that go into the notebook, default 8,000, in whole questions; those whose answers were paid
   * differently first. About 20 bytes each.
   */
  maxTokens?: number;
}

const STATIC_ROWS = 6;
const DIGITS = 4;

/**
 * A step of a finished GRPO run: its answers with every token coloured by how far the step moved it, by its
 * ratio, advantage or share of the gradient; a clicked token shows the loss's formula with its own numbers.
 * It works in JupyterLab, in VS Code and in an exported report, without a kernel and without a network; where
 * no script may run, a table of the answers stands there.
 *
 * The trainer keeps the steps of `grpo.inspectSteps`; of a run that kept none the view is a sentence that
 * says how to get them. Throws LabError as `readStep`: for a step that was not kept, and for a damaged file.
 *
 * @example await show(insideStep(run, { step: 10 }));
 */
export function insideStep(run: Pick<Run, "key" | "folder">, options: InsideOptions = {}): View {
  const kept = keptSteps(run.folder);
  const step = options.step ?? kept[0];
  if (kept.length === 0 || step === undefined) return notKept(run.key);
  const whole = readStep(run.folder, step);
  const reading = stepReading(whole);
  const questions = shownOf(whole.questions, options.maxTokens ?? 8_000);
  const data: InsideData = {
    ...whole,
    questions: questions.map(rounded),
    reading,
    totals: totalsOf(whole),
    left: whole.questions.length - questions.length,
  };
  const rows = questions.flatMap(differentAnswers);
  const others = kept.filter((one) => one !== step);
  const more = others.length === 0 ? "" : `; kept, too: ${others.join(", ")}`;
  const first = table(rows, undefined, {
    caption: `Inside step ${step} of ${run.key}${more}`,
    maxRows: STATIC_ROWS,
  });
  const widget: Widget = {
    html: `<p>${inertHtml(reading)}</p>\n${first.html}`,
    text: `${reading}\n${first.text}`,
    widget: "inside",
    packed: pack(JSON.stringify(data)),
  };
  return widget;
}

function notKept(key: string): View {
  const text =
    `The run ${key} kept no step token by token. Train with grpo.inspectSteps, such as ` +
    'openLab({ "grpo.inspectSteps": [10, -1] }) for the tenth step and the last: that is a run of its own. ' +
    "Only steps of the loss grpo with one update a batch can be kept.";
  return { html: `<p><em>${inertHtml(text)}</em></p>`, text };
}

/** Whole questions of at most so many tokens, one at least, in the step's order. */
function shownOf(questions: readonly StepQuestion[], maxTokens: number): StepQuestion[] {
  const differs = ({ answers }: StepQuestion) => answers.some(({ advantage }) => advantage !== 0);
  const taken = new Set<StepQuestion>();
  let tokens = 0;
  for (const question of [...questions].sort((a, b) => Number(differs(b)) - Number(differs(a)))) {
    const more = question.answers.reduce((sum, { ids }) => sum + ids.length, 0);
    if (taken.size > 0 && tokens + more > maxTokens) continue;
    taken.add(question);
    tokens += more;
  }
  return questions.filter((question) => taken.has(question));
}

/**
 * With the digits that one reads. Log-probabilities keep six decimals, for what counts is the difference of
 * two.
 */
function rounded(question: StepQuestion): StepQuestion {
  const each = (values: readonly (number | null)[] | null, round: (value: number) => string) =>
    values?.map((value) => value && Number(round(value))) ?? null;
  const log = (values: readonly (number | null)[] | null) => each(values, (value) => value.toFixed(6));
  const short = (values: readonly (number | null)[] | null) =>
    each(values, (value) => value.toPrecision(DIGITS)) as number[] | null;
  return {
    ...question,
    answers: question.answers.map((answer) => ({
      ...answer,
      sampled: log(answer.sampled),
      before: log(answer.before) as number[] | null,
      after: log(answer.after) as number[] | null,
      reference: log(answer.reference) as number[] | null,
      weight: short(answer.weight),
      slope: short(answer.slope),
    })),
  };
}

/** Equal answers have equal numbers: a row for each different one, with how often it was drawn. */
function differentAnswers({ id, answers }: StepQuestion): Record<string, unknown>[] {
  const byText = Map.groupBy(answers, ({ texts }) => texts.join(""));
  return [...byText.values()].map((equal) => rowOf(id, `${equal.length} of ${answers.length}`, equal[0]!));
}

function rowOf(question: string, drawn: string, answer: StepAnswer): Record<string, unknown> {
  const seen = tokensOf(answer).flatMap(({ text, numbers }) =>
    numbers ? [{ text, by: moved(numbers) }] : [],
  );
  const most = seen.reduce<(typeof seen)[number] | null>(
    (best, one) => (best === null || Math.abs(one.by) > Math.abs(best.by) ? one : best),
    null,
  );
  return {
    question,
    drawn,
    reward: answer.reward,
    advantage: answer.advantage,
    tokens: answer.ids.length,
    "change of log p (nats)": seen.length === 0 ? null : seen.reduce((sum, { by }) => sum + by, 0),
    "moved most": most === null ? "left out of the loss" : `${nameOf(most.text)} ${formatNumber(most.by)}`,
    text: answer.texts.join(""),
  };
}
