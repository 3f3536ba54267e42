/** Invented evaluations of the arms, and the summary of their ablation. */
import { createRandom } from "../stats/random.ts";
import { QUESTION_TYPES, type EvalDetail } from "../records.ts";
import { range, SOURCES } from "./example-data.ts";

const random = createRandom("example evaluation");

function details(p: number, format: number, answers = 5, n = 200): EvalDetail[] {
  return range(n).flatMap((i) =>
    range(answers).map((sample): EvalDetail => {
      const ok = random.next() < format;
      const right = random.next() < p - (i % 4) * 0.06;
      return {
        id: `q${i}`,
        type: QUESTION_TYPES[i % 4]!,
        source: SOURCES[i % 3]!,
        mode: sample === 0 ? "greedy" : "sampled",
        sample: Math.max(0, sample - 1),
        completion: "<think>\n3 × 4 = 12\n</think>\n<answer>\n12\n</answer>",
        format: ok,
        strict: ok && right,
        lenient: right,
        reason: right
          ? "equal"
          : ["different_value", "no_answer_block", "wrong_sign", "two_values", "wrong_scale"][(i * 7) % 5]!,
        message: "12 is not 15",
        judge: null,
        tokens: 50 + (i % 30),
      };
    }),
  );
}

export const arms = [
  { name: "base", details: details(0.55, 0.02) },
  { name: "base_prompted", details: details(0.62, 0.4) },
  { name: "base_majority", details: details(0.68, 0.45, 1) },
  { name: "sft", details: details(0.82, 1) },
  { name: "sft_grpo", details: details(0.9, 1) },
  { name: "grpo_only", details: details(0.7, 0.6) },
];

const estimate = (value: number) => ({
  value,
  low: Math.max(0, value - 0.055),
  high: Math.min(1, value + 0.05),
});
export const summary = {
  created: "2026-11-22T10:00:00Z",
  n: 200,
  seeds: [42],
  profile: "tiny",
  arms: [
    ["base", 0.02, 0.01, 0.52, 0.01, 0.48],
    ["base_prompted", 0.41, 0.33, 0.6, 0.3, 0.55],
    ["base_majority", 0.46, 0.38, 0.66, null, null],
    ["sft", 1, 0.8, 0.8, 0.66, 0.66],
    ["sft_grpo", 1, 0.86, 0.86, 0.83, 0.83],
    ["grpo_only", 0.97, 0.71, 0.72, 0.69, 0.7],
  ].map(([name, format, strict, lenient, sampled, sampledLenient]) => ({
    name: String(name),
    format: estimate(Number(format)),
    accuracy: estimate(Number(strict)),
    accuracyLenient: estimate(Number(lenient)),
    accuracySampled: typeof sampled === "number" ? estimate(sampled) : null,
    accuracySampledLenient: typeof sampledLenient === "number" ? estimate(sampledLenient) : null,
    judge: null,
    tokensPerAnswer: 61.4,
    byType: Object.fromEntries(
      QUESTION_TYPES.map((type) => [
        type,
        { n: 50, accuracy: estimate(Number(strict)), accuracyLenient: estimate(Number(lenient)) },
      ]),
    ),
  })),
  pairs: [{ a: "base", b: "sft", metric: "accuracy", delta: 0.28, low: 0.2, high: 0.35, p: 0.0001 }],
};
