/** A toy run in a few numbers, and the mean of such numbers over several seeds. Pure. */
import { hasNoSignal } from "../reward/advantage.ts";
import { mean } from "../stats/stats.ts";
import { sum } from "./draw.ts";
import { train } from "./grpo.ts";
import { type Learnt, TOY_DEFAULTS, type ToySettings } from "./settings.ts";

export interface ToyFacts {
  /** Chance of the best-paid answer after the last batch; of all of them, where several are paid alike. */
  best: number;
  /** Batches until that chance was 0.9; null when it never was. */
  reached: number | null;
  /** Share of batches whose rewards were all equal. */
  silent: number;
  /** Share of an answer's terms, over all updates, that the clip cut off. */
  clipped: number;
  /** The largest ratio that any update found: an answer's chance at that moment over that when drawn. */
  largestRatio: number;
  /** Of the last policy, in nats. */
  entropy: number;
  /** From the last policy to the start, in nats. */
  kl: number;
  /** Answers drawn until then; in all, when it never was. */
  asked: number;
}

/**
 * A run of the toy: `rewards[i]` is paid for answer i, which has the chance `from[i]` at first. What
 * `settings` leaves out is as in TOY_DEFAULTS.
 *
 * Throws RangeError unless there are as many chances as rewards, all above 0 and summing to 1, and when the
 * steps are so large that the arithmetic overflows.
 */
export function runToy(
  rewards: readonly number[],
  from: readonly number[],
  settings: Partial<ToySettings> = {},
): Learnt[] {
  if (from.length !== rewards.length || from.some((p) => !(p > 0)) || Math.abs(sum(from) - 1) > 1e-9)
    throw new RangeError(
      `the toy requires a chance above 0 for each of ${rewards.length} answers, summing to 1, ` +
        `got ${from.join(", ")}`,
    );
  const run = train(rewards, from, { ...TOY_DEFAULTS, ...settings });
  const lost = run.findIndex(({ policy }) => !policy.every(Number.isFinite));
  if (lost >= 0)
    throw new RangeError(
      `the toy requires steps that leave its chances finite, got none in batch ${lost + 1}: ` +
        "lower learningRate, beta or updatesPerBatch",
    );
  return run;
}

/** What a run came to. */
export function factsOf(run: readonly Learnt[], rewards: readonly number[]): ToyFacts {
  const last = run.at(-1)!;
  const terms = run.flatMap(({ updates }) => updates.flatMap((update) => update.terms));
  const best = (p: readonly number[]) => sum(p.filter((_, i) => rewards[i] === Math.max(...rewards)));
  const reached = run.findIndex(({ policy }) => best(policy) >= 0.9);
  return {
    best: best(last.policy),
    reached: reached < 0 ? null : reached + 1,
    silent: shareOf(run, ({ group }) => hasNoSignal(group.map((i) => rewards[i]!))),
    clipped: shareOf(terms, ({ clipped }) => clipped),
    largestRatio: Math.max(...terms.map(({ ratio }) => ratio)),
    entropy: entropyOf(last.policy),
    kl: klOf(last.policy, last.start),
    asked: sum(run.slice(0, reached < 0 ? undefined : reached + 1).map(({ asked }) => asked)),
  };
}

/**
 * The facts of `runs` runs that differ in their seed alone, each fact averaged. `reached` is null as soon as
 * one run never got there; `largestRatio` is the largest of all.
 */
export function measureToy(
  rewards: readonly number[],
  from: readonly number[],
  settings: Partial<ToySettings> = {},
  runs = 20,
): ToyFacts {
  const all = seedsOf(settings, runs).map((seed) =>
    factsOf(runToy(rewards, from, { ...settings, seed }), rewards),
  );
  const reached = all.flatMap((facts) => facts.reached ?? []);
  const average = (fact: Exclude<keyof ToyFacts, "reached">) => mean(all.map((facts) => facts[fact]));
  return {
    best: average("best"),
    reached: reached.length < runs ? null : mean(reached),
    silent: average("silent"),
    clipped: average("clipped"),
    largestRatio: Math.max(...all.map((facts) => facts.largestRatio)),
    entropy: average("entropy"),
    kl: average("kl"),
    asked: average("asked"),
  };
}

/** Independent seeds, named after the one that is set. */
export function seedsOf({ seed = TOY_DEFAULTS.seed }: Partial<ToySettings>, runs: number): string[] {
  return Array.from({ length: runs }, (_, i) => `${seed}/${i}`);
}

/** −Σ p log p, in nats: 0 when one answer is certain, log n when all n are equally likely. */
export function entropyOf(policy: readonly number[]): number {
  return sum(policy.map((p) => (p > 0 ? p * Math.log(1 / p) : 0)));
}

/** Σ p log(p / start), in nats. */
export function klOf(policy: readonly number[], start: readonly number[]): number {
  return sum(policy.map((p, i) => (p > 0 ? p * Math.log(p / start[i]!) : 0)));
}

const shareOf = <T>(all: readonly T[], is: (one: T) => boolean): number =>
  all.length === 0 ? 0 : all.filter(is).length / all.length;
