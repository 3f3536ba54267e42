/**
 * What becomes of a GRPO run, while it goes on: learning, hack, collapse or nothing. By trends against their
 * own noise, not by how high or low a value stands. Pure.
 */
import type { Run } from "../run/run.ts";
import { signedRank } from "../stats/signed-rank.ts";
import { pairedDifference } from "../stats/bootstrap.ts";
import type { PairedDifference } from "../stats/bootstrap.ts";
import { mean } from "../stats/stats.ts";
import { trend } from "../stats/trend.ts";
import { meanOf } from "../view/numbers.ts";
import { groupsOf } from "./groups.ts";
import type { AnswerGroup } from "./groups.ts";

export type Verdict = "learning" | "hack" | "collapse" | "nothing";

export interface RunVerdict {
  verdict: Verdict;
  /** The probe at which it is read. */
  step: number;
  /** For the reader, with the numbers that it rests on; plain text. */
  sentence: string;
}

/** What is read of a run. */
export type Watched = Pick<Run, "probes" | "samples" | "metrics" | "totalSteps"> & {
  config: { grpo: { probeSteps: number } };
};

/** Chance that a run in which nothing moves ever gets a verdict, all its looks together. */
const LEVEL = 0.05;
/** A trend is taken of at most so many means of neighbouring steps. */
const BLOCKS = 50;

/**
 * The verdict at each probe but the first, in the order of steps; none before the second one.
 *
 * Tested is all that was seen up to the probe. *Held-out*, paired by question: right answers, and what the
 * reward pays for them, in the last third of the probes minus the first third, by Wilcoxon's signed-rank test
 * (exact). *In training*: pay and right answers of the steps, entropy, and the different texts of a group
 * that is not all right, each by the Mann–Kendall test of a trend.
 *
 * | verdict | at the strict level | and at the plain 5 % (two tests) |
 * |---|---|---|
 * | hack | pay rises, held-out or in training | right answers rise neither held-out nor in training |
 * | learning | right answers rise, held-out, or in training while the held-out ones do not sink | |
 * | collapse | entropy and different texts fall; most groups not all right are one text | as for a hack |
 * | nothing | none of these | |
 *
 * The strict level is 5 % over all looks that the run plans and both tests of a verdict (Bonferroni): in a
 * run in which nothing moves, 5 % bounds the chance that a verdict is ever called. That pay rises and right
 * answers do not is asked of the *same* answers: under a sound reward both trends have nearly the same noise,
 * so that pay which has risen beyond the strict level carries right answers beyond the plain one.
 * `npm run bench:alarm` measures what comes of it.
 *
 * Source: Wilcoxon 1945; Mann 1945; several looks at growing data: Pocock 1977, Biometrika 64.
 */
export function readVerdicts(run: Watched): RunVerdict[] {
  const { probes, totalSteps, config } = run;
  const planned = Math.ceil(totalSteps / Math.max(1, config.grpo.probeSteps));
  const strict = LEVEL / Math.max(planned, probes.length - 1) / 2;
  return probes.slice(1).map(({ step }, i) => verdictAt(run, step, probes.slice(0, i + 2), strict));
}

function verdictAt(run: Watched, step: number, probes: Run["probes"], strict: number): RunVerdict {
  const steps = run.samples.filter((each) => each.step <= step).map(stepOf);
  const entropy = run.metrics.step.flatMap((at, i) => (at <= step ? (run.metrics.entropy?.[i] ?? []) : []));
  const right = changeOf(probes, (answer) => answer.right ?? 0);
  const paid = changeOf(probes, (answer) => answer.paid);
  const trained = trendOf(steps, (each) => each.right);
  const rises = Math.min(right.test.up, trained.up) <= LEVEL / 2;
  const stuck = steps.slice(-Math.ceil(steps.length / 3)).flatMap(({ oneText }) => oneText ?? []);
  const some = right.probes === 1 ? "probe" : `${right.probes} probes`;
  const said =
    `of ${right.n} held-out questions ${percent(right.before)} were right in the first ${some}, ` +
    `${percent(right.now)} in the last ${some}`;
  if (Math.min(paid.test.up, trendOf(steps, (each) => each.paid).up) <= strict && !rises)
    return {
      ...{ verdict: "hack", step },
      sentence: `Hack: pay rises, right answers do not: ${said}. Read the answers that are paid best.`,
    };
  if (right.test.up <= strict) return { verdict: "learning", step, sentence: `Learning: ${said}.` };
  if (trained.up <= strict && right.now >= right.before)
    return {
      ...{ verdict: "learning", step },
      sentence: `Learning: right answers rise in training; ${said}.`,
    };
  const falls = Math.max(blocks(entropy).down, trendOf(steps, ({ texts }) => texts).down) <= strict;
  if (falls && stuck.length > 0 && mean(stuck) > 0.5 && !rises)
    return {
      ...{ verdict: "collapse", step },
      sentence:
        `Collapse: in ${percent(mean(stuck))} of the groups that are not all right every answer is the ` +
        `same; ${said}. A lower learning rate or a larger grpo.beta keeps variety.`,
    };
  return { verdict: "nothing", step, sentence: `Nothing to call yet: ${said}.` };
}

/**
 * How many more of the held-out questions are right in the last third of the probes than in the first third,
 * paired by question; null before the second probe.
 */
export function heldOutChange(probes: Run["probes"]): PairedDifference | null {
  if (probes.length < 2) return null;
  const { befores, nows } = changeOf(probes, (answer) => answer.right ?? 0);
  return pairedDifference(
    befores.map((value) => [value]),
    nows.map((value) => [value]),
  );
}

/** Each question in the last third of the probes against the first third. */
function changeOf(probes: Run["probes"], of: (answer: Run["probes"][number]["answers"][number]) => number) {
  const size = Math.max(1, Math.floor(probes.length / 3));
  const [before, now] = [probes.slice(0, size), probes.slice(-size)].map((part) => {
    const answers = Map.groupBy(
      part.flatMap((probe) => probe.answers),
      ({ id }) => id,
    );
    return new Map([...answers].map(([id, values]) => [id, mean(values.map(of))]));
  });
  const ids = [...before!.keys()].filter((id) => now!.has(id));
  const [befores, nows] = [before!, now!].map((values) => ids.map((id) => values.get(id)!)) as [
    number[],
    number[],
  ];
  return {
    n: ids.length,
    probes: size,
    befores,
    nows,
    before: mean(befores),
    now: mean(nows),
    test: signedRank(nows.map((value, i) => value - befores[i]!)),
  };
}

/** Means of one step's answers; null where there is nothing to take one of. */
interface StepOf {
  paid: number;
  right: number | null;
  /** Different texts in a group that is not all right. */
  texts: number | null;
  /** Share of those groups that are one text. */
  oneText: number | null;
}

function stepOf(event: Run["samples"][number]): StepOf {
  const verdicts = (answers: AnswerGroup["answers"]) =>
    answers.map((a) => a.right ?? a.rewards.accuracy ?? null);
  const open = groupsOf([event]).filter(({ answers }) => verdicts(answers).some((right) => right !== 1));
  const texts = open.map(({ answers }) => new Set(answers.map(({ completion }) => completion)).size);
  return {
    paid: mean(event.samples.map(({ reward }) => reward)),
    right: meanOf(verdicts(event.samples)),
    texts: meanOf(texts),
    oneText: meanOf(texts.map((count) => Number(count === 1))),
  };
}

const trendOf = (steps: readonly StepOf[], of: (step: StepOf) => number | null) =>
  blocks(steps.flatMap((step) => of(step) ?? []));

/** The trend of the means of neighbouring values, at most `BLOCKS` of them. */
function blocks(values: readonly number[]) {
  const size = Math.ceil(values.length / BLOCKS);
  const count = size === 0 ? 0 : Math.floor(values.length / size);
  return trend(Array.from({ length: count }, (_, i) => mean(values.slice(i * size, (i + 1) * size))));
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
