/** Invented training runs: what SFT and GRPO log, and the answers that GRPO samples. */
import { createRandom } from "../stats/random.ts";
import type { Metrics } from "../run/metrics.ts";
import type { StepSamples } from "../figures/reward.ts";
import { normal, range } from "./example-data.ts";

const random = createRandom("example runs");

export function metrics(steps: number, columns: Record<string, (share: number) => number | null>): Metrics {
  const step = range(steps).map((i) => i + 1);
  const values = Object.fromEntries(
    Object.entries(columns).map(([name, of]) => [name, step.map((s) => of(s / steps))]),
  );
  return { ...values, step } as Metrics;
}

export const sft = metrics(50, {
  loss: (t) => 0.25 + 1.8 * Math.exp(-5 * t) + 0.06 * normal(random),
  learning_rate: (t) => 1e-3 * (t < 0.05 ? t / 0.05 : (1 + Math.cos(Math.PI * t)) / 2),
});
export const sftHot = metrics(50, {
  loss: (t) => 0.35 + 1.6 * Math.exp(-8 * t) + 0.1 * normal(random),
  learning_rate: (t) => 3e-3 * (t < 0.05 ? t / 0.05 : (1 + Math.cos(Math.PI * t)) / 2),
});
/** Seconds of a step's phases as on two cores. */
const phases = Object.fromEntries(
  Object.entries({ sync: 0.02, generate: 1.1, reward: 0.04, score: 0.35, update: 0.9 }).map(
    ([name, seconds]) => [`seconds/${name}`, () => seconds],
  ),
);

export const grpo = metrics(60, {
  ...phases,
  kl: (t) => Math.max(0, 0.03 * t + 0.003 * normal(random)),
  entropy: (t) => 0.35 - 0.15 * t + 0.02 * normal(random),
  "completions/mean_length": (t) => 62 + 6 * t + 2 * normal(random),
});
export function grpoSamples(steps: number, start: number, end: number, jitter = 0): StepSamples[] {
  return range(steps).map((step) => ({
    step: step + 1,
    samples: range(64).map((i) => {
      const hard = (Math.floor(i / 8) * 0.37 + step * 0.61) % 1;
      const p = Math.min(0.98, Math.max(0.02, start + (end - start) * (step / steps) + (0.5 - hard) * 0.9));
      const format = random.next() < 0.9 + 0.1 * (step / steps) ? 1 : 0;
      const accuracy = format && random.next() < p ? 1 : 0;
      const total = 0.3 * format + 0.7 * accuracy - jitter * random.next();
      return {
        group: Math.floor(i / 8),
        reward: total,
        rewards: { format, accuracy, total, ...(jitter > 0 && { brevity: -jitter * random.next() }) },
      };
    }),
  }));
}

/** Four passes over sixteen questions, eight answers each. */
export const practised = range(8).map((step) => ({
  step: step + 1,
  samples: range(64).map((i) => ({
    id: `q${8 * (step % 2) + Math.floor(i / 8)}`,
    group: Math.floor(i / 8),
    completion: "",
    reward: 0,
    advantage: 0,
    tokens: 60 - step,
    rewards: { careless: Number(i % 8 < 7), accuracy: Number((7 * i + step) % 8 < 4 - step / 4) },
  })),
}));
