/** Results of `npm run bench:variants` in small. */
import type { KeptResult, KeptVariant } from "../compare/kept-result.ts";

export const around = (value: number) => ({ value, low: value - 0.02, high: value + 0.02 });
export const BETTER = { delta: 0.05, low: 0.02, high: 0.08, p: 0.001 };
export const WORSE = { delta: -0.05, low: -0.08, high: -0.02, p: 0.0001 };
export const OPEN = { delta: 0.004, low: -0.01, high: 0.018, p: 0.6 };

export function variant(name: string, more: Partial<KeptVariant> = {}): KeptVariant {
  return {
    ...{ name, settings: {}, seeds: [1, 2], failed: {}, n: 1000, answers: 3200, steps: 50 },
    ...{ right: around(0.8), bySeed: { 1: 0.8, 2: 0.8 }, difference: null },
    ...{ kl: 0.01, entropy: 0.02, clipped: 0, silent: 0.2, tokens: 50, secondsPerBatch: 1 },
    ...more,
  };
}

export const result = (grpo: KeptVariant[], more: Partial<KeptResult> = {}): KeptResult => ({
  ...{ created: "2026-01-02T03:04:05Z", profile: "tiny", device: "CPU", batches: 50 },
  ...{ promptsPerStep: 8, groupSize: 8, start: null, grpo, sft: [], ...more },
});
