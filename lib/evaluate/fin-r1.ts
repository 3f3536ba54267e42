/** What Fin-R1 published, to stand beside ours. */
import type { ArmName } from "../records.ts";

export interface PublishedArm {
  name: ArmName;
  /** As the paper calls it. */
  model: string;
  /** Mean over five benchmarks, percent. */
  average: number;
  /** One of the five, on which post-training lost; null where it is not given here. */
  antFinance: number | null;
}

/**
 * Fin-R1, 7B, all weights trained on 60,091 rows. Averages of FinQA, ConvFinQA, Ant-Finance, TFNS and
 * Finance-Instruct-500k; no intervals are published.
 *
 * Source: Liu et al. 2025, https://arxiv.org/abs/2503.16252, tables of results.
 */
export const FIN_R1: readonly PublishedArm[] = [
  { name: "base", model: "Qwen2.5-7B-Instruct", average: 65.6, antFinance: 85.0 },
  { name: "sft", model: "Fin-R1-SFT", average: 71.9, antFinance: 76.0 },
  { name: "sft_grpo", model: "Fin-R1", average: 75.2, antFinance: 81.0 },
  { name: "grpo_only", model: "Fin-R1-Zero", average: 67.8, antFinance: null },
];
