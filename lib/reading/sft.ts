/** What SFT did, in sentences: markdown that is computed from this run. Pure. */
import { compareArms } from "../evaluate/compare.ts";
import { differenceVerdict } from "../evaluate/comparison-text.ts";
import type { Tokenizer } from "../model/tokens.ts";
import type { EvalDetail, SftRow } from "../records.ts";
import type { Run } from "../run/run.ts";
import type { PairedDifference } from "../stats/bootstrap.ts";
import { mean, wilson } from "../stats/stats.ts";
import type { Census } from "../train/census.ts";
import type { FirstStep } from "../train/first-step.ts";
import { formatCount, formatPoints, formatShare } from "../view/numbers.ts";
import { counted, points } from "./words.ts";

/** A run as far as these sentences need it. */
export type TrainedRun = Pick<Run, "metrics" | "config" | "step" | "totalSteps" | "start">;

/** Nats a token: further apart than float32 rounds, two losses of one row are two losses. */
const ROUNDING = 1e-5;

/** A loss that was computed by hand from `graded` tokens, beside the trainer's own of the same row. */
export function byHand(loss: number, graded: number, trainer: number | null): string {
  if (graded === 0) return "No token of this row is graded: it is longer than the tiny model reads.";
  const share = Math.exp(-loss);
  const head =
    `**${loss.toFixed(4)} nats a token**, the mean over ${counted(graded, "graded token")}: on (geometric) ` +
    `average the Base gave the Teacher's token a probability of ` +
    `${share < 0.01 ? "less than 1" : points(share)} %.`;
  if (trainer === null) return `${head} The trainer leaves this row out: it is too long.`;
  const apart = Math.abs(loss - trainer);
  return apart <= ROUNDING
    ? `${head} The trainer, asked for the same row, says ${trainer.toFixed(4)}: **the same loss**, ` +
        `${apart.toExponential(0)} apart, where rounding alone may make ${ROUNDING.toExponential(0)}.`
    : `${head} The trainer says ${trainer.toFixed(4)}, ${apart.toExponential(1)} apart: **more than ` +
        "rounding** makes. Another token is graded, or it computes in another precision.";
}

/** How many rows are longer than the trainer takes. */
export function tooLong(
  tokenizer: Pick<Tokenizer, "countRowTokens">,
  rows: readonly Pick<SftRow, "prompt" | "response">[],
  { system = "", maxLength: limit }: { system?: string; maxLength: number },
): string {
  const lengths = rows.map(({ prompt, response }) =>
    tokenizer.countRowTokens({ question: prompt, system }, response),
  );
  const over = lengths.filter((length) => length > limit).length;
  const longest = Math.max(0, ...lengths);
  if (over === 0)
    return (
      `**No row is left out**: the longest has ${formatCount(longest)} tokens, ` +
      `${formatCount(limit)} are allowed.`
    );
  const most = over > lengths.length / 10 ? " That is too many to go on with: raise `sft.maxLength`." : "";
  return (
    `**${counted(over, "row")} of ${formatCount(lengths.length)} are longer than ` +
    `${formatCount(limit)} tokens and are left out.**${most}`
  );
}

/** What one step of GRPO finds in the answers of two policies, a row each. */
export function firstSteps(steps: readonly FirstStep[]): Record<string, string | number>[] {
  return steps.map(({ policy, answers, format, strict, lenient, reward, telling, questions }) => ({
    ...{ policy, answers, format },
    "right in the answer block": strict,
    "right wherever it appears": lenient,
    "mean reward": reward,
    [`questions with a signal, of ${questions}`]: telling,
  }));
}

/** Parameters, speed, and where most of the loss went. */
export function training({ metrics, step, start }: TrainedRun): string {
  const loss = column(metrics, "loss");
  if (loss.length < 2 || !start) return "The run has too few steps to say anything about its loss.";
  const ends = Math.max(1, Math.min(5, Math.floor(loss.length / 2)));
  const [from, middle, to] = [
    mean(loss.slice(0, ends)),
    mean(loss.slice(Math.floor(loss.length / 2) - Math.ceil(ends / 2)).slice(0, ends)),
    mean(loss.slice(-ends)),
  ];
  const share = formatShare(start.trainableParameters, start.totalParameters);
  const head =
    `**${formatCount(start.trainableParameters)} of ${formatCount(start.totalParameters)} parameters ` +
    `were trained ` +
    `(${share})**, ${counted(step, "step")} on ${start.device}, ` +
    `${mean(column(metrics, "secondsPerStep")).toFixed(2)} s each.`;
  const moved =
    `The loss went from ${from.toFixed(3)} to ${to.toFixed(3)} nats a token (mean of ${ends} steps at ` +
    `each end): the ` +
    `Teacher's token had a probability of ${points(Math.exp(-from))} % and has ${points(Math.exp(-to))} %.`;
  if (to >= from) return `${head} ${moved} **It did not fall.**`;
  const early = (from - middle) / (from - to);
  const when =
    early > 0.6
      ? "Most of the fall is in the first half."
      : early < 0.4
        ? "Most of the fall is in the second half."
        : "Both halves have their part in it.";
  return `${head} ${moved} ${when}`;
}

interface HeldOutPoint {
  step: number;
  value: number;
}

/** How a run's held-out loss ends: `none` where it ends at or within 2 % of its lowest value. */
export interface HeldOutTurn {
  kind: "none" | "flat" | "overfits";
  first: HeldOutPoint;
  last: HeldOutPoint;
  lowest: HeldOutPoint;
}

function heldOutPoints({ metrics }: Pick<TrainedRun, "metrics">): HeldOutPoint[] {
  return metrics.step.flatMap((step, i) => {
    const value = metrics.heldOutLoss?.[i];
    return typeof value === "number" ? [{ step, value }] : [];
  });
}

/** Whether the held-out loss turns upwards; null where it was measured too seldom to tell. */
export function heldOutTurn(run: Pick<TrainedRun, "metrics">): HeldOutTurn | null {
  const measured = heldOutPoints(run);
  if (measured.length < 3) return null;
  const lowest = measured.reduce((a, b) => (b.value < a.value ? b : a));
  const last = measured.at(-1)!;
  const rise = last.value / lowest.value;
  const kind = rise <= 1.02 ? "none" : rise <= 1.1 ? "flat" : "overfits";
  return { kind, first: measured[0]!, last, lowest };
}

/**
 * When overfitting starts: the step from which the held-out loss rises while the training loss falls on. A
 * rise of less than 2 % of the lowest value is called none, one of less than 10 % no overfitting yet.
 */
export function heldOut(run: TrainedRun): string {
  if (heldOutPoints(run).length === 0)
    return (
      "Every good text is trained on, so none is left to hold out: this run cannot say when " +
      "overfitting starts."
    );
  const turned = heldOutTurn(run);
  if (turned === null) return "The held-out loss was measured too seldom to say when it turns.";
  const { kind, first, last, lowest } = turned;
  const epoch = ((lowest.step / run.totalSteps) * run.config.sft.epochs).toFixed(1);
  const [from, to, least] = [first, last, lowest].map(({ value }) => value.toPrecision(3));
  const fell = `The held-out loss goes from ${from} (step ${first.step}) to ${to}`;
  if (kind === "none")
    return (
      `${fell} and ${last === lowest ? "is lowest at the end" : "ends where it was lowest"}: **no ` +
      `overfitting in this run.**${passingRise(heldOutPoints(run))}`
    );
  const where = `at step ${lowest.step} (epoch ${epoch})`;
  const turn = `${fell}, with its lowest value, ${least}, ${where}: **from there on `;
  if (kind === "flat")
    return `${turn}further passes bring nothing**. The end is hardly higher: too little for overfitting.`;
  return `${turn}the model overfits**. It gets better at its own rows and worse at others.`;
}

/** Magic number: a rise by less than this share is not worth a word. */
const WORTH_A_WORD = 1.05;

/** The largest rise on the way that later values have undone; "" where there is none to speak of. */
function passingRise(measured: readonly HeldOutPoint[]): string {
  const rises = measured.map((high, i) => {
    const low = measured.slice(0, i + 1).reduce((a, b) => (b.value < a.value ? b : a));
    return { low, high, by: high.value / low.value };
  });
  const { low, high, by } = rises.reduce((a, b) => (b.by > a.by ? b : a));
  if (by < WORTH_A_WORD) return "";
  return (
    ` On the way it rises from ${low.value.toPrecision(3)} (step ${low.step}) to ` +
    `${high.value.toPrecision(3)} (step ${high.step}) and falls again: a turn counts when it lasts.`
  );
}

/** Which of two runs of the same length has come further, and by how much. */
export function rates(runs: readonly { rate: number; run: Pick<Run, "metrics"> }[]): string {
  const ends = runs.map(({ rate, run }) => ({ rate, loss: mean(column(run.metrics, "loss").slice(-5)) }));
  if (ends.length < 2 || ends.some(({ loss }) => !Number.isFinite(loss)))
    return "There are no two runs to compare.";
  const best = ends.reduce((a, b) => (b.loss < a.loss ? b : a));
  const worst = ends.reduce((a, b) => (b.loss > a.loss ? b : a));
  const told = ends.map(({ rate, loss }) => `${loss.toFixed(3)} at ${rate}`).join(", ");
  if (worst.loss < 1.1 * best.loss)
    return `Mean loss of the last five steps: ${told}. That is hardly a difference.`;
  return (
    `Mean loss of the last five steps: ${told}. **${best.rate} is ahead**, with the same rows in ` +
    `the same order.`
  );
}

type Step = Pick<FirstStep, "questions" | "answers" | "format" | "lenient">;

/** What SFT has changed about the answers: form, substance, or both. */
export function whatSftBrings(base: Step, sft: Step): string {
  const [form, substance] = [sft.format - base.format, sft.lenient - base.lenient];
  // answers to one question go together: as careful as if each question had been asked once
  const noise = 1.96 * Math.sqrt(0.5 / Math.max(1, Math.min(base.questions, sft.questions)));
  const told =
    `format ${points(base.format)} → ${points(sft.format)} %, right wherever the answer appears ` +
    `${points(base.lenient)} → ${points(sft.lenient)} % (${sft.answers} answers each, ` +
    `to ${sft.questions} questions)`;
  if (substance < -noise) return `**SFT cost right answers here:** ${told}. Notebook 6 asks all.`;
  if (form < -noise) return `**SFT cost the form here:** ${told}. Notebook 6 asks all.`;
  if (form > noise && substance > noise) return `**SFT brought the form and right answers, too:** ${told}.`;
  if (form > noise)
    return (
      `**SFT brought the form;** whether it brought right answers, too, these few cannot say: ${told}. ` +
      `Notebook 6 asks all.`
    );
  if (substance > noise) return `**SFT brought right answers;** the form was there before: ${told}.`;
  return `These few answers show no difference: ${told}.`;
}

/** How many questions still teach something: right in some of the answers and wrong in others. */
export function census({ n, groupSize, histogram }: Pick<Census, "n" | "groupSize" | "histogram">): string {
  if (n === 0) return "No question was asked.";
  const [never, always] = [histogram[0]!, histogram[groupSize]!];
  const mixed = n - never - always;
  const use =
    mixed > never + always
      ? "Most questions have something left to learn from."
      : "Most questions are settled one way or the other, and teach nothing any more.";
  return (
    `Of ${counted(n, "question")}, asked ${groupSize} times each: **${mixed}** are right in some ` +
    `answers and wrong in ` +
    `others, ${always} right in all, ${never} in none. ${use}`
  );
}

/** Greedy answers to the same test questions: of the Base, and of it trained on golds alone and on texts. */
type DistillTrial = Record<"base" | "golds" | "texts", readonly EvalDetail[]>;

/**
 * What the Teacher's steps are worth: a model trained on them beside one trained on the golds alone and
 * beside the Base. A row a model for a table, and what they say. The Base is there because the control may
 * fall below it: what is gained on a control that has lost something is not all gain.
 */
export function whyDistil({ base, golds, texts }: DistillTrial): {
  rows: Record<string, unknown>[];
  reading: string;
} {
  const [onGolds, onBase] = [golds, base].map((before) => compareArms(before, texts, "accuracyLenient"));
  const control = compareArms(base, golds, "accuracyLenient");
  if (!onGolds || !onBase || !control)
    return { rows: [], reading: "The three models were asked no question that all of them answered." };
  const row = (name: string, details: readonly EvalDetail[], ahead: PairedDifference | null) => ({
    "trained on": name,
    questions: details.length,
    right: wilson(details.filter(({ lenient }) => lenient).length, details.length),
    "the Teacher's texts are ahead by (points)": ahead && gapOf(ahead),
  });
  return {
    rows: [
      row("nothing: the Base", base, onBase),
      row("golds alone", golds, onGolds),
      row("the Teacher's texts", texts, null),
    ],
    reading: worthOf(onGolds, onBase, control),
  };
}

function worthOf(onGolds: PairedDifference, onBase: PairedDifference, control: PairedDifference): string {
  const [golds, base] = [differenceVerdict(onGolds), differenceVerdict(onBase)];
  const both = `${gapOf(onBase)} points against the Base, ${gapOf(onGolds)} against the golds alone`;
  const lost =
    differenceVerdict(control) === "worse"
      ? ` The second number flatters the texts: golds alone **cost** the Base right answers ` +
        `(${gapOf(control)}). That model answers at once, without a line to calculate on.`
      : "";
  if (golds === "better" && base === "better") return `**Distilling pays:** ${both}.${lost}`;
  if (golds === "better")
    return `**The texts beat the golds alone, but not the Base** as far as can be told: ${both}.${lost}`;
  if (golds === "worse") return `**The steps did harm:** ${both}.${lost}`;
  if (base === "better")
    return `**Better than the Base; against golds alone these questions do not decide it:** ${both}.${lost}`;
  return `**These questions do not decide it:** ${both}.${lost}`;
}

const gapOf = ({ delta, low, high }: PairedDifference): string =>
  `${formatPoints(delta)} [${formatPoints(low)}, ${formatPoints(high)}]`;

function column(metrics: Run["metrics"], name: string): number[] {
  return (metrics[name] ?? []).filter((value): value is number => value !== null);
}
