/** Numbers as a sentence writes them. */
import { wilson } from "../stats/stats.ts";
import { formatCount, formatPercent } from "../view/numbers.ts";

/** A share with its 95 % interval: "66 % [63, 69] of 1,000"; of nothing: "none of 0". */
export function shareOf(part: number, whole: number): string {
  const estimate = wilson(part, whole);
  if (estimate === null) return "none of 0";
  const [value, low, high] = [estimate.value, estimate.low, estimate.high].map(points);
  return `**${value} %** [${low}, ${high}] of ${formatCount(whole)}`;
}

/** 0.656 → "66". */
export const points = (share: number): string => formatPercent(share).slice(0, -2);

/** "1 question", "2 questions". */
export const counted = (n: number, word: string): string => `${formatCount(n)} ${word}${n === 1 ? "" : "s"}`;

/** Reasons with their counts, the most frequent first: "not sampled 8, json 5". */
export function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort((a, b) => b[1] - a[1])
    .map(([name, n]) => `${name.replaceAll("_", " ")} ${formatCount(n)}`)
    .join(", ");
}
