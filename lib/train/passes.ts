/** A run that asks the same questions several times, read pass by pass. Pure. */
import type { Estimate } from "../records.ts";
import type { SamplesEvent } from "../run/events.ts";
import { bootstrapMean, pairedDifference } from "../stats/bootstrap.ts";
import type { PairedDifference } from "../stats/bootstrap.ts";
import type { AnswerGroup, SampledAnswer } from "./groups.ts";
import { groupsOf } from "./groups.ts";

type Samples = readonly Pick<SamplesEvent, "step" | "samples">[];

/** Pass k holds the k-th group of answers to every question that was asked so often. */
export function passesOf(steps: Samples): AnswerGroup[][] {
  const asked = new Map<string, number>();
  const passes: AnswerGroup[][] = [];
  for (const group of groupsOf(steps)) {
    const pass = asked.get(group.id) ?? 0;
    asked.set(group.id, pass + 1);
    (passes[pass] ??= []).push(group);
  }
  return passes;
}

export interface PassMean {
  /** From 1. */
  pass: number;
  questions: number;
  answers: number;
  /** 95 %, questions resampled: the answers to one question resemble each other. */
  mean: Estimate;
}

/**
 * The mean of one measure in every pass: a part of the reward by its name ("accuracy"), "reward" or "tokens".
 * Answers without it (not judged) are left out; a pass without any is not listed.
 */
export function passMeans(steps: Samples, measure: string): PassMean[] {
  return passesOf(steps).flatMap((groups, i) => {
    const values = groups.map((group) => valuesOf(group, measure));
    const mean = bootstrapMean(values);
    return mean
      ? [
          {
            pass: i + 1,
            questions: values.filter((of) => of.length > 0).length,
            answers: values.flat().length,
            mean,
          },
        ]
      : [];
  });
}

/**
 * How far a measure has moved from the first pass to the last, question by question, 95 %; null with fewer
 * than two passes.
 */
export function passChange(steps: Samples, measure: string): Estimate | null {
  const passes = passesOf(steps);
  if (passes.length < 2) return null;
  const last = new Map(passes.at(-1)!.map((group) => [group.id, valuesOf(group, measure)]));
  const first = passes[0]!;
  const moved = pairedDifference(
    first.map((group) => valuesOf(group, measure)),
    first.map(({ id }) => last.get(id) ?? []),
  );
  return moved && { value: moved.delta, low: moved.low, high: moved.high };
}

/** How much more of a measure run `b` has than run `a` in the last pass over the same questions, 95 %. */
export function lastPassDifference(a: Samples, b: Samples, measure: string): PairedDifference | null {
  const [from, to] = [a, b].map((steps) => passesOf(steps).at(-1) ?? []);
  const there = new Map(to!.map((group) => [group.id, valuesOf(group, measure)]));
  return pairedDifference(
    from!.map((group) => valuesOf(group, measure)),
    from!.map(({ id }) => there.get(id) ?? []),
  );
}

function valuesOf({ answers }: AnswerGroup, measure: string): number[] {
  return answers
    .map((answer) => measured(answer, measure))
    .filter((value): value is number => typeof value === "number");
}

function measured(answer: SampledAnswer, measure: string): number | undefined {
  return measure === "tokens"
    ? answer.tokens
    : measure === "reward"
      ? answer.reward
      : answer.rewards[measure];
}
