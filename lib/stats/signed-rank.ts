/** Whether paired values have moved: Wilcoxon's signed-rank test, exact. Pure. */

export interface SignedRank {
  /** Pairs that differ. */
  n: number;
  /** P of plus ranks that weigh as much or more, were each sign a coin's: small where values rise. */
  up: number;
  /** The same of the minus side: small where they fall. */
  down: number;
}

/**
 * Wilcoxon's signed-rank test of paired differences, both one-sided p-values, exact given the ties.
 *
 * The differences that are not 0 are ranked by size, ties sharing the mean of their ranks; W is the sum of
 * the ranks of the positive ones. Under the hypothesis every sign is + or − with equal chance, whatever the
 * sizes, so the distribution of W is counted out: no normal approximation, which is far off where few pairs
 * differ. Takes ranks alone, so it knows nothing of the scale. Where no pair differs both are 1. O(n³), 5 ms
 * for 64 pairs.
 *
 * Source: Wilcoxon 1945, Biometrics Bulletin 1; zeros left out as there, ties as in Pratt & Gibbons 1981.
 *
 * @example signedRank([1, 1, 1, 1, 1, 0]).up //=> 2⁻⁵
 */
export function signedRank(differences: readonly number[]): SignedRank {
  // Equal means of several values differ in their last digits.
  const moved = differences.map((value) => Number(value.toPrecision(9))).filter((value) => value !== 0);
  const ranks = doubledRanks(moved.map(Math.abs));
  const most = ranks.reduce((sum, rank) => sum + rank, 0);
  const plus = ranks.reduce((sum, rank, i) => sum + (moved[i]! > 0 ? rank : 0), 0);
  let chance = new Float64Array(most + 1);
  chance[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    const next = new Float64Array(most + 1);
    for (let sum = 0; sum <= reached; sum++) {
      next[sum]! += chance[sum]! / 2;
      next[sum + rank]! += chance[sum]! / 2;
    }
    reached += rank;
    chance = next;
  }
  const total = (from: number, to: number) =>
    Math.min(
      1,
      chance.subarray(from, to + 1).reduce((sum, p) => sum + p, 0),
    );
  return { n: moved.length, up: total(plus, most), down: total(0, plus) };
}

/** Twice the mid-ranks, so that they are whole numbers. */
function doubledRanks(sizes: readonly number[]): number[] {
  const sorted = sizes.toSorted((a, b) => a - b);
  return sizes.map((size) => sorted.indexOf(size) + sorted.lastIndexOf(size) + 2);
}
