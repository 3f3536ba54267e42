/** What transformers' server works on at once, on a GPU and on the CPU of such a machine. Pure. */
import type { Config } from "../config/config.ts";
import { overrideConfig } from "../config/settings.ts";
import type { Overrides } from "../config/settings.ts";

/**
 * On a GPU: its cache is reserved for the whole batch at full length, used or not.
 */
const MOST_AT_ONCE = 16;
/**
 * The plan counts half of the longest request, as vLLM's cache grows with it; transformers takes the whole
 * one at once.
 */
const PLANNED_FOR_ONE = 2;

/** transformers' batch for so many requests in flight. @example batchFor(18) //=> 16 */
export function batchFor(concurrency: number): number {
  return Math.max(1, Math.round((concurrency * 8) / 9));
}

/** The requests in flight that give a batch. @example inFlightFor(16) //=> 18 */
export function inFlightFor(batch: number): number {
  return Math.round((batch * 9) / 8);
}

/** The largest batch that may be planned. */
export function mostAtOnce({ serving }: Config): number {
  return Math.min(MOST_AT_ONCE, batchFor(serving.concurrency));
}

/** What is asked of the plan of a server, so that it counts whole requests. */
export function askedOfTransformers(config: Config): Overrides {
  const most = mostAtOnce(config);
  return {
    "serving.concurrency": inFlightFor(most),
    "gpu.serverSequences": most * PLANNED_FOR_ONE,
    "gpu.replicas": 1,
    "gpu.serverProcesses": 1,
    "gpu.cudaGraphs": false,
  };
}

/** The batch that a plan has room for. */
export function batchThatFits({ gpu }: Config, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(gpu.serverSequences / PLANNED_FOR_ONE)));
}

export function withBatch(config: Config, batch: number): Config {
  return overrideConfig(config, { "serving.concurrency": inFlightFor(batch) });
}
