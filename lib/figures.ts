/** All figures, stage by stage: pure functions from rows to plain Plotly JSON. `show()` draws them. */
export { ARM_STYLES, type Figure, type Trace } from "./figures/theme.ts";
export { duplicatesTable, sourceBars, typeBars } from "./figures/prepare.ts";
export { lengthHistogram, type LengthOptions } from "./figures/lengths.ts";
export { type MeasuredQuestion, questionLengths } from "./figures/question-lengths.ts";
export { type DistillCurve, distillProgress, yieldByType } from "./figures/distill.ts";
export { funnel, funnelByReason, type FunnelLayer } from "./figures/filter.ts";
export { type JudgedText, judgeHeatmap, judgeThreshold, type ThresholdOptions } from "./figures/judge.ts";
export { completionLength, type Curve, type CurveOptions, entropyCurve, klCurve, lossCurve, lrCurve, metricCurve, rewardCurve } from "./figures/curves.ts";
export { rewardByComponent, rewardDistribution, type StepSamples } from "./figures/reward.ts";
export { censusHistogram, noSignalShare, type SampledRun } from "./figures/signal.ts";
export { accuracyByType, type ArmDetails } from "./figures/evaluate.ts";
export { failureSamples, readFailures } from "./figures/failures.ts";
export { ablation, ablationTable } from "./figures/ablate.ts";
export { type Delta, deltas, deltasByType, deltasOf } from "./figures/deltas.ts";
export { answerProgress, passAtKCurve } from "./figures/answers.ts";
export { throughputCurve } from "./figures/throughput.ts";
export { weightChangeMap } from "./figures/weight-change.ts";
