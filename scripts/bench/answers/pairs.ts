/**
 * Generated cases for the answer checker, written from the policy's text alone so that the two share no
 * mistake.
 */
import { createRandom } from "../../../lib/stats/random.ts";
import { COMPOUND_FAMILIES } from "./compounds.ts";
import { DISCRETE_FAMILIES } from "./discrete.ts";
import { NUMBER_FAMILIES } from "./numbers.ts";
import type { Family, Pair } from "./pair.ts";
import { PERCENT_FAMILIES } from "./percents.ts";
import { ROUNDING_FAMILIES } from "./rounding.ts";
import { UNIT_FAMILIES } from "./units.ts";

export type { Pair } from "./pair.ts";

const FAMILIES: Family[] = [
  ...NUMBER_FAMILIES,
  ...PERCENT_FAMILIES,
  ...UNIT_FAMILIES,
  ...ROUNDING_FAMILIES,
  ...COMPOUND_FAMILIES,
  ...DISCRETE_FAMILIES,
];

/**
 * `count` pairs of gold and prediction with the policy's verdict (right, or anything but right). The same
 * seed gives the same pairs.
 */
export function generatePairs(count: number, seed: number | string = 1): Pair[] {
  const random = createRandom(`${seed}/answer pairs`);
  return Array.from({ length: count }, () => random.pick(FAMILIES)(random));
}
