/** When to ask again, and how long to wait before. Pure. */

/** Statuses after which the same request may succeed. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

export interface Backoff {
  /** Before the second request, on average. */
  firstMs: number;
  /** No wait is longer, whatever the server asks for. */
  maxMs: number;
}

/**
 * How long to wait after the `attempt`-th request (from 1) has failed.
 *
 * wait = min(maxMs, firstMs · 2^(attempt−1)) · (0.5 … 1.5 drawn), so that requests that failed together do
 * not come back together. A Retry-After is waited for whole (with up to a tenth more), but never longer than
 * maxMs.
 *
 * Source: exponential back-off with jitter, AWS Architecture Blog 2015.
 */
export function waitMs(
  attempt: number,
  { firstMs, maxMs }: Backoff,
  random: () => number,
  retryAfterMs: number | null = null,
): number {
  if (retryAfterMs !== null) return Math.min(maxMs, retryAfterMs * (1 + random() / 10));
  return Math.min(maxMs, firstMs * 2 ** (attempt - 1) * (0.5 + random()));
}

/**
 * Retry-After (RFC 9110, 10.2.3) in ms from now: whole seconds or an HTTP date; null when absent or neither.
 * A date gone by is 0.
 */
export function readRetryAfter(header: string | null | undefined, now: number): number | null {
  if (header === null || header === undefined) return null;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/[a-z]/i.test(text)) return null; // Date.parse takes "-5" for a year
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}
