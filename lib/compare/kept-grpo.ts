/** GRPO's published variants, as `npm run bench:variants` has kept them: rows and what they say. Pure. */
import { differenceVerdict, formatP } from "../evaluate/comparison-text.ts";
import { counted } from "../reading/words.ts";
import type { Estimate } from "../records.ts";
import { formatCount, formatPoints, formatShare } from "../view/numbers.ts";
import type { KeptResult, KeptVariant } from "./kept-result.ts";
import { measured, percent, pointsOf } from "./kept-text.ts";
import type { KeptRuns } from "./kept-text.ts";

/** A row a recipe, all from one SFT model, and each held against the first of them. */
export function keptGrpo({
  start,
  grpo,
  batches,
  promptsPerStep,
  groupSize,
  ...result
}: KeptResult): KeptRuns {
  const [reference] = grpo;
  const seeds = Math.max(0, ...grpo.map((one) => one.seeds.length));
  return {
    caption:
      `${counted(grpo.length, "recipe")} from one SFT model: ${batches} batches of ${promptsPerStep} × ` +
      `${groupSize} answers each, one step a batch unless the row says otherwise; ` +
      `${counted(seeds, "seed")} where the row names no other number, each held against the first recipe's ` +
      `same seed; ${formatCount(reference?.n ?? 0)} test questions a seed, greedy, read leniently, 95 % ` +
      `intervals. KL, entropy and silent groups: of the last fifth; clipped: of all updates. ` +
      `${measured(result)}`,
    rows: [...(start ? [startRow(start)] : []), ...grpo.map((one) => variantRow(one, seeds))],
    reading: reference?.right
      ? [
          ...gained(start, reference),
          ...decided(grpo),
          ...inOneLine(failures(grpo, start), held(grpo, start)),
          ...twins(grpo),
          ...reuse(grpo),
          ...taught(grpo, reference),
        ]
          .map((line) => `- ${line}`)
          .join("\n")
      : "No result of the first recipe is kept, so that there is nothing to hold the others against.",
  };
}

const inOneLine = (...sentences: string[][]): string[] => {
  const line = sentences.flat().join(" ");
  return line === "" ? [] : [line];
};

function variantRow(one: KeptVariant, seeds: number): Record<string, string> {
  return {
    recipe: nameOf(one, seeds),
    "what is different": describeSettings(one),
    "right (%)": one.right ? percent(one.right) : "no result",
    "points to default": one.difference ? pointsOf(one.difference) : "",
    KL: one.kl === null ? "–" : one.kl.toFixed(3),
    entropy: one.entropy === null ? "–" : one.entropy.toFixed(3),
    clipped: one.clipped === null ? "–" : shareText(one.clipped),
    "silent groups": one.silent === null ? "–" : formatShare(one.silent, 1),
  };
}

/** With the number of its seeds, where others have more. */
const nameOf = ({ name, seeds }: KeptVariant, most: number): string =>
  seeds.length < most ? `${name} (${counted(seeds.length, "seed")})` : name;

function startRow({ right, gain }: NonNullable<KeptResult["start"]>): Record<string, string> {
  const difference = { ...gain, delta: -gain.delta, low: -gain.high, high: -gain.low };
  const nothing = { KL: "–", entropy: "–", clipped: "–", "silent groups": "–" };
  return {
    ...{ recipe: "SFT model", "what is different": "no GRPO: where all of them start" },
    ...{ "right (%)": percent(right), "points to default": pointsOf(difference), ...nothing },
  };
}

/** What the first recipe gains on its start: whatever the others do is measured against that. */
function gained(start: KeptResult["start"], { name, right }: KeptVariant): string[] {
  if (!start || !right) return [];
  const { gain } = start;
  const says = {
    better: "it has learned something in so few batches",
    worse: "**it has lost something** in so few batches",
    undecided: "so few batches have taught it nothing that could be told",
  }[differenceVerdict(gain)];
  return [
    `From the SFT model to the recipe *${name}*: ${percent(start.right)} → ${percent(right)} % right, ` +
      `${pointsOf(gain)} points, ${formatP(gain.p)}: ${says}.`,
  ];
}

const shareText = (share: number): string => (share > 0 && share < 0.001 ? "< 0.1 %" : formatShare(share, 1));

function describeSettings({ name, settings, steps }: KeptVariant): string {
  const parts = Object.entries(settings)
    .filter(([key]) => key !== "grpo.maxSteps")
    .map(([key, value]) => `${key.replace(/^grpo\./, "")} ${String(value)}`);
  if (parts.length > 0) return parts.join(", ");
  return name.startsWith("on-policy") ? `the Teacher's word, no reward; ${steps} steps` : "nothing";
}

/** Who is better or worse than the first, and who cannot be told from it. */
function decided(grpo: readonly KeptVariant[]): string[] {
  const compared = grpo.flatMap((one) => (one.difference ? [{ ...one, difference: one.difference }] : []));
  if (compared.length === 0) return ["Nothing is there yet to hold against the first recipe."];
  const of = (verdict: ReturnType<typeof differenceVerdict>) =>
    compared.filter(({ difference }) => differenceVerdict(difference) === verdict);
  const most = Math.max(...grpo.map(({ seeds }) => seeds.length));
  const isAlone = ({ seeds }: KeptVariant) => seeds.length === 1 && most > 1;
  const [better, worse] = [of("better"), of("worse")].map((ones) => ones.filter((one) => !isAlone(one))) as [
    typeof compared,
    typeof compared,
  ];
  const alone = [...of("better"), ...of("worse")].filter(isAlone);
  const open = of("undecided");
  const told = (ones: typeof compared) =>
    ones
      .map((one) => `${nameOf(one, most)} ${pointsOf(one.difference)}, ${formatP(one.difference.p)}`)
      .join("; ");
  const [least, furthest] = [
    Math.min(0, ...open.map(({ difference }) => difference.low)),
    Math.max(0, ...open.map(({ difference }) => difference.high)),
  ];
  return [
    better.length > 0
      ? `**Better than ${grpo[0]!.name}:** ${told(better)}.`
      : `**No recipe is better than ${grpo[0]!.name}**, as far as these questions can decide it.`,
    ...(worse.length > 0 ? [`**Worse:** ${told(worse)}.`] : []),
    ...(alone.length > 0
      ? [`**From one seed, which decides little:** ${told(alone)}. Another training may turn that.`]
      : []),
    (open.length > 0
      ? `**Not told apart:** ${open.map((one) => nameOf(one, most)).join("; ")}. Their intervals reach ` +
        `from ${formatPoints(least)} to ${formatPoints(furthest)} points: a difference of that size may ` +
        "well be there, and only more seeds and more questions would show it. "
      : "") +
      `Of ${counted(compared.length, "comparison")} at the 5 % level about ` +
      `${(0.05 * compared.length).toFixed(1)} would come out decided by chance alone; and an interval ` +
      "covers the choice of questions, the luck of a training only as far as several seeds went into it.",
  ];
}

/** What did not come to its end, and what fell apart on the way. */
function failures(grpo: readonly KeptVariant[], start: KeptResult["start"]): string[] {
  const cut = grpo.flatMap(({ name, failed }) =>
    Object.entries(failed).map(([seed, why]) => `${name} (seed ${seed}): ${why}`),
  );
  const [reference] = grpo;
  const isBelow = ({ high }: Estimate): boolean => start !== null && high < start.right.low;
  const fallen = grpo.filter(({ difference }) => difference !== null && difference.high < -FALLEN);
  if (fallen.length === 0) return endedEarly(cut);
  const unlearned = fallen.every(({ right }) => isBelow(right!));
  const facts = ({ right, tokens, entropy, silent }: KeptVariant): string =>
    [
      `${percent(right!)} % right`,
      tokens === null ? null : `${tokens.toFixed(0)} tokens an answer`,
      entropy === null ? null : `entropy ${entropy.toFixed(3)}`,
      silent === null ? null : `${formatShare(silent, 1)} of the groups silent`,
    ]
      .filter((fact) => fact !== null)
      .join(", ");
  return [
    ...endedEarly(cut),
    `**${unlearned ? "What SFT taught is unlearned" : "Far behind"}:** ` +
      `${fallen.map((one) => `${one.name} (${facts(one)})`).join("; ")}; the first recipe has ` +
      `${facts(reference!)}.${whatIsLost(fallen, reference!)}`,
  ];
}

const endedEarly = (cut: readonly string[]): string[] =>
  cut.length > 0 ? [`**Ended before its last step:** ${cut.join("; ")}.`] : [];

/** A policy that has fallen apart is undecided; one that has collapsed writes one thing. */
function whatIsLost(fallen: readonly KeptVariant[], reference: KeptVariant): string {
  const before = reference.entropy;
  const entropies = fallen.map(({ entropy }) => entropy);
  if (before === null || entropies.some((entropy) => entropy === null)) return "";
  if (entropies.every((entropy) => entropy! > before))
    return (
      " Their entropy is *higher*, so this is **no entropy collapse**: they are not sure of one answer, " +
      "they have lost the right ones."
    );
  if (entropies.every((entropy) => entropy! < before / 2))
    return " Their entropy has gone, too: an **entropy collapse**.";
  return "";
}

/** Magic number: so far below the first recipe a run has not learned less, it has broken. */
const FALLEN = 0.1;

/** What the KL holds at a high learning rate: the pair that differs in nothing else. */
function held(grpo: readonly KeptVariant[], start: KeptResult["start"]): string[] {
  const fast = grpo.filter(({ settings }) => "grpo.learningRate" in settings);
  const withKl = fast.find(({ settings }) => !("grpo.beta" in settings))?.right;
  const without = fast.find(({ settings }) => settings["grpo.beta"] === 0)?.right;
  if (!withKl || !without) return [];
  const both = `${percent(withKl)} % right with it, ${percent(without)} without`;
  const holds = start && withKl.high < start.right.low ? "slows the fall" : "holds the policy";
  if (without.high < withKl.low) return [`At the high learning rate **the KL ${holds}**: ${both}.`];
  if (withKl.high < without.low)
    return [`At the high learning rate the KL **costs** right answers: ${both}.`];
  return [`At the high learning rate the KL makes no difference that could be told: ${both}.`];
}

/** Variants whose gain has one gradient at one update a batch: the ratio is 1. */
function twins(grpo: readonly KeptVariant[]): string[] {
  const once = (loss: string | undefined) =>
    grpo.find(
      ({ settings, name }) =>
        !("grpo.updatesPerBatch" in settings) &&
        settings["grpo.loss"] === loss &&
        (loss !== undefined || name === grpo[0]!.name),
    );
  const pairs = [
    {
      formula: "the gain of GSPO has the gradient of GRPO's",
      but: "Its KL is weighted by the whole answer's ratio (klGradient unbiased), and rounding is enough",
      ...{ a: once(undefined), b: once("gspo") },
    },
    {
      formula: "the gain of CISPO has the gradient of DAPO's",
      but: "Rounding is enough",
      ...{ a: once("dapo"), b: once("cispo") },
    },
  ];
  const found = pairs.flatMap(({ formula, but, a, b }) => {
    const shared = (b?.seeds ?? []).filter((seed) => [a, b].every((one) => one?.bySeed[seed] !== undefined));
    if (!a || !b || shared.length === 0) return [];
    const apart = Math.max(...shared.map((seed) => Math.abs(b.bySeed[seed]! - a.bySeed[seed]!)));
    return apart === 0
      ? [`${formula}; with the same seed both answer equally many test questions rightly`]
      : [
          `${formula}; with the same seed the runs end **${(100 * apart).toFixed(1)} points apart** all ` +
            `the same. ${but} for another token somewhere, and from there it is another run: so large a ` +
            "difference says little of a recipe",
        ];
  });
  if (found.length === 0) return [];
  return [`With one update a batch every ratio is 1. So ${found.join(". And ")}.`];
}

/** What several updates on the same answers clip. */
function reuse(grpo: readonly KeptVariant[]): string[] {
  const again = grpo.filter(({ settings }) => "grpo.updatesPerBatch" in settings);
  const clipped = again.flatMap(({ name, settings, clipped }) =>
    clipped === null
      ? []
      : [`${name} ${shareText(clipped)}${settings["grpo.loss"] === "gspo" ? " of answers" : ""}`],
  );
  if (clipped.length === 0) return [];
  return [
    "**Where answers are used again the clip acts.** The same answers make more steps there, and these " +
      `shares lay beyond a bound: ${clipped.join("; ")}.`,
  ];
}

/** Distillation beside the reward, on as many answers. */
function taught(grpo: readonly KeptVariant[], reference: KeptVariant): string[] {
  const one = grpo.find(({ name, difference }) => name.startsWith("on-policy") && difference !== null);
  if (!one) return [];
  const verdict = differenceVerdict(one.difference!);
  const both = `${percent(one.right!)} against ${percent(reference.right!)} %`;
  const answers = `${formatCount(one.answers)} answers`;
  if (verdict === "worse")
    return [
      `From ${answers} the reward teaches more than the Teacher's word on every token does: ${both}. ` +
        "(The distillation ran with its default values alone.)",
    ];
  if (verdict === "better")
    return [`From ${answers} the Teacher's word on every token teaches more than the reward does: ${both}.`];
  return [`From ${answers} the Teacher's word and the reward cannot be told apart: ${both}.`];
}
