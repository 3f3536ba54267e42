/** How many tokens a server writes a second, by how many requests it has at once. */
import type { Client } from "./client.ts";
import type { CompletionRequest } from "./completion.ts";
import { quantile } from "../stats/stats.ts";

export interface Throughput {
  /** Requests the client keeps in flight. */
  inFlight: number;
  requests: number;
  /** Requests that brought no tokens: a rate with failures in it says little. */
  failed: number;
  /** Tokens the server wrote. */
  tokens: number;
  seconds: number;
  tokensPerSecond: number;
  /** Median time of one whole answer, waiting in the server's queue included. */
  medianMs: number;
}

export interface ThroughputOptions {
  /** Requests per request in flight: the more, the less the emptying at the end counts. Default 3. */
  rounds?: number;
  /** Requests at least, however few are in flight. Default 6. */
  atLeast?: number;
  signal?: AbortSignal;
  /** After each number of requests in flight, all rows so far. */
  onProgress?: (rows: readonly Throughput[]) => void;
}

/**
 * Sends max(rounds × inFlight, atLeast) of the requests for each entry of `inFlight`, in that order, and
 * measures tokens/s and latency.
 *
 * The requests are taken in turn and from the start again when they run out, each time with another seed, so
 * that sampled texts differ; a text that was cut at its limit counts. One request goes ahead unmeasured.
 * Rejects as `client.completeAll`; throws RangeError without requests.
 *
 * @example await measureThroughput(client, requests, [1, 8, 64])
 */
export async function measureThroughput(
  client: Client,
  requests: readonly CompletionRequest[],
  inFlight: readonly number[],
  { rounds = 3, atLeast = 6, signal, onProgress }: ThroughputOptions = {},
): Promise<Throughput[]> {
  if (requests.length === 0) throw new RangeError("measureThroughput requires at least one request, got 0");
  await client.completeAll([requests[0]!], { signal });
  const rows: Throughput[] = [];
  let sent = 0;
  const take = (): CompletionRequest => ({ ...requests[sent % requests.length]!, seed: sent++ });
  for (const concurrency of inFlight) {
    const batch = Array.from({ length: Math.max(rounds * concurrency, atLeast) }, take);
    const started = performance.now();
    const results = await client.completeAll(batch, { concurrency, signal });
    const seconds = (performance.now() - started) / 1000;
    const tokens = results.reduce((sum, result) => sum + (result.completionTokens ?? 0), 0);
    const failed = results.filter((result) => !result.completionTokens).length;
    rows.push({
      inFlight: concurrency,
      requests: batch.length,
      failed,
      tokens,
      seconds,
      tokensPerSecond: tokens / seconds,
      medianMs: quantile(
        results.map((r) => r.ms),
        0.5,
      ),
    });
    onProgress?.(rows);
  }
  return rows;
}
