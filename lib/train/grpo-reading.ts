/** What a GRPO run has done, in sentences that follow its numbers. Pure. */
import { groupAdvantages, hasNoSignal } from "../reward/advantage.ts";
import type { Estimate } from "../records.ts";
import type { Run } from "../run/run.ts";
import { bootstrapMean } from "../stats/bootstrap.ts";
import { mean } from "../stats/stats.ts";
import {
  formatCount,
  formatEstimate,
  formatNumber,
  formatPercent,
  formatPoints,
  formatShare,
  meanOf,
} from "../view/numbers.ts";
import type { Census } from "./census.ts";
import { groupsOf } from "./groups.ts";
import type { AnswerGroup } from "./groups.ts";
import { luckyLetters } from "./lucky-letters.ts";
import { heldOutChange } from "./verdict.ts";
import { watchRun } from "./watched.ts";

type Read = Pick<Run, "metrics" | "samples">;

/** The first and the last fifth of a run are compared: enough groups to say something, far enough apart. */
const PART = 5;
const TOO_SHORT = "The run is too short to compare its ends.";

/** The phases that a step event times (scripts/sidecar/phases.py). */
const PHASES = [
  { key: "sync", does: "handing the policy to the generator" },
  { key: "generate", does: "drawing answers" },
  { key: "reward", does: "paying them" },
  { key: "score", does: "scoring them under the start" },
  { key: "update", does: "the update" },
] as const;

/** Where questions come round again, a part of the rise may be their own. */
function seenBefore(groups: readonly AnswerGroup[]): string {
  const questions = new Set(groups.map(({ id }) => id)).size;
  const times = groups.length / questions;
  if (times < 1.5) return "";
  return (
    ` The ${formatCount(groups.length)} groups ask ${formatCount(questions)} questions, each about ` +
    `${times.toFixed(1)} times: the last fifth meets questions that the run has trained on.`
  );
}

export const readGrpo = {
  /** Verdicts and reference band, for `rewardByComponent`. */
  watch: watchRun,

  /** The run's verdict at its last probe, and whether it left the band of reference runs. */
  verdict(run: Parameters<typeof watchRun>[0]): string {
    const { verdicts, outside } = watchRun(run);
    const sentence = verdicts.at(-1)?.sentence;
    if (!sentence) return "No held-out questions were asked (`grpo.probeSteps`), so there is no verdict.";
    const [word, ...rest] = sentence.split(":");
    const change = heldOutChange(run.probes);
    const told =
      change === null
        ? ""
        : ` That is ${formatPoints(change.delta)} points [${formatPoints(change.low)}, ` +
          `${formatPoints(change.high)}], questions resampled` +
          `${change.low <= 0 && change.high >= 0 ? ": **these questions do not decide it**" : ""}.`;
    return `**${word}**:${rest.join(":")}${told}${outside ? ` The ${outside}` : ""}`;
  },

  /** Whether the reward has risen, as far as two sets of different questions can say. */
  reward({ samples }: Read): string {
    const [first, last] = ends(groupsOf(samples)).map((groups) => ({
      n: groups.length,
      mean: bootstrapMean(groups.map(({ answers }) => answers.map(({ reward }) => reward))),
    }));
    if (!first?.mean || !last?.mean) return TOO_SHORT;
    const change = independentDifference(first.mean, last.mean);
    const verdict = change.low > 0 ? "**higher**" : change.high < 0 ? "**lower**" : "**not told apart**";
    return (
      `Mean reward ${formatEstimate(first.mean)} in the first fifth of the run ` +
      `(${formatCount(first.n)} groups), ${formatEstimate(last.mean)} in the last ` +
      `(${formatCount(last.n)}): ${verdict}, a difference of ${formatEstimate(change)}.` +
      seenBefore(groupsOf(samples))
    );
  },

  /** What a census of all questions has left out of the run, and how many silent groups that has saved. */
  census({ n, groupSize, histogram }: Census, { samples }: Read): string {
    const [never, always] = [histogram[0] ?? 0, histogram[groupSize] ?? 0];
    const [early] = ends(groupsOf(samples)).map(varietyOf);
    if (!early || n === 0) return TOO_SHORT;
    return (
      `The census leaves out **${formatCount(never + always)} of ${formatCount(n)} questions**: ` +
      `of ${groupSize} answers each, ${always} had all of them right and ${never} had none. Drawn from ` +
      `all questions, about ${formatShare(never + always, n)} of the first groups would be silent; in the ` +
      `first fifth of the run ${formatPercent(early.silent)} are. ` +
      `It cost ${formatCount(n * groupSize)} answers.`
    );
  },

  /** Silent groups, what they are silent about, and how much variety is left: is this a collapse? */
  variety({ samples, metrics }: Read): string {
    const [first, last] = ends(groupsOf(samples)).map(varietyOf);
    if (!first || !last) return TOO_SHORT;
    const entropy = ends(known(metrics.entropy)).map((values) => meanOf(values));
    const fell =
      entropy[0] != null && entropy[1] != null
        ? `Entropy goes from ${entropy[0].toFixed(3)} to ${entropy[1].toFixed(3)} nats a token. `
        : "";
    return (
      `${fell}Silent groups: ${formatPercent(first.silent)} in the first fifth, ` +
      `${formatPercent(last.silent)} in the last; different texts in a group: ` +
      `${first.texts.toFixed(1)} before, ${last.texts.toFixed(1)} after. ` +
      verdictOf(first, last)
    );
  },

  /** How far the policy has gone, and the penalty beside the reward, both an answer. */
  hold({ samples, metrics }: Read, beta: number): string {
    const kl = known(metrics.kl);
    if (kl.length === 0) return "`grpo.beta` is 0: no KL is measured, and nothing holds the policy.";
    const [early, late] = ends(kl).map((values) => mean(values));
    const latest = late ?? kl.at(-1)!;
    const length = mean(
      groupsOf(samples)
        .slice(-48)
        .flatMap(({ answers }) => answers.map((a) => a.tokens)),
    );
    const penalty = beta * latest * length;
    const spread = mean(groupsOf(samples).slice(-48).map(spreadOf));
    const times = spread / penalty;
    return (
      (early === undefined || late === undefined
        ? `KL to the start: ${latest.toFixed(4)} nats a token at the last of ${formatCount(kl.length)} ` +
          "steps: the run is too short to compare its ends. "
        : `KL to the start: ${early.toFixed(4)} nats a token in the first fifth of the run, ` +
          `${late.toFixed(4)} in the last: it ${grows(early, late)}. `) +
      `An answer has ${length.toFixed(0)} ` +
      `tokens, so the penalty is β · KL = **${penalty.toFixed(3)} an answer**. Best and worst ` +
      `answer of a group are **${spread.toFixed(2)}** apart in reward: ` +
      (penalty < 1e-6
        ? "nothing holds the policy yet, so here the reward decides."
        : times >= 1.5
          ? `${times.toFixed(0)} times the penalty, so here the reward decides.`
          : times > 0.67
            ? "about as much as the penalty, so the two pull equally hard."
            : "less than the penalty, so here the penalty decides.")
    );
  },

  /**
   * What the bounds of the ratio did, which is 1 at the first update on a batch of answers: the share of
   * tokens, of answers with gspo, that stood beyond one on the side where it acts.
   */
  clip({ metrics, config: { grpo } }: Pick<Run, "metrics" | "config">): string {
    const { loss, updatesPerBatch: updates } = grpo;
    const column = metrics[loss === "cispo" ? "cispo_clip_ratio" : "clip_ratio/region_mean"];
    const shares = known(column);
    if (shares.length === 0) return "The run has not logged what was clipped.";
    const of = loss === "gspo" ? "answers" : "tokens";
    const most = Math.max(...shares);
    if (updates === 1)
      return most === 0
        ? "One update a batch: the policy that learns is the one that answered, every ratio is 1, and " +
            "**nothing is clipped**."
        : `One update a batch, and yet up to ${formatShare(most, 1)} of the ${of} of a step stand beyond a ` +
            "bound: the answers were drawn by other weights or in another precision.";
    if (most === 0)
      return `${updates} updates a batch, and the policy moved so little that **nothing is clipped**.`;
    const at = Array.from({ length: updates }, (_, k) =>
      meanOf((column ?? []).filter((_, i) => i % updates === k)),
    );
    const [second, last] = [at[1] ?? 0, at[updates - 1] ?? 0];
    const then =
      updates === 2
        ? `${formatShare(second, 1)} at the second`
        : `${formatShare(second, 1)} at the second and ${formatShare(last, 1)} at the last`;
    return (
      `${updates} updates a batch: beyond a bound stand ${formatShare(at[0] ?? 0, 1)} of the ${of} at the ` +
      `first update, ${then}. ` +
      (loss === "cispo"
        ? "CISPO cuts the weight of these and still learns from them."
        : "From these nothing more is learned in that update.")
    );
  },

  /** The value of the loss beside what a step really moved. */
  loss({ metrics, config }: Read & Partial<Pick<Run, "config">>): string {
    const { loss = "grpo", updatesPerBatch = 1 } = config?.grpo ?? {};
    const losses = known(metrics.loss);
    const [first] = losses;
    const [early, late] = ends(losses).map((values) => mean(values));
    if (first === undefined) return "No loss was logged.";
    if (early === undefined || late === undefined)
      return (
        `The loss is ${scientific(first)} at the first step and ${scientific(losses.at(-1)!)} ` +
        "at the last."
      );
    const moves = Math.abs(late - early);
    const rises = late > early && moves > 1e-4;
    const isOwn = loss === "cispo" || updatesPerBatch > 1;
    const [near, far] = ends(known(metrics.kl)).map((values) => mean(values));
    const carriesKl = near !== undefined && far !== undefined && far > near;
    return (
      `The loss is ${scientific(first)} at the first step, ${scientific(early)} in the first ` +
      `fifth of the run on average and ${scientific(late)} in the last` +
      (isOwn
        ? `: with ${loss === "cispo" ? "CISPO's loss" : "several updates a batch"} its value is not zero ` +
          "even where nothing has been learned. Whether the run learns, the reward says."
        : !rises
          ? "."
          : carriesKl
            ? ": it **rises**, by the KL it now carries, while the reward is what counts."
            : ": it **rises**, although the KL in it does not. Whether the run learns, the reward says.")
    );
  },

  /** One step: loss, gradient, KL, and how far our advantages are from the trainer's. */
  step({ samples, metrics }: Read, scale?: Parameters<typeof groupAdvantages>[1]): string {
    const at = (name: string) => known(metrics[name])[0];
    const off = groupsOf(samples).flatMap(({ answers }) =>
      groupAdvantages(
        answers.map(({ reward }) => reward),
        scale,
      ).map((own, i) => Math.abs(own - answers[i]!.advantage)),
    );
    const [loss, gradient, kl] = [at("loss"), at("grad_norm"), at("kl")];
    const agrees =
      off.length === 0
        ? ""
        : ` Our advantages and the trainer's differ by at most ${Math.max(...off).toExponential(0)}.`;
    if (loss === undefined || !gradient)
      return `No group carried a signal: there was **nothing to learn**.${agrees}`;
    return (
      `Loss **${scientific(loss)}**, length of the gradient **${gradient.toPrecision(2)}**` +
      `${kl === undefined ? "" : `, KL ${kl === 0 ? "0" : kl.toPrecision(2)}`}: ` +
      (Math.abs(loss) < gradient / 100
        ? "as good as zero, and a slope all the same."
        : "here the loss has a value, too.") +
      agrees
    );
  },

  /** Which right letters of a step were luck. */
  luck(...asked: Parameters<typeof luckyLetters>): string {
    const lucky = luckyLetters(...asked);
    if (lucky.length === 0)
      return "No right letter of this step stands beside the words of another option: none was plainly luck.";
    return lucky
      .map(
        ({ question, letter, wrote, belongsTo, times, answers }) =>
          `**A lucky letter:** in ${times} of ${answers} answers to “${question.split("\n")[0]!}” the ` +
          `letter ${letter} is right, but the words beside it, “${wrote}”, are option ${belongsTo}'s. ` +
          "The rule reads the letter alone, so the step makes this reasoning likelier, too.",
      )
      .join(" ");
  },

  /** Where the seconds of a step go; the first, which starts the machine up, is left out. */
  time({ metrics }: Pick<Run, "metrics">): string {
    const spent = PHASES.map(({ key, does }) => ({
      does,
      seconds: known((metrics[`seconds/${key}`] ?? []).slice(1)).reduce((sum, value) => sum + value, 0),
    })).filter(({ seconds }) => seconds > 0);
    const whole = spent.reduce((sum, { seconds }) => sum + seconds, 0);
    const batches = known((metrics["seconds/generate"] ?? []).slice(1)).length;
    if (whole === 0 || batches === 0) return "No step has been timed.";
    const told = spent
      .sort((a, b) => b.seconds - a.seconds)
      .map(({ does, seconds }) => `${does} ${formatShare(seconds, whole)}`);
    return `A batch takes ${formatNumber(whole / batches)} s: ${told.join(", ")}.`;
  },

  /**
   * What steps of the reader's own did to the different answers of the first group: after one step, or after
   * those of `courses`, each answer's probability before the first step and after every one.
   */
  ownSteps(rows: readonly OwnAnswer[], courses?: readonly (readonly number[])[]): string {
    if (rows.length === 0)
      return (
        "This Base is not on this machine, or too large for a forward pass in plain TypeScript: " +
        "no step was taken. The profile `tiny` takes it."
      );
    const steps = courses === undefined ? 1 : courses[0]!.length - 1;
    const after = steps === 1 ? "after one step" : `after ${steps} steps`;
    const answers = rows.map((row, i) => ({
      paid: row.paid,
      before: row["p before"],
      after: courses?.[i]?.at(-1) ?? row["p after"],
    }));
    const best = Math.max(...answers.map(({ paid }) => paid));
    const [good, others] = [true, false].map((isBest) =>
      together(answers.filter(({ paid }) => (paid === best) === isBest)),
    ) as [Together, Together];
    if (others.count === 0)
      return Math.abs(good.change) < 1e-6
        ? `All answers were paid ${best.toFixed(2)}: every advantage is 0, the gradient is 0, and ` +
            "**nothing has moved**. Take another question, such as `learnable[1]`, or draw more answers."
        : `The first group was silent, paid ${best.toFixed(2)} throughout; later ones were not. Its ` +
            `answers together: ${good.moves} ${after}.`;
    const verdict =
      Math.abs(good.change) < 0.005
        ? "That is hardly a change: the steps are short."
        : good.change > 0
          ? "What was paid most has become **likelier**."
          : "What was paid most has become **less likely**: too long a step, or one downhill.";
    const unseen = 1 - good.after - others.after;
    const rest =
      unseen < 0.05 ? "" : ` The other ${formatPercent(unseen)} are answers that this group did not hold.`;
    return (
      `The best-paid answers of the first group together: ${good.moves} ${after}; its other answers: ` +
      `${others.moves}. ${verdict}${rest}`
    );
  },
};

/** One text of a group, with its probability before the first step and after it. */
interface OwnAnswer {
  paid: number;
  "p before": number;
  "p after": number;
}

type Together = ReturnType<typeof together>;

function together(answers: readonly { before: number; after: number }[]) {
  const [before, after] = (["before", "after"] as const).map((when) =>
    answers.reduce((total, answer) => total + answer[when], 0),
  ) as [number, number];
  const moves = `${formatPercent(before)} → **${formatPercent(after)}**`;
  return { count: answers.length, after, change: after - before, moves };
}
/** 0.0004 → "4e-4", 0 → "0": a loss is read by its size. */
const scientific = (value: number): string => (value === 0 ? "0" : value.toExponential(0));

interface Variety {
  groups: number;
  /** Shares of all groups. */
  silent: number;
  right: number;
  /** Mean number of different texts in a group. */
  texts: number;
}

function varietyOf(groups: readonly AnswerGroup[]): Variety {
  const silent = groups.filter(({ answers }) => hasNoSignal(answers.map(({ reward }) => reward)));
  const right = silent.filter(({ answers }) => answers.every(({ rewards }) => rewards.accuracy === 1));
  return {
    groups: groups.length,
    silent: silent.length / groups.length,
    right: right.length / groups.length,
    texts: mean(groups.map(({ answers }) => new Set(answers.map(({ completion }) => completion)).size)),
  };
}

/** Fewer texts are learning where they are right ones, and collapse where the rest falls silent, too. */
function verdictOf(first: Variety, last: Variety): string {
  const [wrongBefore, wrongAfter] = [first.silent - first.right, last.silent - last.right];
  const share = formatShare(last.right * last.groups, last.silent * last.groups);
  if (last.texts > 0.9 * first.texts) return "Variety has **not** been lost.";
  if (wrongAfter > wrongBefore + 0.05)
    return `More groups are silent with wrong answers than before: a sign of **collapse**.`;
  if (last.right <= first.right)
    return (
      "The answers to a question have become more alike without more groups being right throughout: " +
      "variety is lost where nothing was **solved**. Watch the held-out questions."
    );
  return (
    `Of the silent groups at the end ${share} are right throughout: variety goes where questions ` +
    "are **solved**."
  );
}

/** The first and the last fifth; nothing of fewer than ten. */
function ends<T>(values: readonly T[]): T[][] {
  const size = Math.floor(values.length / PART);
  return size < 2 ? [] : [values.slice(0, size), values.slice(-size)];
}

function grows(early: number, late: number): string {
  if (late > 1.3 * early) return "has **grown**";
  return late < 0.77 * early ? "has **shrunk**" : "stays **where it was**";
}

const spreadOf = ({ answers }: AnswerGroup): number => {
  const rewards = answers.map(({ reward }) => reward);
  return Math.max(...rewards) - Math.min(...rewards);
};

const known = (values: readonly (number | null)[] = []): number[] =>
  values.filter((value): value is number => value !== null);

/**
 * Of two means over different questions: half the widths add as the sides of a right angle do. Where some
 * questions come again, the interval is wider than it need be.
 */
function independentDifference(before: Estimate, after: Estimate): Estimate {
  const half = Math.hypot((before.high - before.low) / 2, (after.high - after.low) / 2);
  const value = after.value - before.value;
  return { value, low: value - half, high: value + half };
}
