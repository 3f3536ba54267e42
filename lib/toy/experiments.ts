/**
 * One question to the toy at a time: the rows or lines that answer it, and what they say in words. Every
 * reading follows its numbers; each of its branches is tested.
 */
import { groupAdvantages } from "../reward/advantage.ts";
import { mean } from "../stats/stats.ts";
import { sum } from "./draw.ts";
import { entropyOf, measureToy, runToy, seedsOf } from "./facts.ts";
import { TOY_DEFAULTS, type ToySettings } from "./settings.ts";

/** Runs that differ in their seed alone, behind every mean here. */
const RUNS = 20;

export interface ToyLine {
  label: string;
  /** One value a batch, the first before any of them. */
  y: number[];
  /** Drawn dashed: another judge of the same answers. */
  dashed?: boolean;
  /** In the green of what is right; a dashed line is. */
  right?: boolean;
}

type Settings = Partial<ToySettings>;
type Numbers = readonly number[];

/** How far a batch can be used again, with the clip and without. */
export function clipping(rewards: Numbers, from: Numbers, updates: Numbers, settings: Settings = {}) {
  const { epsilon } = { ...TOY_DEFAULTS, ...settings };
  const rows = updates.map((updatesPerBatch) => {
    const bounded = measureToy(rewards, from, { ...settings, updatesPerBatch }, RUNS);
    const free = measureToy(rewards, from, { ...settings, updatesPerBatch, epsilon: 1e9 }, RUNS);
    return {
      "updates a batch": updatesPerBatch,
      "clipped terms": percent(bounded.clipped),
      [`largest ratio it meets, ε = ${epsilon}`]: hundredths(bounded.largestRatio),
      "largest ratio it meets, no clip": hundredths(free.largestRatio),
      [`batches to 90 %, ε = ${epsilon}`]: bounded.reached,
      "batches to 90 %, no clip": free.reached,
    };
  });
  const biting = rows.filter((row) => row["clipped terms"] !== "0 %");
  const last = biting.at(-1);
  const speed =
    last === undefined
      ? ""
      : readSpeed(
          last["updates a batch"],
          last[`batches to 90 %, ε = ${epsilon}`] as number | null,
          last["batches to 90 %, no clip"],
        );
  return {
    rows,
    reading:
      readClipping(
        updates,
        biting.map((row) => row["updates a batch"]),
      ) + speed,
  };
}

/** What the clip costs or saves on the way to 90 %; null: not every run got there. */
export function readSpeed(updates: number, bounded: number | null, free: number | null): string {
  if (bounded === free) return "";
  const told = (batches: number | null) => (batches === null ? "never in every run" : batches.toFixed(1));
  const helps = free === null || (bounded !== null && bounded < free);
  return (
    ` With ${updates} it ${helps ? "**helps**" : "**only costs time** here"}: batches to 90 % are ` +
    `${told(bounded)} with it and ${told(free)} without.`
  );
}

/**
 * Where the clip earns its place: groups of two, and sixteen long updates on each. One lucky pair can carry
 * the policy to an answer that is not the best, where every group is silent. `RUNS` × 10 runs each.
 */
export function luckyPairs(rewards: Numbers, from: Numbers, settings: Settings = {}) {
  const set = { groupSize: 2, updatesPerBatch: 16, learningRate: 2, beta: 0, batches: 100, ...settings };
  const best = rewards.indexOf(Math.max(...rewards));
  const runs = 10 * RUNS;
  const ends = (epsilon: number): number =>
    seedsOf(set, runs).filter(
      (seed) => runToy(rewards, from, { ...set, epsilon, seed }).at(-1)!.policy[best]! > 0.9,
    ).length;
  const [bounded, free] = [ends(set.epsilon ?? TOY_DEFAULTS.epsilon), ends(1e9)];
  return { bounded, free, runs, reading: readLuck(bounded, free, runs, set) };
}

export function readLuck(
  bounded: number,
  free: number,
  runs: number,
  {
    groupSize,
    updatesPerBatch,
    learningRate,
  }: Pick<ToySettings, "groupSize" | "updatesPerBatch" | "learningRate">,
): string {
  const verdict =
    bounded > free
      ? "**There the clip helps**: no single lucky group decides a run"
      : bounded === free
        ? "The clip makes no difference there"
        : "**There the clip does harm**";
  return (
    `Groups of ${groupSize}, ${updatesPerBatch} updates on each at a learning rate of ${learningRate}: ` +
    `${bounded} of ${runs} runs end with more than 90 % on the best-paid answer with the clip, ${free} ` +
    `without. ${verdict}.`
  );
}

export function readClipping(updates: Numbers, biting: Numbers): string {
  const first =
    updates.includes(1) && !biting.includes(1)
      ? "With one update a batch **nothing is clipped**: every ratio that the loss meets is 1. "
      : "";
  if (biting.length === 0) return `${first}Within these runs the clip never acts.`;
  return `${first}The clip acts from **${Math.min(...biting)} updates a batch** on.`;
}

/** The entropy of the policy under several β, the mean of the runs, and how often one answer took all. */
export function collapse(rewards: Numbers, from: Numbers, betas: Numbers, settings: Settings = {}) {
  const tried = betas.map((beta) => {
    const runs = seedsOf(settings, RUNS).map((seed) => runToy(rewards, from, { ...settings, beta, seed }));
    const lines = runs.map((run) => [run[0]!.old, ...run.map(({ policy }) => policy)].map(entropyOf));
    const y = lines[0]!.map((_, batch) => mean(lines.map((line) => line[batch]!)));
    const best = rewards.flatMap((reward, i) => (reward === Math.max(...rewards) ? [i] : []));
    const alone = runs.filter((run) => best.some((i) => run.at(-1)!.policy[i]! > 0.9)).length;
    return { beta, y, alone, equals: best.length };
  });
  const lines: ToyLine[] = tried.map(({ beta, y }) => ({ label: `β = ${beta}`, y }));
  return { lines, reading: tried.map(readCollapse).join(" ") };
}

export function readCollapse(tried: { beta: number; y: Numbers; alone: number; equals: number }): string {
  const { beta, y, alone, equals } = tried;
  const [first, last] = [y[0]!, y.at(-1)!];
  const fall = alone > RUNS / 4 && equals > 1 ? "collapses" : last < 0.9 * first ? "falls" : "holds";
  const one = equals > 1 ? `one of the ${equals} equally good answers` : "the best-paid answer";
  return (
    `With β = ${beta} the entropy **${fall}**, from ${first.toFixed(2)} to ${last.toFixed(2)} nats` +
    `${equals > 1 ? ` (${equals} equal answers would leave ${Math.log(equals).toFixed(2)})` : ""}; ` +
    `in ${alone} of ${RUNS} runs ${one} ends above 90 %.`
  );
}

/** What a reward pays on average and what is right, batch by batch, under the policy that it trains. */
export function hacking(rewards: Numbers, right: Numbers, from: Numbers, settings: Settings = {}) {
  const runs = seedsOf(settings, RUNS).map((seed) => runToy(rewards, from, { ...settings, seed }));
  const expected = (values: Numbers) => {
    const lines = runs.map((run) =>
      [run[0]!.old, ...run.map(({ policy }) => policy)].map((p) => sum(p.map((x, i) => x * values[i]!))),
    );
    return lines[0]!.map((_, batch) => mean(lines.map((line) => line[batch]!)));
  };
  const [paid, correct] = [expected(rewards), expected(right)];
  const lines: ToyLine[] = [
    { label: "what the reward pays", y: paid },
    { label: "what the checker calls right", y: correct, dashed: true },
  ];
  return { lines, reading: readHacking(paid, correct) };
}

export function readHacking(paid: Numbers, right: Numbers): string {
  const [top, end] = [Math.max(...right), right.at(-1)!];
  const says =
    `The mean reward goes from ${paid[0]!.toFixed(2)} to ${paid.at(-1)!.toFixed(2)}, the share of right ` +
    `answers from ${right[0]!.toFixed(2)} to ${end.toFixed(2)}`;
  if (paid.at(-1)! <= paid[0]!) return `${says}. **The reward did not rise**: nothing was hacked.`;
  if (end >= 0.9 * top) return `${says}. **Both rise together**: here the reward pays for what is right.`;
  const best = `after a best of ${top.toFixed(2)}`;
  return `${says}, ${best}. **The reward is hacked**: its own curve does not show it.`;
}

export interface PaidAnswer {
  answer: string;
  reward: number;
  tokens: number;
}

/**
 * What one group pushes on each of its tokens, times G: under GRPO A / n, with n the tokens of the answer;
 * under Dr. GRPO (r − mean) / `maxTokens`; under DAPO A / mean n of the group.
 */
export function drGrpo(group: readonly PaidAnswer[], maxTokens: number) {
  const rewards = group.map(({ reward }) => reward);
  const scaled = groupAdvantages(rewards);
  const plain = groupAdvantages(rewards, { scale: false });
  const rows = group.map(({ answer, reward, tokens }, i) => ({
    answer,
    reward,
    tokens,
    "A, GRPO": scaled[i]!,
    "push a token, GRPO": scaled[i]! / tokens,
    "A, Dr. GRPO": plain[i]!,
    "push a token, Dr. GRPO": plain[i]! / maxTokens,
    "push a token, DAPO": scaled[i]! / mean(group.map((each) => each.tokens)),
  }));
  return { rows, reading: readLengths(group, scaled) };
}

export function readLengths(group: readonly PaidAnswer[], advantages: Numbers): string {
  const wrong = group.filter((_, i) => advantages[i]! < 0).map(({ tokens }) => tokens);
  if (wrong.length === 0) return "No answer is pushed down in this group: there is no signal in it.";
  const [short, long] = [Math.min(...wrong), Math.max(...wrong)];
  if (short === long) return "The answers pushed down are equally long: their length changes nothing.";
  return (
    "At equal advantage GRPO pushes each token of the longest of these bad answers down " +
    `**${hundredths(long / short)} ` +
    "times less** than a token of the shortest; Dr. GRPO and DAPO push both alike."
  );
}

const hundredths = (value: number): number => Math.round(100 * value) / 100;
const percent = (share: number): string =>
  `${(100 * share).toFixed(share === 0 ? 0 : share < 0.1 ? 1 : 0)} %`;
