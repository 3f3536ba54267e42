/** One example of every figure on invented data, and one on none: what the tests draw and check. */
import { softmax } from "../forward/qwen2.ts";
import { createRandom } from "../stats/random.ts";
import { QUESTION_TYPES } from "../records.ts";
import { type Fate, funnelOf } from "../filter/funnel.ts";
import { toyGrpo } from "../toy/index.ts";
import type { ProgressCurve } from "../view/progress-curve.ts";
import { takeCensus } from "../train/census.ts";
import { ablation } from "../figures/ablate.ts";
import { passAtKCurve } from "../figures/answers.ts";
import { lossCurve } from "../figures/curves.ts";
import { deltas, deltasByType } from "../figures/deltas.ts";
import { distillProgress, yieldByType } from "../figures/distill.ts";
import { accuracyByType } from "../figures/evaluate.ts";
import { readFailures } from "../figures/failures.ts";
import { funnel, funnelByReason } from "../figures/filter.ts";
import { judgeHeatmap, judgeThreshold } from "../figures/judge.ts";
import { passCurve } from "../figures/passes.ts";
import { sourceBars } from "../figures/prepare.ts";
import { questionLengths } from "../figures/question-lengths.ts";
import { rewardByComponent } from "../figures/reward.ts";
import { klAndEntropy, runPanels } from "../figures/run-panels.ts";
import { censusHistogram, noSignalShare } from "../figures/signal.ts";
import { throughputCurve } from "../figures/speed.ts";
import { temperatureBars } from "../figures/temperature.ts";
import type { Figure } from "../figures/theme.ts";
import { toyCurve, toyKnobs } from "../figures/toy.ts";
import { weightChangeMap } from "../figures/weight-change.ts";
import { normal, range, SOURCES } from "./example-data.ts";
import { arms, summary } from "./example-evaluation.ts";
import { grpo, grpoSamples, practised, sft, sftHot } from "./example-runs.ts";

const random = createRandom("example figures");

const questions = range(1240).map((i) => ({
  type: QUESTION_TYPES[Math.min(3, Math.floor(random.next() ** 1.6 * 4))]!,
  source: SOURCES[Math.floor(random.next() ** 3 * 4)]!,
  id: `q${i}`,
}));
const setAside = range(60).map((i) => ({
  source: SOURCES[i % 4]!,
  reason: ["too_long", "duplicate", "no_gold", "unreadable_gold"][(i % 7) % 4]!,
}));

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
  points:
    i % 60 === 0 ? null : Math.max(4, Math.min(20, Math.round((i % 5 === 0 ? 11 : 17) + 3 * normal(random)))),
  good: i % 5 !== 0,
}));
const faults = ["none", "wrong_step", "missing_step", "shuffled_steps", "padding", "contradicting_answer"];
const heat = ["logic", "accuracy", "completeness", "conciseness"].flatMap((criterion, i) =>
  faults.map((label, j) => ({
    criterion,
    label,
    n: 50,
    value: j === 0 ? 4.8 : (i + j) % 4 === 1 ? 1.6 : 3.9 - 0.2 * i,
  })),
);
const progress: ProgressCurve = {
  total: 800,
  done: 512,
  failed: 9,
  resumed: 40,
  tokensPerSecond: 1280,
  etaSeconds: 17,
  failures: { length: 7, http_500: 2 },
  history: range(40).map((i) => ({
    seconds: i,
    done: 40 + i * 12,
    tokensPerSecond: i < 2 ? null : 1280 + 80 * normal(random),
  })),
};
const yields = filtered.map((row, i) => ({
  type: row.type,
  failure: i % 19 === 0 ? "length" : i % 37 === 0 ? "timeout" : null,
}));
const onePlace = {
  before: "<think>\nmargin = ",
  sharesAt: (temperature: number) =>
    softmax(Float32Array.from({ length: 3072 }, (_, token) => (-0.6 * (token % 40)) / temperature)),
  entropy: 2.1,
  textOf: (token: number) => [" <b>12", "\n", "率", "%"][token % 4]!,
};

/** Name → figure on data, figure on none. */
export const EXAMPLES: Record<string, [Figure, Figure]> = {
  sourceBars: [sourceBars(questions, setAside), sourceBars([], [])],
  questionLengths: [
    questionLengths(
      questions.map((row, i) => ({ ...row, tokens: i % 9 === 0 ? 150 + (i % 400) : 20 + (i % 60) })),
      192,
    ),
    questionLengths([], 192),
  ],
  distillProgress: [distillProgress(progress), distillProgress({ ...progress, history: [], done: 0 })],
  temperatureBars: [temperatureBars(onePlace), temperatureBars(null)],
  yieldByType: [yieldByType(yields), yieldByType([])],
  funnel: [funnel(funnelOf(filtered, ["format", "answer", "judge", "size"], ["size"])), funnel([])],
  funnelByReason: [funnelByReason(filtered), funnelByReason([])],
  judgeThreshold: [judgeThreshold(judged, { pass: 12 }), judgeThreshold([], { pass: 12 })],
  judgeHeatmap: [judgeHeatmap(heat), judgeHeatmap([])],
  runPanels: [
    runPanels(
      [
        { name: "sft", metrics: sft, label: "learningRate 0.001" },
        { name: "sft", metrics: sftHot, label: "learningRate 0.003" },
      ],
      "sft",
    ),
    runPanels([], "sft"),
  ],
  lossCurve: [
    lossCurve([
      { name: "sft", metrics: sft, label: "lr 1e-3" },
      { name: "hot", metrics: sftHot, label: "lr 3e-3" },
    ]),
    lossCurve([]),
  ],
  rewardByComponent: [rewardByComponent(grpoSamples(60, 0.55, 0.85)), rewardByComponent([])],
  noSignalShare: [
    noSignalShare([
      { name: "sft_grpo", samples: grpoSamples(60, 0.6, 0.9) },
      { name: "grpo_only", samples: grpoSamples(60, 0.3, 0.5) },
    ]),
    noSignalShare([]),
  ],
  censusHistogram: [
    censusHistogram(
      takeCensus(
        range(400).map((i) => ({
          id: `q${i}`,
          type: "financial_concept",
          answers: 8,
          right: Math.min(8, Math.max(0, Math.round(8 * (0.62 + 0.9 * normal(random))))),
        })),
      ),
    ),
    censusHistogram(takeCensus([])),
  ],
  klAndEntropy: [
    klAndEntropy({ name: "sft_grpo", metrics: grpo }),
    klAndEntropy({ name: "sft_grpo", metrics: { step: [] } }),
  ],
  passCurve: [
    passCurve(
      [
        { label: "paid", samples: practised, measure: "careless" },
        { label: "right", samples: practised, measure: "accuracy", again: true },
      ],
      { title: "Paid and right", yTitle: "share of answers (%)", share: true },
    ),
    passCurve([], { title: "Paid and right", yTitle: "share of answers (%)", share: true }),
  ],
  accuracyByType: [accuracyByType(arms), accuracyByType([])],
  readFailures: [readFailures(arms), readFailures([])],
  passAtKCurve: [passAtKCurve(arms), passAtKCurve([])],
  throughputCurve: [
    throughputCurve(
      [1, 4, 16, 64].map((inFlight, i) => ({
        inFlight,
        requests: 6 + 3 * inFlight,
        failed: 0,
        tokens: 900,
        seconds: 1,
        tokensPerSecond: 300 * (i + 1),
        medianMs: 150 * (i + 1) ** 2,
      })),
    ),
    throughputCurve([]),
  ],
  weightChangeMap: [
    weightChangeMap([
      { name: "embed", layer: null, part: "embed_tokens", weights: 300_000, changed: 0, relative: 0 },
      ...range(6).flatMap((layer) =>
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"].map((part, i) => ({
          name: part,
          layer,
          part,
          weights: 60_000,
          changed: 60_000,
          relative: 0.01 * (1 + layer + i),
        })),
      ),
    ]),
    weightChangeMap([]),
  ],
  toyKnobs: [
    toyKnobs(toyGrpo.knobs([1, 0.3, 0.3, 0], [0.2, 0.45, 0.2, 0.15]), [
      "1: right",
      "2: 20%",
      "3: 125%",
      "4: right, no tags",
    ]),
    toyKnobs({ batches: [], knobs: [] }, []),
  ],
  toyCurve: [
    toyCurve(toyGrpo.collapse([1, 0.3, 0.3, 1], [0.2, 0.45, 0.2, 0.15], [0, 0.05, 0.2]).lines, {
      title: "Entropy of the policy",
      subtitle: "n = 20 runs a line",
      yTitle: "entropy (nats)",
    }),
    toyCurve([], { title: "Entropy of the policy", subtitle: "", yTitle: "entropy (nats)" }),
  ],
  ablation: [ablation(summary), ablation({ ...summary, arms: [], n: 0 })],
  deltas: [deltas(arms.slice(1).flatMap((arm, i) => deltasByType(arms[i]!, arm))), deltas([])],
};
