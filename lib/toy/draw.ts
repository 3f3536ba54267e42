/** The answers of one batch, drawn as a model draws them: by their chances. */
import { hasNoSignal } from "../reward/advantage.ts";
import type { Random } from "../stats/random.ts";
import type { ToySettings } from "./settings.ts";

/** After so many silent groups a batch goes on with what it has. */
const MOST_DRAWS = 20;

/** The place of one answer, drawn with the chances `policy`. */
export function drawAnswer(policy: readonly number[], random: Random): number {
  let left = random.next();
  const drawn = policy.findIndex((chance) => (left -= chance) < 0);
  return drawn < 0 ? policy.length - 1 : drawn; // the chances may fall short of 1 by a rounding
}

/**
 * G answers, with repeats, what each is paid, and how many were drawn for them: more than G only with
 * `redraw`.
 */
export function drawGroup(
  policy: readonly number[],
  rewards: readonly number[],
  { groupSize, redraw = false }: Pick<ToySettings, "groupSize" | "redraw">,
  random: Random,
): { group: number[]; paid: number[]; asked: number } {
  for (let draws = 1; ; draws++) {
    const group = Array.from({ length: groupSize }, () => drawAnswer(policy, random));
    const paid = group.map((i) => rewards[i]!);
    if (!redraw || !hasNoSignal(paid) || draws === MOST_DRAWS)
      return { group, paid, asked: draws * groupSize };
  }
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const clamp = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), high);
