/** How long a request may take, and what ends it before. */
import type { FailureCause } from "./completion.ts";
import { LabError } from "../errors.ts";

export interface TimeLimit {
  signal: AbortSignal;
  why: () => [FailureCause, string];
  clear: () => void;
}

/**
 * A timer that keeps the process alive, unlike AbortSignal.timeout's: a script must not end with status 0
 * while it waits.
 */
export function timeLimit(timeoutMs: number, others: readonly (AbortSignal | undefined)[]): TimeLimit {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), timeoutMs);
  const signal = joinSignals([over.signal, ...others])!;
  return {
    signal,
    // A server that died aborts with its last words.
    why: () =>
      over.signal.aborted
        ? ["timeout", `no answer within ${timeoutMs / 1000} s`]
        : [
            "cancelled",
            signal.reason instanceof LabError ? signal.reason.message : "the request was cancelled",
          ],
    clear: () => clearTimeout(timer),
  };
}

export function joinSignals(signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = [...new Set(signals.filter((s) => s !== undefined))];
  return given.length <= 1 ? given[0] : AbortSignal.any(given);
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
