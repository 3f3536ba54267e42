/** Rule 8: when two exact values count as the same number. */
import type { Exact } from "./reading/exact.ts";
import { approximately, equal, isNegative, isZero } from "./reading/exact.ts";
import { lastDigitPower, roundsTo, within } from "./reading/exact-rounding.ts";

/** A value with the precision it was written in. */
export interface Written {
  value: Exact;
  /** Power of ten of one unit in the last place; null for fractions, which are exact. */
  step: number | null;
  /** Decimals as written in its own dress. */
  decimals: number;
}

const ONE_PERCENT = 100n;
const CLOSE = 10_000n;

/**
 * Does `answer` state `gold`, rounding allowed?
 *
 * Right if equal; or the answer is finer and rounds to a gold that shows a decimal; or the answer is coarser,
 * is the gold correctly rounded, and lost at most 1 % or has the decimals the question asks for; or the two
 * show different decimals and differ by at most 1e-4 of the gold. Half up and half even both count. Zero
 * equals only zero.
 *
 * `asked`: the decimals the question asks for, null when it does not say.
 */
export function sameNumber(gold: Written, answer: Written, asked: number | null): boolean {
  const g = gold.value;
  const a = answer.value;
  if (equal(g, a)) return true;
  if (isZero(g) || isZero(a) || isNegative(g) !== isNegative(a)) return false;
  if (asked === null && isFar(gold, answer)) return false;
  if (gold.step !== null && isFiner(answer, gold)) {
    if (gold.decimals > 0 && roundsTo(a, g, gold.step)) return true;
  } else if (answer.step !== null && isFiner(gold, answer)) {
    if (
      roundsTo(g, a, answer.step) &&
      (within(g, a, ONE_PERCENT) || (asked !== null && answer.decimals === asked))
    )
      return true;
  }
  if (asked !== null && answer.step !== null && answer.decimals < asked && roundedAsAsked(g, answer, asked))
    return true;
  return differentDecimals(gold, answer) && within(g, a, CLOSE);
}

/**
 * More than 1 % and more than half a unit of the gold's last place apart: no rule can join them. Doubles,
 * with room to spare.
 */
function isFar(gold: Written, answer: Written): boolean {
  const g = approximately(gold.value);
  const difference = Math.abs(g - approximately(answer.value));
  return (
    difference > 0.011 * Math.abs(g) &&
    (gold.decimals === 0 || gold.step === null || difference > 0.6 * 10 ** gold.step)
  );
}

const isFiner = (a: Written, b: Written) => a.step === null || a.step < b.step!;

/** "0.2" for 0.195 where two decimals are asked: the zero of 0.20 may be missing. */
function roundedAsAsked(gold: Exact, answer: Written, asked: number): boolean {
  return roundsTo(gold, answer.value, answer.step! + answer.decimals - asked);
}

/**
 * 20417 and 20417.4959 do; 20417 and 20418.00 do not: zeros at the end show nothing, and an integer that is
 * off by one stays wrong however it is written.
 */
function differentDecimals(a: Written, b: Written): boolean {
  if (a.step === null || b.step === null) return a.step !== b.step;
  return (
    a.decimals !== b.decimals && a.step !== b.step && lastDigitPower(a.value) !== lastDigitPower(b.value)
  );
}
