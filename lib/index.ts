/**
 * The door: every name that a notebook may import, by stage. What is not here is imported within lib by its
 * file. A name that no notebook and no page uses leaves again (index.test.ts).
 */

// The one error of bad input, and the rows that pass from stage to stage
export { LabError } from "./errors.ts";
export { ArmName, Distilled, Question, RlRow, SftRow } from "./records.ts";

// Files: rows in JSON lines, hashes
export { readJsonl } from "./store/jsonl.ts";

// The lab: a profile, its values, the folders
export { explainConfig } from "./config/explain.ts";
export { overrideConfig } from "./config/settings.ts";
export { sideLab } from "./config/lab.ts";

// Counts, means, intervals, seeded draws
export { mcnemar } from "./stats/stats.ts";

// Tables and texts, as they are shown
export { groupingOf } from "./view/grouping.ts";
export { checkPredictions } from "./view/predictions.ts";
export { sampleColumns, sampleList, sideBySide } from "./view/sample-view.ts";

// When is an answer right
export { checkAnswer } from "./answer/check-answer.ts";
export { EXAMPLE_PAIRS } from "./answer/examples.ts";
export { checkFormat } from "./answer/completion/format.ts";
export { originalRule } from "./answer/original-rule.ts";
export { scoreCompletion } from "./answer/score.ts";

// Models: tokens, memory, weights
export { messages } from "./model/chat.ts";
export {
  countLoraParameters,
  countParameters,
  loraRows,
  readModelShape,
  quantisationRows,
} from "./model/shape.ts";
export { loadTokenizer } from "./model/tokens.ts";
export { memoryRows } from "./gpu/held-models.ts";

// What models are told
export { promptView } from "./prompt/prompt.ts";

// The generated basics
export { worldExamples } from "./world/examples.ts";
export { glosses } from "./world/gloss.ts";

// Stage 1: questions
export { removeDuplicates } from "./prepare/duplicates.ts";
export { messyFiles } from "./prepare/handwritten.ts";
export { prepare } from "./prepare/prepare.ts";
export { questionFacts, readPrepared } from "./prepare/prepared.ts";
export { readQuestions } from "./prepare/read-questions.ts";
export { splitQuestions } from "./prepare/split.ts";
export { typeRules } from "./prepare/type-rules.ts";

// Model servers
export { isPortFree } from "./serving/port.ts";
export { measureThroughput } from "./serving/throughput.ts";

// Runs of the trainer
export { putFirst } from "./run/first.ts";
export { runOrigin } from "./run/origin.ts";
export { cancelRun } from "./run/start.ts";
export type { Run } from "./run/run.ts";

// Stage 2: the Teacher
export { followDistillation } from "./distill/curve.ts";
export { textOutcome } from "./distill/outcome.ts";
export { measuredPrompts } from "./distill/prompt-report.ts";

// Stage 3: the Judge
export { judgeOnArms } from "./judge/arms.ts";
export { cardSummary } from "./judge/card.ts";
export { judgeCurveRecorder } from "./judge/curve.ts";
export { quickJudgeCard } from "./judge/quick.ts";
export { judgeScale } from "./judge/verdict.ts";

// Stage 3: the filter
export { assemblyRows, languageRows } from "./filter/assembly-stats.ts";
export { filterSamples } from "./filter/samples.ts";
export { filter } from "./filter/filter.ts";
export { caughtByJudge } from "./filter/judge-caught.ts";
export { yieldCurve } from "./filter/select.ts";
export { survivalBySource } from "./filter/survival.ts";

// Stage 5: what is paid
export { expectedNoSignalShare, groupAdvantages, hasNoSignal } from "./reward/advantage.ts";
export { countPaid, payAgain } from "./reward/pay-again.ts";
export { rewardRow } from "./reward/reward.ts";
export type { Reward } from "./reward/reward.ts";
export { trapsBeside } from "./reward/traps.ts";

// Stage 5: GRPO on a policy of four answers
export { toyGrpo } from "./toy/index.ts";

// Stages 4 and 5: SFT, GRPO, the census, and the lab that they are opened with
export { runCensus } from "./train/census-run.ts";
export { firstStep } from "./train/first-step.ts";
export { readGrpo } from "./train/grpo-reading.ts";
export { groupTexts, groupsOf } from "./train/groups.ts";
export { lossTokens } from "./train/loss-tokens.ts";
export { openLab } from "./train/open-lab.ts";
export { rowLogits } from "./train/row-logits.ts";
export { trainerLoss } from "./train/trainer-loss.ts";
export { trainOnPolicy } from "./train/on-policy.ts";
export { openStudent } from "./train/open-student.ts";
export type { DrawnAnswer, Student } from "./train/open-student.ts";
export { trainOneStep } from "./train/one-step.ts";
export { trainGrpo, trainSft } from "./train/train.ts";
export { trainWithoutSft } from "./train/without-sft.ts";

// Stages 6 and 8: answers, arms, differences
export { readAblation } from "./evaluate/ablation-reading.ts";
export { ablate } from "./evaluate/ablate.ts";
export { askArms } from "./evaluate/ask-arms.ts";
export { armCosts, runOf } from "./evaluate/costs.ts";
export { readEvaluation } from "./evaluate/eval-reading.ts";
export { evaluateArms } from "./evaluate/arms.ts";
export { failureSamples } from "./evaluate/failure-samples.ts";
export { evaluate } from "./evaluate/evaluate.ts";
export { readMethods } from "./evaluate/methods.ts";
export { travellers } from "./evaluate/travellers.ts";
export { yourRows } from "./evaluate/your-rows.ts";

// Stage 7: merge, serve, export
export { askByCurl, askStreamed, deploy, mergeForDeployment, withDeployment } from "./deploy/deploy.ts";
export { readDeployment } from "./deploy/reading.ts";
export { exportModel } from "./deploy/export-model.ts";
export { mergedWeights } from "./deploy/weight-change.ts";

// Sentences about a run that are computed from it
export { readings } from "./reading/index.ts";

// What the exercises ask, with what is right
export { quiz } from "./reading/quiz.ts";

// The model in the page
export { chat } from "./chat/chat.ts";
export { temperatureFigure } from "./chat/temperature-figure.ts";

// One step of GRPO, token by token
export { insideStep } from "./inside/inside.ts";

// Figures: rows in, Plotly JSON out
export { ablation, ablationTable } from "./figures/ablate.ts";
export { answerProgress, passAtKCurve } from "./figures/answers.ts";
export { lossCurve, rewardCurve } from "./figures/curves.ts";
export { klAndEntropy } from "./figures/run-panels.ts";
export { deltas, deltasByType } from "./figures/deltas.ts";
export { distillProgress, yieldByType } from "./figures/distill.ts";
export { accuracyByType } from "./figures/evaluate.ts";
export { readFailures } from "./figures/failures.ts";
export { funnel, funnelByReason } from "./figures/filter.ts";
export { judgeHeatmap, judgeThreshold } from "./figures/judge.ts";
export { lineDiagram } from "./figures/line.ts";
export { sftLoss } from "./figures/sft-loss.ts";
export { methodFlow } from "./figures/methods.ts";
export { duplicatesTable, sourceBars } from "./figures/prepare.ts";
export { questionLengths } from "./figures/question-lengths.ts";
export { rewardByComponent } from "./figures/reward.ts";
export { censusHistogram, noSignalShare } from "./figures/signal.ts";
export { throughputCurve } from "./figures/speed.ts";
export { drawToy } from "./figures/toy.ts";
export { weightChangeMap } from "./figures/weight-change.ts";

// Into the notebook
export { explore } from "./explore/explore.ts";
export { showFrame, toFrame } from "./show/frame.ts";
export { liveFigure, show, showMarkdown, showTable } from "./show/show.ts";

// Into a file to send
export { exportReport } from "./report/export-report.ts";

// Runs beside each other: compared, tried, kept
export { compareRewards } from "./compare/rewards.ts";
export { compareRuns } from "./compare/runs.ts";
export { goldsAlone } from "./compare/golds-alone.ts";
export { keepRun } from "./compare/keep-run.ts";
export { keptRuns } from "./compare/kept-runs.ts";
export { realRun } from "./compare/real-run.ts";
export { acrossSeeds } from "./compare/seeds.ts";
export { agreementReading } from "./compare/reward-trials.ts";
export { tryValues } from "./compare/try-values.ts";
