/** Bounded concurrency without batches. */
import { interruptible } from "../interruptible.ts";

/**
 * Then the event loop has its turn: a request leaves before thousands of others are prepared (0.5 s for
 * 2,048).
 */
const STARTED_TOGETHER = 32;

export interface PoolOptions {
  /** Calls of `work` in flight; at least 1. */
  concurrency: number;
  signal?: AbortSignal | undefined;
}

/**
 * Runs `work` on every item, `concurrency` at a time, and returns the results in the items' order.
 *
 * The next item starts the moment any one ends, so one slow item idles nothing but its own place. Items are
 * taken from the iterable only when their turn comes. The first error, the abort of `signal`, or an
 * interrupted cell stops new items; it is thrown once those in flight have ended, which `work` is told by the
 * signal that it gets. Throws RangeError on a concurrency below 1.
 *
 * @example await mapPool([3, 1, 2], { concurrency: 2 }, async (n) => n * n) //=> [9, 1, 4]
 */
export async function mapPool<T, R>(
  items: Iterable<T>,
  { concurrency, signal }: PoolOptions,
  work: Work<T, R>,
): Promise<R[]> {
  if (!(concurrency >= 1)) throw new RangeError(`mapPool requires concurrency ≥ 1, got ${concurrency}`);
  return interruptible(signal, (either) => inPool(items, concurrency, either, work));
}

type Work<T, R> = (item: T, index: number, signal: AbortSignal) => Promise<R>;

async function inPool<T, R>(
  items: Iterable<T>,
  concurrency: number,
  signal: AbortSignal,
  work: Work<T, R>,
): Promise<R[]> {
  const queue = items[Symbol.iterator]();
  const results: R[] = [];
  let next = 0;
  let failed: { error: unknown } | null = null;
  let over = false;
  const worker = async (): Promise<void> => {
    while (!failed && !over) {
      if (signal.aborted) {
        failed = { error: signal.reason };
        return;
      }
      const step = queue.next();
      if (step.done) {
        over = true;
        return;
      }
      const index = next++;
      try {
        results[index] = await work(step.value, index, signal);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  // Workers start one by one: an iterable shorter than the concurrency needs no idle ones.
  const workers: Promise<void>[] = [];
  while (workers.length < concurrency && !over && !failed) {
    workers.push(worker());
    if (workers.length % STARTED_TOGETHER === 0) await new Promise(setImmediate);
  }
  await Promise.all(workers);
  if (failed) throw (failed as { error: unknown }).error;
  return results;
}
