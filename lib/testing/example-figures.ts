/** One example of every figure on invented data, and one on none: what the tests draw and check. */
import { createRandom } from "../stats/random.ts";
import { QUESTION_TYPES, type EvalDetail } from "../records.ts";
import type { Metrics } from "../run/run-metrics.ts";
import { type Fate, funnelOf } from "../filter/funnel.ts";
import type { DistillCurve } from "../distill/distill-curve.ts";
import { takeCensus } from "../train/census.ts";
import * as f from "../figures/index.ts";

const random = createRandom("example figures");
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const normal = () => range(6).reduce((sum) => sum + random.next(), 0) / 3 - 1;

export const SOURCES = ["finance basics", "hand-written", "年报问答 <b>2024</b>.jsonl", "tatqa_filings.jsonl"];
export const questions = range(1240).map((i) => ({
  type: QUESTION_TYPES[Math.min(3, Math.floor(random.next() ** 1.6 * 4))]!,
  source: SOURCES[Math.floor(random.next() ** 3 * 4)]!,
  id: `q${i}`,
}));
const setAside = range(60).map((i) => ({ source: SOURCES[i % 4]!, reason: ["too_long", "duplicate", "no_gold", "unreadable_gold"][(i % 7) % 4]! }));

export function metrics(steps: number, columns: Record<string, (share: number) => number | null>): Metrics {
  const step = range(steps).map((i) => i + 1);
  const values = Object.fromEntries(Object.entries(columns).map(([name, of]) => [name, step.map((s) => of(s / steps))]));
  return { ...values, step } as Metrics;
}

const sft = metrics(50, {
  loss: (t) => 0.25 + 1.8 * Math.exp(-5 * t) + 0.06 * normal(),
  learning_rate: (t) => 1e-3 * (t < 0.05 ? t / 0.05 : (1 + Math.cos(Math.PI * t)) / 2),
});
const sftHot = metrics(50, {
  loss: (t) => 0.35 + 1.6 * Math.exp(-8 * t) + 0.1 * normal(),
  learning_rate: (t) => 3e-3 * (t < 0.05 ? t / 0.05 : (1 + Math.cos(Math.PI * t)) / 2),
});
const grpo = metrics(60, {
  kl: (t) => Math.max(0, 0.03 * t + 0.003 * normal()),
  entropy: (t) => 0.35 - 0.15 * t + 0.02 * normal(),
  "completions/mean_length": (t) => 62 + 6 * t + 2 * normal(),
});
const grpoOnly = metrics(60, {
  kl: (t) => Math.max(0, 0.09 * t + 0.01 * normal()),
  entropy: (t) => 0.5 - 0.1 * t + 0.03 * normal(),
  "completions/mean_length": (t) => 48 + 20 * t + 3 * normal(),
});

export function grpoSamples(steps: number, start: number, end: number, jitter = 0): f.StepSamples[] {
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
  samples: range(64).map((i) => ({ id: `q${8 * (step % 2) + Math.floor(i / 8)}`, group: Math.floor(i / 8), completion: "", reward: 0, advantage: 0, tokens: 60 - step, rewards: { careless: Number(i % 8 < 7), accuracy: Number((7 * i + step) % 8 < 4 - step / 4) } })),
}));

export function details(p: number, format: number, n = 200): EvalDetail[] {
  return range(n).flatMap((i) =>
    range(5).map((sample): EvalDetail => {
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
        reason: right ? "equal" : ["different_value", "no_answer_block", "wrong_sign", "two_values", "wrong_scale"][(i * 7) % 5]!,
        message: "12 is not 15",
        judge: null,
        tokens: 50 + (i % 30),
      };
    }),
  );
}

const arms = [
  { name: "base", details: details(0.55, 0.02) },
  { name: "sft", details: details(0.82, 1) },
  { name: "sft_grpo", details: details(0.9, 1) },
  { name: "grpo_only", details: details(0.7, 0.6) },
];
const estimate = (value: number) => ({ value, low: Math.max(0, value - 0.055), high: Math.min(1, value + 0.05) });
export const summary = {
  created: "2026-11-22T10:00:00Z",
  n: 200,
  seeds: [42],
  profile: "tiny",
  arms: [
    ["base", 0.02, 0.01, 0.52, 0.01],
    ["sft", 1, 0.8, 0.8, 0.66],
    ["sft_grpo", 1, 0.86, 0.86, 0.83],
    ["grpo_only", 0.97, 0.71, 0.72, 0.69],
  ].map(([name, format, strict, lenient, sampled]) => ({
    name: String(name),
    format: estimate(Number(format)),
    accuracy: estimate(Number(strict)),
    accuracyLenient: estimate(Number(lenient)),
    accuracySampled: estimate(Number(sampled)),
    judge: null,
    tokensPerAnswer: 61.4,
    byType: Object.fromEntries(
      QUESTION_TYPES.map((type) => [type, { n: 50, accuracy: estimate(Number(strict)), accuracyLenient: estimate(Number(lenient)) }]),
    ),
  })),
  pairs: [{ a: "base", b: "sft", metric: "accuracy", delta: 0.28, low: 0.2, high: 0.35, p: 0.0001 }],
};
const filtered: Fate[] = range(800).map((i) => {
  const [layer, reason] =
    i % 25 === 0
      ? ["format", ["no_think_block", "two_answers"][i % 2]!]
      : i % 9 === 0
        ? ["answer", ["different_value", "unreadable", "wrong_sign"][i % 3]!]
        : i % 13 === 0
          ? ["judge", ["low_score", "not_judged"][i % 2]!]
          : ["judge", null];
  return { layer: layer!, reason: reason!, type: QUESTION_TYPES[i % 4]!, source: SOURCES[(i * 7) % 3]! };
});
const judged = range(700).map((i) => ({
  points: i % 60 === 0 ? null : Math.max(4, Math.min(20, Math.round((i % 5 === 0 ? 11 : 17) + 3 * normal()))),
  good: i % 5 !== 0,
}));
const faults = ["none", "wrong_step", "missing_step", "shuffled_steps", "padding", "contradicting_answer"];
const heat = ["logic", "accuracy", "completeness", "conciseness"].flatMap((criterion, i) =>
  faults.map((label, j) => ({ criterion, label, n: 50, value: j === 0 ? 4.8 : (i + j) % 4 === 1 ? 1.6 : 3.9 - 0.2 * i })),
);
const progress: DistillCurve = {
  total: 800,
  done: 512,
  failed: 9,
  resumed: 40,
  tokensPerSecond: 1280,
  etaSeconds: 17,
  failures: { length: 7, http_500: 2 },
  history: range(40).map((i) => ({ seconds: i, done: 40 + i * 12, tokensPerSecond: i < 2 ? null : 1280 + 80 * normal() })),
};
const lengths = Object.fromEntries(
  QUESTION_TYPES.map((type, i) => [type, range(250).map(() => Math.round(40 + 25 * i + 90 * random.next() ** 2 * (1 + i / 2)))]),
);
const yields = filtered.map((row, i) => ({ type: row.type, failure: i % 19 === 0 ? "length" : i % 37 === 0 ? "timeout" : null }));
const responseLengths = {
  title: "Length of the training texts",
  unit: "tokens of prompt and response",
  limit: 384,
  beyond: "truncated",
  rows: "rows",
};

/** Name → figure on data, figure on none. */
export const EXAMPLES: Record<string, [f.Figure, f.Figure]> = {
  typeBars: [
    f.typeBars(questions, questions.slice(0, 1000), {
      financial_calculation: 0.4,
      financial_reasoning: 0.3,
      financial_concept: 0.2,
      financial_analysis: 0.1,
    }),
    f.typeBars([], []),
  ],
  sourceBars: [f.sourceBars(questions, setAside), f.sourceBars([], [])],
  questionLengths: [f.questionLengths(questions.map((row, i) => ({ ...row, tokens: i % 9 === 0 ? 150 + (i % 400) : 20 + (i % 60) })), 192), f.questionLengths([], 192)],
  lengthHistogram: [f.lengthHistogram(lengths.financial_analysis!, responseLengths), f.lengthHistogram([], responseLengths)],
  distillProgress: [f.distillProgress(progress), f.distillProgress({ ...progress, history: [], done: 0 })],
  yieldByType: [f.yieldByType(yields), f.yieldByType([])],
  funnel: [f.funnel(funnelOf(filtered, ["format", "answer", "judge", "size"], ["size"])), f.funnel([])],
  funnelByReason: [f.funnelByReason(filtered), f.funnelByReason([])],
  judgeThreshold: [f.judgeThreshold(judged, { pass: 12 }), f.judgeThreshold([], { pass: 12 })],
  judgeHeatmap: [f.judgeHeatmap(heat), f.judgeHeatmap([])],
  lossCurve: [
    f.lossCurve([
      { name: "sft", metrics: sft, label: "lr 1e-3" },
      { name: "hot", metrics: sftHot, label: "lr 3e-3" },
    ]),
    f.lossCurve([]),
  ],
  lrCurve: [f.lrCurve([{ name: "sft", metrics: sft }]), f.lrCurve([])],
  rewardByComponent: [f.rewardByComponent(grpoSamples(60, 0.55, 0.85)), f.rewardByComponent([])],
  rewardDistribution: [f.rewardDistribution(grpoSamples(60, 0.55, 0.85)), f.rewardDistribution([])],
  rewardDistributionContinuous: [f.rewardDistribution(grpoSamples(60, 0.55, 0.85, 0.2)), f.rewardDistribution([])],
  noSignalShare: [
    f.noSignalShare([
      { name: "sft_grpo", samples: grpoSamples(60, 0.6, 0.9) },
      { name: "grpo_only", samples: grpoSamples(60, 0.3, 0.5) },
    ]),
    f.noSignalShare([]),
  ],
  censusHistogram: [
    f.censusHistogram(
      takeCensus(
        range(400).map((i) => ({
          id: `q${i}`,
          type: "financial_concept",
          answers: 8,
          right: Math.min(8, Math.max(0, Math.round(8 * (0.62 + 0.9 * normal())))),
        })),
      ),
    ),
    f.censusHistogram(takeCensus([])),
  ],
  klCurve: [
    f.klCurve([
      { name: "sft_grpo", metrics: grpo },
      { name: "grpo_only", metrics: grpoOnly },
    ]),
    f.klCurve([]),
  ],
  entropyCurve: [f.entropyCurve([{ name: "sft_grpo", metrics: grpo }]), f.entropyCurve([])],
  passCurve: [
    f.passCurve(
      [
        { label: "paid", samples: practised, measure: "careless" },
        { label: "right", samples: practised, measure: "accuracy", again: true },
      ],
      { title: "Paid and right", yTitle: "share of answers (%)", share: true },
    ),
    f.passCurve([], { title: "Paid and right", yTitle: "share of answers (%)", share: true }),
  ],
  accuracyByType: [f.accuracyByType(arms), f.accuracyByType([])],
  readFailures: [f.readFailures(arms), f.readFailures([])],
  passAtKCurve: [f.passAtKCurve(arms), f.passAtKCurve([])],
  throughputCurve: [
    f.throughputCurve([1, 4, 16, 64].map((inFlight, i) => ({ inFlight, requests: 6 + 3 * inFlight, failed: 0, tokens: 900, seconds: 1, tokensPerSecond: 300 * (i + 1), medianMs: 150 * (i + 1) ** 2 }))),
    f.throughputCurve([]),
  ],
  weightChangeMap: [
    f.weightChangeMap([
      { name: "embed", layer: null, part: "embed_tokens", weights: 300_000, changed: 0, relative: 0 },
      ...range(6).flatMap((layer) => ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"].map((part, i) => ({ name: part, layer, part, weights: 60_000, changed: 60_000, relative: 0.01 * (1 + layer + i) }))),
    ]),
    f.weightChangeMap([]),
  ],
  ablation: [f.ablation(summary), f.ablation({ ...summary, arms: [], n: 0 })],
  deltas: [
    f.deltas([...f.deltasByType(arms[0]!, arms[1]!), ...f.deltasByType(arms[1]!, arms[2]!), ...f.deltasByType(arms[2]!, arms[3]!)]),
    f.deltas([]),
  ],
};
