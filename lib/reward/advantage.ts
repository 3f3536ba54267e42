/** What GRPO learns from: how an answer's reward compares with the other answers to the same question. */
import { mean, standardDeviation } from "../stats/stats.ts";

export interface AdvantageOptions {
  /** 1: std divides by G − 1, as TRL does (default). 0: by G, as Fin-R1 writes it. */
  ddof?: 0 | 1;
  /** Added to the std; TRL's 1e-4 keeps an all-equal group from dividing by 0. */
  epsilon?: number;
  /** false leaves out the division, as Dr. GRPO does. */
  scale?: boolean;
}

/**
 * Group-relative advantages A_i = (r_i − mean r) / (std r + ε) of the G answers to one question.
 *
 * Unitless, one per reward, summing to 0. Equal rewards give zeros: no signal, nothing is learned. One winner
 * of four gets 1.50 with TRL's std (G − 1) and 1.73 with Fin-R1's (G). Throws RangeError for fewer than two
 * rewards.
 *
 * Source: Shao et al. 2024 (GRPO), https://arxiv.org/abs/2402.03300; `trl/trainer/grpo_trainer.py` of TRL
 * 1.16.
 */
export function groupAdvantages(
  rewards: readonly number[],
  { ddof = 1, epsilon = 1e-4, scale = true }: AdvantageOptions = {},
): number[] {
  if (rewards.length < 2)
    throw new RangeError(`groupAdvantages requires at least 2 rewards, got ${rewards.length}`);
  // Equal rewards: the rounding error of the mean must not become a signal.
  if (hasNoSignal(rewards)) return rewards.map(() => 0);
  const centre = mean(rewards);
  const divisor = scale ? standardDeviation(rewards, ddof) + epsilon : 1;
  return rewards.map((reward) => (reward - centre) / divisor);
}

/** Whether all rewards of a group are equal, so that every advantage is 0. */
export function hasNoSignal(rewards: readonly number[]): boolean {
  return rewards.every((reward) => reward === rewards[0]);
}

/**
 * Expected share of groups without signal for a binary reward: p^G + (1 − p)^G.
 *
 * `p` chance that one answer is rewarded, `groupSize` G answers a question, taken as independent. p = 0.9, G
 * = 4: 65.6 %. Throws RangeError for p outside [0, 1] or G < 1.
 */
export function expectedNoSignalShare(p: number, groupSize: number): number {
  if (!(p >= 0 && p <= 1) || !(groupSize >= 1))
    throw new RangeError(
      `expectedNoSignalShare requires p in [0, 1] and groupSize ≥ 1, got ${p} and ${groupSize}`,
    );
  return p ** groupSize + (1 - p) ** groupSize;
}
