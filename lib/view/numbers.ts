/** Numbers as figures and tables write them, and the small arithmetic of curves and histograms. */
import type { Estimate } from "../records.ts";

/** 1234567 → "1,234,567". */
export function formatCount(n: number): string {
  return Math.round(n).toLocaleString("en-US");
}

/** 0.0213 → "2.1 %"; an empty whole has no share: "–". */
export function formatShare(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(part === 0 || part === whole ? 0 : 1)} %` : "–";
}

/**
 * Four significant digits without an exponent where one can do without it: 0.0002 → "0.0002", 1.2e-7 →
 * "1.20e-7".
 */
export function formatNumber(n: number): string {
  if (!Number.isFinite(n)) return String(n);
  if (Number.isInteger(n) && Math.abs(n) < 1e15) return n.toLocaleString("en-US");
  const size = Math.abs(n);
  if (size < 1e-4 || size >= 1e15) return n.toExponential(2);
  if (size >= 1000) return n.toLocaleString("en-US", { maximumFractionDigits: 1 });
  return String(Number(n.toPrecision(size >= 1 ? 4 : 3)));
}

/** "0.82 [0.76, 0.87]". */
export function formatEstimate(e: Estimate): string {
  return `${e.value.toFixed(2)} [${e.low.toFixed(2)}, ${e.high.toFixed(2)}]`;
}

/**
 * 0.656 → "66 %", rounded as `formatEstimate` rounds it: a sentence and the table above it say one number.
 */
export function formatPercent(share: number): string {
  return `${Math.round(100 * Number(share.toFixed(2)))} %`;
}

/** A share as signed percentage points: 0.043 → "+4.3", −0.01 → "−1.0", 0 → "0.0". */
export function formatPoints(share: number): string {
  const text = Math.abs(100 * share).toFixed(1);
  return text === "0.0" ? text : `${share < 0 ? "−" : "+"}${text}`;
}

export function isEstimate(value: unknown): value is Estimate {
  if (typeof value !== "object" || value === null) return false;
  const e = value as Record<string, unknown>;
  return typeof e.value === "number" && typeof e.low === "number" && typeof e.high === "number";
}

/** Mean of the finite numbers, null when there is none. */
export function meanOf(values: readonly (number | null | undefined)[]): number | null {
  let sum = 0;
  let n = 0;
  for (const value of values) {
    if (typeof value !== "number" || !Number.isFinite(value)) continue;
    sum += value;
    n++;
  }
  return n === 0 ? null : sum / n;
}

/**
 * Mean of the `window` points around each point, fewer at the ends: a trailing mean would lag behind a
 * falling loss. Gaps (null) are left out of the mean; a point whose whole window is a gap stays one. Length
 * and order as given.
 */
export function movingAverage(values: readonly (number | null)[], window: number): (number | null)[] {
  return values.map((_, i) =>
    meanOf(values.slice(Math.max(0, i - Math.floor((window - 1) / 2)), i + Math.floor(window / 2) + 1)),
  );
}

/** A window that calms a curve of n points without hiding its shape: a tenth, between 3 and 25. */
export function smoothingWindow(n: number): number {
  return Math.min(25, Math.max(3, Math.round(n / 10)));
}

export interface Bins {
  /** Left edges; bin i holds start ≤ value < start + width. */
  starts: number[];
  width: number;
}

/**
 * Edges at round numbers (1, 2, 2.5 or 5 times a power of ten) for about `count` bins over all values; never
 * less than 1 wide.
 */
export function integerBins(values: readonly number[], count = 30): Bins {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { starts: [], width: 1 };
  const width = roundUp(Math.max(1, (high - low + 1) / count));
  const first = Math.floor(low / width) * width;
  const bins = Math.floor((high - first) / width) + 1;
  return { starts: Array.from({ length: bins }, (_, i) => first + i * width), width };
}

function roundUp(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  for (const step of power >= 10 ? [1, 2, 2.5, 5, 10] : [1, 2, 5, 10])
    if (step * power >= width - 1e-9) return step * power;
  return 10 * power;
}

/** How many values fall into each bin. */
export function fillBins(values: readonly number[], bins: Bins): number[] {
  const counts = bins.starts.map(() => 0);
  const first = bins.starts[0] ?? 0;
  for (const value of values) counts[Math.floor((value - first) / bins.width)]! += 1;
  return counts;
}

/** P(k successes of n), k = 0 … n, for success probability p. */
export function binomial(n: number, p: number): number[] {
  if (p <= 0 || p >= 1) return Array.from({ length: n + 1 }, (_, k) => (k === (p <= 0 ? 0 : n) ? 1 : 0));
  const result: number[] = [];
  let logChoose = 0;
  for (let k = 0; k <= n; k++) {
    if (k > 0) logChoose += Math.log(n - k + 1) - Math.log(k);
    result.push(Math.exp(logChoose + k * Math.log(p) + (n - k) * Math.log(1 - p)));
  }
  return result;
}
