/** What an ablation says, in sentences that follow its numbers. Pure. */
import type { AblationSummary, Arm, ArmName } from "../records.ts";
import { hasNoSignal } from "../reward/advantage.ts";
import type { Run } from "../run/run.ts";
import { styleOf } from "../view/arms.ts";
import { formatCount, formatPercent, formatPoints, meanOf } from "../view/numbers.ts";
import type { ArmPair } from "./ablate.ts";
import { closing } from "./closing.ts";
import { compareArms } from "./compare.ts";
import { comparisonRows, differenceVerdict, readSteps } from "./comparison-text.ts";
import type { Evaluation } from "./evaluate.ts";

export interface PublishedArm {
  name: ArmName;
  /** As the paper calls it. */
  model: string;
  /** Mean over five benchmarks, percent. */
  average: number;
  /** One of the five, on which post-training lost; null where it is not given here. */
  antFinance: number | null;
}

/**
 * Fin-R1, 7B, all weights trained on 60,091 rows. Averages of FinQA, ConvFinQA, Ant-Finance, TFNS and
 * Finance-Instruct-500k; no intervals are published.
 *
 * Source: Liu et al. 2025, https://arxiv.org/abs/2503.16252, tables of results.
 */
export const FIN_R1: readonly PublishedArm[] = [
  { name: "base", model: "Qwen2.5-7B-Instruct", average: 65.6, antFinance: 85.0 },
  { name: "sft", model: "Fin-R1-SFT", average: 71.9, antFinance: 76.0 },
  { name: "sft_grpo", model: "Fin-R1", average: 75.2, antFinance: 81.0 },
  { name: "grpo_only", model: "Fin-R1-Zero", average: 67.8, antFinance: null },
];

type Trained = Pick<Run, "samples"> & Partial<Pick<Run, "config" | "cause">>;

/** What lies between the Base read strictly and each untrained arm read leniently. */
const WITHOUT_TRAINING: Readonly<Record<string, string>> = {
  base: "the tags",
  base_prompted: "tags and prompt",
  base_majority: "tags, prompt and tries",
};
/** Fewer verdicts that changed are not many. */
const MANY = 20;

export const readAblation = {
  /** What the run has shown, to whom, and what not. */
  closing,

  /** How GRPO without SFT sets off, beside the run that had it. */
  start(alone: Trained, withSft?: Trained): string {
    const [own, other] = [startOf(alone), withSft && startOf(withSft)];
    const nothing = alone.cause ? ` **It has learned nothing:** ${alone.cause.message}.` : "";
    if (!own) return `The run without SFT has no answers to read.${nothing}`;
    const beside = other
      ? ` (with SFT: ${formatPercent(other.silent)} and ${formatPercent(other.format)})`
      : "";
    const begin =
      `Without SFT ${formatPercent(own.silent)} of the groups in the first fifth are silent and ` +
      `${formatPercent(own.format)} of the answers keep the format${beside}. `;
    if (own.halfway === null)
      return `${begin}Half of the answers never keep it: the run has **not taken off**.${nothing}`;
    return (
      `${begin}Half of them do by **step ${own.halfway}** of ${own.steps}; in the last fifth ` +
      `${formatPercent(own.lastFormat)} keep the format and ${formatPercent(own.lastRight)} are right` +
      (!other
        ? "."
        : own.lastFormat < 0.5
          ? `, against ${formatPercent(other.lastRight)} with SFT: even the format has **not held**.`
          : `, against ${formatPercent(other.lastRight)} with SFT` +
            `${withSft?.config?.grpo.dropDeadGroups ? ", on the questions its census kept" : ""}: ` +
            "it found the **format**; how far it got with right answers the test below says.")
    );
  },

  /** Which untrained Base is the honest zero, and what the strict reading would credit to training. */
  zeros({ arms }: Pick<AblationSummary, "arms">): string {
    const untrained = arms.filter(({ name }) => name.startsWith("base"));
    // an arm that answered a part of the questions has another share for that reason alone
    const most = Math.max(...untrained.map(questionsOf));
    const zeros = untrained.filter((arm) => questionsOf(arm) === most);
    const part = untrained.filter((arm) => questionsOf(arm) < most);
    const [first] = zeros;
    const sft = arms.find(({ name }) => name === "sft");
    if (!first) return "";
    const best = zeros.reduce((a, b) => (b.accuracyLenient.value > a.accuracyLenient.value ? b : a), first);
    const level = zeros.filter((arm) => arm.accuracyLenient.value === best.accuracyLenient.value);
    const apart = part.map(
      (arm) =>
        ` ${labelOf(arm)} answers ${formatCount(questionsOf(arm))} of the ${formatCount(most)} questions; ` +
        "it is compared below, on those.",
    );
    const said =
      `The best starting ${level.length === 1 ? "point is" : "points are"} ` +
      `${level.map((arm) => `**${labelOf(arm)}**`).join(" and ")}, ` +
      `${formatPercent(best.accuracyLenient.value)} right, ` +
      `greedy and read leniently.${apart.join("")}`;
    if (!sft) return said;
    const [strict, fair] = [
      sft.accuracy.value - first.accuracy.value,
      sft.accuracyLenient.value - best.accuracyLenient.value,
    ];
    return (
      `${said} From the Base read strictly SFT would be credited with ${formatPoints(strict)} points, from ` +
      `this start with **${formatPoints(fair)}**` +
      (strict - fair > 0.05 ? `: the difference is ${WITHOUT_TRAINING[best.name]}, not better answers.` : ".")
    );
  },

  /** Of one step, by type: what is decided, and what this test cannot tell. */
  byType(changes: readonly { pair: string; group: string; low: number; high: number; p: number }[]): string {
    return [...Map.groupBy(changes, ({ pair }) => pair)]
      .map(([pair, rows]) => {
        const types = rows.filter(({ group }) => group !== "all");
        const of = (verdict: string) =>
          types
            .filter((row) => differenceVerdict(row) === verdict)
            .map(({ group }) => group.replace("financial_", ""));
        const [better, worse, open] = [of("better"), of("worse"), of("undecided")];
        const parts = [
          better.length > 0 ? `better on ${better.join(", ")}` : "",
          worse.length > 0 ? `**worse** on ${worse.join(", ")}` : "",
          open.length > 0 ? `not decided on ${open.join(", ")}` : "",
        ].filter(Boolean);
        const [a, b] = pair.split(" → ");
        return (
          `- ${styleOf(a!, 0).label} → ${styleOf(b!, 0).label}: ` +
          `${parts.join("; ") || "no type to compare"}.`
        );
      })
      .join("\n");
  },

  /**
   * All comparisons as rows, and how many would look decided by chance. Arms that gave the same answers, as a
   * Base with and without a prompt that says nothing, are one arm, and its comparisons count once.
   */
  tests(
    pairs: readonly ArmPair[],
    evaluations: Answered = {},
  ): { rows: ReturnType<typeof comparisonRows>; reading: string } {
    const alike = sameAnswers(evaluations);
    const rows = comparisonRows(comparedOnce(pairs, alike));
    const once = alike.map((names) => `*${names.map((name) => styleOf(name, 0).label).join("* and *")}*`);
    const decided = rows.filter(({ verdict }) => verdict !== "undecided").length;
    const byChance = 0.05 * rows.length;
    const says =
      decided > 2 * byChance
        ? "far more than chance would make, though it may have made a few of them."
        : "hardly more than chance alone would make: believe none of them by its p alone.";
    return {
      rows,
      reading:
        `**${decided} of ${rows.length} comparisons are decided** at 95 %; if no step had any ` +
        "effect, about " +
        `${byChance.toFixed(1)} would look so: ${says}` +
        (once.length > 0 ? ` (${once.join("; ")} gave the same answers and count as one arm.)` : ""),
    };
  },

  /** Every step in one table, read leniently, and what to take from it. */
  steps: readSteps,

  /** What each step won and lost, question by question: rows for a table, and what they have in common. */
  changed(pairs: readonly Pick<ArmPair, "a" | "b" | "gains" | "regressions">[]): {
    rows: Record<string, unknown>[];
    reading: string;
  } {
    const steps = pairs.map(({ a, b, gains, regressions }) => ({
      step: `${styleOf(a, 0).label} → ${styleOf(b, 0).label}`,
      ...{ won: gains.length, lost: regressions.length },
      types: [...new Set(regressions.map(({ type }) => type.replace("financial_", "")))].join(", "),
    }));
    const rows = steps.map(({ types, ...row }) => ({ ...row, "lost in": types || null }));
    return { rows, reading: changedReading(steps) };
  },

  /** Beside Fin-R1: rows, and whether the arms come in the same order. */
  finR1(evaluations: Partial<Record<ArmName, Evaluation>>): {
    rows: Record<string, unknown>[];
    reading: string;
  } {
    const start = FIN_R1.find(({ name }) => name === "base")!;
    const ours = (before: ArmName, after: ArmName) => {
      const [a, b] = [evaluations[before], evaluations[after]];
      const c = after === "base" || !a || !b ? null : compareArms(a.details, b.details, "accuracyLenient");
      return c && `${formatPoints(c.delta)} [${formatPoints(c.low)}, ${formatPoints(c.high)}]`;
    };
    const gain = (now: number, before: number) => formatPoints((now - before) / 100);
    const rows = FIN_R1.map(({ name, model, average, antFinance }) => ({
      arm: styleOf(name, 0).label,
      "Fin-R1's name": model,
      "average (%)": average,
      "to its base": gain(average, start.average),
      "Ant-Finance (%)": antFinance,
      "to its base ": antFinance === null ? null : gain(antFinance, start.antFinance!),
      "ours to our Base": ours("base", name),
      "ours to the prompted Base": ours("base_prompted", name),
    }));
    const both = FIN_R1.flatMap(({ name, average }) => {
      const share = evaluations[name]?.report.accuracyLenient.value;
      return share === undefined ? [] : [{ name, average, share }];
    });
    return { rows, reading: orderReading(both) };
  },
};

type Answered = Partial<Record<ArmName, Pick<Evaluation, "details">>>;

/** The arms whose answers are the same, word for word: a list for each set of two or more. */
function sameAnswers(evaluations: Answered): ArmName[][] {
  const answered = Object.entries(evaluations) as [ArmName, Pick<Evaluation, "details">][];
  const said = ([, { details }]: (typeof answered)[number]): string =>
    JSON.stringify(details.map(({ id, mode, sample, completion }) => [id, mode, sample, completion]).sort());
  const sets = [...Map.groupBy(answered, said).values()];
  return sets.filter((arms) => arms.length > 1).map((arms) => arms.map(([name]) => name));
}

/** The pairs, those of arms that are alike once, and none between them. */
function comparedOnce(pairs: readonly ArmPair[], alike: readonly ArmName[][]): ArmPair[] {
  const oneOf = (name: ArmName): ArmName => alike.find((names) => names.includes(name))?.[0] ?? name;
  const seen = new Set<string>();
  return pairs.filter(({ a, b }) => {
    const pair = `${oneOf(a)} → ${oneOf(b)}`;
    const isNew = oneOf(a) !== oneOf(b) && (alike.length === 0 || !seen.has(pair));
    seen.add(pair);
    return isNew;
  });
}

function changedReading(all: readonly { step: string; won: number; lost: number }[]): string {
  const steps = all.filter(({ won, lost }) => won + lost > 0);
  if (steps.length === 0) return "No step changed a verdict.";
  const names = (some: typeof steps) => some.map(({ step }) => `*${step}*`).join(", ");
  const free = steps.filter(({ lost }) => lost === 0);
  const costly = steps.filter(({ won, lost }) => lost > won);
  const busy = steps.filter(({ won, lost }) => won + lost >= MANY && won >= lost && won <= 2 * lost);
  return [
    free.length === 0
      ? `**No step is free:** ${steps.length === 1 ? "the one" : `all ${steps.length}`} that changed ` +
        "verdicts also lost right answers."
      : `Nothing was lost by ${names(free)}` +
        `${free.length < steps.length ? "; all others lost right answers, too" : ""}.`,
    costly.length > 0 ? `**More lost than won:** ${names(costly)}.` : "",
    busy.length > 0 ? `A small net effect hides many changes in ${names(busy)}.` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** Whether two lists of heights put the arms in the same order. */
export function orderReading(arms: readonly { name: ArmName; average: number; share: number }[]): string {
  const sorted = (by: "average" | "share") =>
    [...arms].sort((a, b) => b[by] - a[by]).map(({ name }) => styleOf(name, 0).label);
  const [theirs, ours] = [sorted("average"), sorted("share")];
  return String(theirs) === String(ours)
    ? `Both put the arms in the same order: ${ours.join(" > ")}.`
    : `Fin-R1's order is ${theirs.join(" > ")}, ours ${ours.join(" > ")}, sorted by ` +
        "their values alone, whether or not the differences are decided.";
}

/** The first and the last fifth of a run's steps. */
function startOf({ samples }: Trained) {
  const steps = samples.filter((step) => step.samples.length > 0);
  const size = Math.max(1, Math.floor(steps.length / 5));
  if (steps.length === 0) return null;
  const answers = (some: typeof steps) => some.flatMap((step) => step.samples);
  const [first, last] = [answers(steps.slice(0, size)), answers(steps.slice(-size))];
  const share = (some: typeof first, part: string) => meanOf(some.map(({ rewards }) => rewards[part])) ?? 0;
  const groups = steps
    .slice(0, size)
    .flatMap((step) => [...Map.groupBy(step.samples, ({ group }) => group).values()]);
  const silent = groups.filter((group) => hasNoSignal(group.map(({ reward }) => reward))).length;
  return {
    steps: steps.at(-1)!.step,
    silent: silent / groups.length,
    format: share(first, "format"),
    halfway: steps.find((step) => share(step.samples, "format") >= 0.5)?.step ?? null,
    lastFormat: share(last, "format"),
    lastRight: share(last, "accuracy"),
  };
}

const labelOf = ({ name }: Arm): string => styleOf(name, 0).label;
const questionsOf = ({ byType }: Arm): number => Object.values(byType).reduce((sum, { n }) => sum + n, 0);
