/** Greedy beside sampled, and what several tries bring, in sentences that follow the numbers. Pure. */
import type { EvalDetail } from "../records.ts";
import { pairedDifference } from "../stats/bootstrap.ts";
import type { PairedDifference } from "../stats/bootstrap.ts";
import { countBy, passAtK } from "../stats/stats.ts";
import { styleOf } from "../view/arms.ts";
import { formatPercent } from "../view/numbers.ts";
import { byQuestion, passAtKOf, proportion } from "./eval-summary.ts";

interface Arm {
  name: string;
  details: readonly EvalDetail[];
}

/**
 * Rows for a table, a row an arm, and what the tries say, read leniently. Where some questions alone were
 * sampled, the greedy share is that of the same questions: another set is harder or easier by itself.
 */
export function readTries(arms: readonly Arm[]): { rows: Record<string, unknown>[]; reading: string } {
  const rows = arms.map(rowOf);
  const rises = arms.flatMap(riseOf);
  const [low, high] = [rises[0], rises.at(-1)];
  if (!low || !high) return { rows, reading: "Nothing was sampled, so there is no pass@k." };
  const k = Math.min(low.k, high.k);
  const [one, all] = [1, k].map((tries) => passDifference(low.details, high.details, tries));
  const said = rises.map(
    ({ label, k, first, last }) =>
      `${label} goes from ${formatPercent(first)} in one try to ${formatPercent(last)} in ${k}`,
  );
  const rising = rises.filter(({ before, last }) => last - before > 0.01).length;
  const still =
    rising === 0
      ? "The lines are flat at their right end: more tries would bring little."
      : `${rising === rises.length ? "The lines still rise" : "Some lines still rise"} at their right end: ` +
        "it is where asking stopped, not a ceiling.";
  const between =
    one && all && low !== high
      ? `${high.label} is ${pointsOf(one)} points from ${low.label} with one try and ${pointsOf(all)} with ` +
        `${k}. ${gapReading(one, all)}`
      : "";
  const parts = [`${said.join("; ")}.`, between, sharpening(arms, k), still];
  return { rows, reading: parts.filter(Boolean).join(" ") };
}

/** Where training shows, from the first arm to the last one: with one try, with all, or in neither. */
function gapReading(one: PairedDifference, all: PairedDifference): string {
  const [first, several] = [sideOf(one), sideOf(all)];
  if (first === 0 && several === 0)
    return "These questions tell the two apart neither in one try nor in several.";
  if (first > 0 && several < 0)
    return "The first try has gained and several tries find **less**: variety was the price.";
  if (first + several < 0) return "Training has **lost** right answers here.";
  if (first > 0 && all.delta < 0.7 * one.delta)
    return "Training shows **most in the first try**: several tries close a good part of the gap.";
  if (all.delta > 1.3 * one.delta)
    return "Training shows **more with several tries**: it brought answers that the start does not have.";
  return "Training shows about as much in one try as in several.";
}

/** 1 or −1 where the whole interval lies on one side of zero. */
const sideOf = ({ low, high }: PairedDifference): number => (low > 0 ? 1 : high < 0 ? -1 : 0);

function rowOf({ name, details }: Arm): Record<string, unknown> {
  const drawn = new Set(sampledOf(details).map(({ id }) => id));
  const greedy = details.filter(({ id, mode }) => mode === "greedy" && (drawn.size === 0 || drawn.has(id)));
  const [once, sampled] = [greedy, sampledOf(details)].map((some) =>
    proportion(some, ({ lenient }) => lenient),
  );
  const lost = once && sampled ? 100 * (once.value - sampled.value) : null;
  const arm = styleOf(name, 0).label;
  return { arm, questions: greedy.length, greedy: once, sampled, "lost by sampling (points)": lost };
}

interface Rise extends Pick<Arm, "details"> {
  label: string;
  /** Samples of a question, the fewest that any has. */
  k: number;
  /** pass@1, pass@(k − 1) and pass@k. */
  first: number;
  before: number;
  last: number;
}

function riseOf({ name, details }: Arm): Rise[] {
  const sampled = sampledOf(details);
  const k = Math.min(...countBy(sampled, ({ id }) => id).values());
  if (sampled.length === 0 || k < 2) return [];
  const at = (tries: number) => passAtKOf(details, tries, "lenient")!.value;
  return [{ label: styleOf(name, 0).label, details, k, first: at(1), before: at(k - 1), last: at(k) }];
}

/** What GRPO did to SFT's answers: made likelier what several tries had found, found more, or neither. */
function sharpening(arms: readonly Arm[], k: number): string {
  const [before, after] = ["sft", "sft_grpo"].map((name) => arms.find((arm) => arm.name === name)?.details);
  const [one, all] = before && after ? [1, k].map((tries) => passDifference(before, after, tries)) : [];
  if (!one || !all) return "";
  const head = `GRPO moves SFT by ${pointsOf(one)} with one try and ${pointsOf(all)} with ${k}:`;
  if (one.high < 0) return `${head} the first try is **less sure** than before.`;
  if (one.low <= 0) {
    const open = `${head} whether the first try is surer, these questions do **not decide**`;
    if (all.high < 0) return `${open}; in several, **less** is found than SFT finds.`;
    return all.low > 0 ? `${open}; in several, **more** is found than SFT finds.` : `${open}.`;
  }
  if (all.low > 0)
    return `${head} the first try is surer, and **more is found** than SFT finds in as many tries.`;
  if (all.high < 0)
    return `${head} the first try is surer, and several find **less** than SFT's: variety was the price.`;
  return (
    `${head} it **sharpens**. The first try is surer; whether several tries find more than SFT's, these ` +
    "questions do not decide."
  );
}

/** pass@k of `b` minus that of `a`, over the questions that both answered so often, read leniently. */
function passDifference(
  a: readonly EvalDetail[],
  b: readonly EvalDetail[],
  k: number,
): PairedDifference | null {
  const of = (details: readonly EvalDetail[]) =>
    byQuestion(sampledOf(details), ({ lenient }) => Number(lenient));
  const [first, second] = [of(a), of(b)];
  const enough = (answers: readonly number[] | undefined) => answers !== undefined && answers.length >= k;
  const shared = [...first.keys()].filter((id) => enough(first.get(id)) && enough(second.get(id)));
  const passes = (answers: ReadonlyMap<string, number[]>) =>
    shared.map((id) => {
      const each = answers.get(id)!;
      return [
        passAtK(
          each.length,
          each.reduce((sum, x) => sum + x, 0),
          k,
        ),
      ];
    });
  return pairedDifference(passes(first), passes(second));
}

const sampledOf = (details: readonly EvalDetail[]): EvalDetail[] =>
  details.filter(({ mode }) => mode === "sampled");
const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(0)}`;
const pointsOf = ({ delta, low, high }: PairedDifference): string =>
  `${signed(100 * delta)} [${signed(100 * low)}, ${signed(100 * high)}]`;
