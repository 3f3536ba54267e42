/** The last word on an ablation: what this run has shown, to whom, and what not. Pure. */
import type { AblationSummary, ArmName, EvalDetail } from "../records.ts";
import { wilson } from "../stats/stats.ts";
import type { ArmPair } from "./ablate.ts";
import { styleOf } from "../view/arms.ts";
import { formatCount, formatPoints } from "../view/numbers.ts";
import { differenceVerdict } from "./comparison-text.ts";

type Steps = readonly Pick<ArmPair, "a" | "b" | "metrics" | "regressions">[];

export interface Closing {
  summary: Pick<AblationSummary, "n" | "seeds" | "profile">;
  pairs: Steps;
  evaluations: Partial<Record<ArmName, { details: readonly EvalDetail[] }>>;
}

type Side = "better" | "worse";

/** What the course set out to find, a pair of arms each: how it is said, either way and while it is open. */
const CLAIMS: readonly (Record<Side | "open", string> & { a: ArmName; b: ArmName })[] = [
  {
    a: "base_prompted",
    b: "sft",
    better: "SFT is better than the untrained Base with its best prompt",
    worse: "SFT is **worse** than the untrained Base with its best prompt",
    open: "whether SFT is better than the untrained Base with its best prompt",
  },
  {
    a: "sft_gold",
    b: "sft",
    better: "the Teacher's steps teach more than the golds alone",
    worse: "the golds alone teach **more** than the Teacher's steps",
    open: "whether the Teacher's steps teach more than the golds alone",
  },
  {
    a: "sft",
    b: "sft_grpo",
    better: "GRPO adds right answers to SFT",
    worse: "GRPO **costs** right answers of SFT",
    open: "whether GRPO adds right answers to SFT",
  },
  {
    a: "base",
    b: "grpo_only",
    better: "GRPO alone, without SFT, adds right answers to the Base",
    worse: "GRPO alone, without SFT, **costs** right answers of the Base",
    open: "whether GRPO alone, without SFT, adds right answers to the Base",
  },
];

const READINGS = { accuracyLenient: "greedy", accuracySampledLenient: "sampled" } as const;

/** Read leniently, greedy and sampled: decided where one of them is and the other does not contradict it. */
function verdictOf(
  pairs: Steps,
  { a, b }: { a: ArmName; b: ArmName },
): { side: Side | "undecided"; numbers: string } | null {
  const pair = pairs.find((one) => one.a === a && one.b === b);
  const told = (Object.keys(READINGS) as (keyof typeof READINGS)[]).flatMap((metric) => {
    const c = pair?.metrics.find((one) => one.metric === metric);
    return c ? [{ ...c, how: READINGS[metric], verdict: differenceVerdict(c) }] : [];
  });
  const [first] = told;
  if (!first) return null;
  const sides = new Set(told.map(({ verdict }) => verdict).filter((verdict) => verdict !== "undecided"));
  const side = sides.size === 1 ? [...sides][0]! : "undecided";
  const { delta, low, high, how } = told.find(({ verdict }) => verdict === side) ?? first;
  const numbers = `${how} ${formatPoints(delta)} points [${formatPoints(low)}, ${formatPoints(high)}]`;
  return { side, numbers };
}

/**
 * Three paragraphs of markdown. Shown: the claims of the course that this test decides, each with its
 * difference, read leniently. To whom: whose questions these answers speak for. Not: what stays undecided,
 * what got worse, and what one seed cannot say. A claim whose arms are not there is not spoken of.
 */
export function closing({ summary, pairs, evaluations }: Closing): string {
  const told = CLAIMS.flatMap((claim) => {
    const verdict = verdictOf(pairs, claim);
    return verdict ? [{ ...claim, ...verdict }] : [];
  });
  const decided = told.flatMap(({ side, numbers, ...claim }) =>
    side === "undecided" ? [] : [`${claim[side]} (${numbers}${flattered(pairs, claim)})`],
  );
  const open = told.filter(({ side }) => side === "undecided").map((one) => `${one.open} (${one.numbers})`);
  const shown =
    decided.length > 0
      ? `On ${formatCount(summary.n)} test questions that no training saw: ${decided.join("; ")}.`
      : `On ${formatCount(summary.n)} test questions no step could be told from chance.`;
  const last = pairs.find(({ a, b }) => a === "sft" && b === "sft_grpo");
  return [
    `**What this run has shown.** ${shown}`,
    `**To whom.** ${audience(evaluations, summary)}`,
    `**What it has not.** ${[
      ...(open.length > 0 ? [`Not decided: ${open.join("; ")}.`] : []),
      ...(last ? [priceOf(last.regressions.length)] : []),
      seedsOf(summary.seeds),
    ].join(" ")}`,
  ].join("\n\n");
}

/** A control that has itself lost against the Base makes what stands beside it look taller. */
function flattered(pairs: Steps, { a }: { a: ArmName }): string {
  if (a !== "sft_gold") return "";
  const control = verdictOf(pairs, { a: "base", b: a }) ?? verdictOf(pairs, { a: "base_prompted", b: a });
  return control?.side === "worse" ? `; golds alone against the Base: ${control.numbers}` : "";
}

const priceOf = (lost: number): string =>
  lost === 0
    ? "No question that SFT had right was lost by GRPO, which does not say that none would be."
    : `${formatCount(lost)} ${lost === 1 ? "question" : "questions"} that SFT had right ` +
      `${lost === 1 ? "is" : "are"} wrong after GRPO: an average can rise while single questions are lost.`;

const seedsOf = (seeds: readonly number[]): string =>
  seeds.length === 1
    ? `And one training a stage, with seed ${seeds[0]}, says nothing about how much the next would differ.`
    : `And ${seeds.length} trainings a stage, with the seeds ${seeds.join(", ")}, are few to say how much ` +
      "the next would differ.";

/** Of how many generated and other questions the answers are, and whether the others came out as well. */
function audience(arms: Closing["evaluations"], { profile }: Closing["summary"]): string {
  const counts = (name: ArmName, generated: boolean) => {
    const asked = (arms[name]?.details ?? []).filter(
      ({ mode, kind }) => mode === "greedy" && (kind !== undefined) === generated,
    );
    return { n: asked.length, right: asked.filter(({ lenient }) => lenient).length };
  };
  const last = arms.sft_grpo ? "sft_grpo" : "sft";
  const [world, other] = [counts(last, true), counts(last, false)];
  const model = `To somebody with this Base (profile \`${profile}\`)`;
  if (world.n === 0)
    return `${model} and questions from the sources that were trained on: the test questions come from them.`;
  const kinds =
    `${model} and questions of the kinds that were trained on, in the same words and with other ` +
    `values: ${formatCount(world.n)} of the ${formatCount(world.n + other.n)} are generated like the ` +
    "training questions.";
  if (other.n < 5) return `${kinds} Of questions from elsewhere it says nothing.`;
  const [near, far] = [wilson(world.right, world.n)!, wilson(other.right, other.n)!];
  const earlier = (["base", "sft"] as const)
    .filter((name) => name !== last && arms[name])
    .map((name) => ({ name, right: counts(name, false).right }));
  const base = earlier.find(({ name }) => name === "base");
  const carried =
    far.high < near.low
      ? outOfReach(other.right, base?.right)
      : "whether what was learned carries over to them, so few cannot say";
  const before = earlier.map(({ name, right }) => `${styleOf(name, 0).label}: ${right}`).join(", ");
  const right = `${other.right} ${other.right === 1 ? "is" : "are"} right${before && ` (${before})`}`;
  return `${kinds} Of the ${other.n} from elsewhere ${right}: ${carried}.`;
}

/** Of questions from elsewhere, far fewer are right than of the generated ones: whether training did that. */
function outOfReach(right: number, atStart: number | undefined): string {
  if (atStart === undefined) return "what was learned does **not** carry over to them";
  if (Math.abs(right - atStart) <= 2)
    return "hardly any, before training as after it: what was learned does not reach them";
  return right > atStart
    ? "training brought some of them, far fewer than of the generated ones"
    : "training lost some of them";
}
