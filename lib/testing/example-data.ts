/** What the invented data of the examples is made of. */
import type { Random } from "../stats/random.ts";

export const SOURCES = [
  "finance basics",
  "hand-written",
  "年报问答 <b>2024</b>.jsonl",
  "tatqa_filings.jsonl",
];
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Bell-shaped around 0, between -1 and 1. */
export const normal = (random: Random): number => range(6).reduce((sum) => sum + random.next(), 0) / 3 - 1;
