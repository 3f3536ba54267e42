/** All figures, stage by stage: pure functions from rows to plain Plotly JSON. `show()` draws them. */
export type { Figure, Trace } from "./theme.ts";
export { duplicatesTable, sourceBars } from "./prepare.ts";
export { sftLoss } from "./sft-loss.ts";
export { lengthHistogram, type LengthOptions } from "./lengths.ts";
export { type MeasuredQuestion, questionLengths } from "./question-lengths.ts";
export { distillProgress, yieldByType } from "./distill.ts";
export { funnel, funnelByReason, type FunnelLayer } from "./filter.ts";
export { type JudgedText, judgeHeatmap, judgeThreshold, type ThresholdOptions } from "./judge.ts";
export {
  type Curve,
  type CurveOptions,
  lossCurve,
  lrCurve,
  metricCurve,
  rewardCurve,
} from "./curves.ts";
export { klAndEntropy, runPanels } from "./run-panels.ts";
export { rewardByComponent, type StepSamples } from "./reward.ts";
export { censusHistogram, noSignalShare, type SampledRun } from "./signal.ts";
export { stepSeconds, throughputCurve } from "./speed.ts";
export { passCurve, type PassLine, type PassOptions } from "./passes.ts";
export { accuracyByType, type ArmDetails } from "./evaluate.ts";
export { failureSamples, readFailures } from "./failures.ts";
export { methodFlow } from "./methods.ts";
export { ablation, ablationTable } from "./ablate.ts";
export { type Delta, deltas, deltasByType } from "./deltas.ts";
export { answerProgress, passAtKCurve } from "./answers.ts";
export { temperatureBars } from "./temperature.ts";
export { drawToy, toyStep, toyCurve, type ToyCurveOptions, toyKnobs } from "./toy.ts";
export { weightChangeMap } from "./weight-change.ts";
