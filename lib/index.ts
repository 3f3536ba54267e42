/**
 * What the notebooks import: everything, room by room; a room imports only from those before it
 * (testing/order.test.ts).
 */
export * from "./errors.ts";
export * from "./records.ts";

export * from "./store/atomic.ts";
export * from "./store/field-problem.ts";
export * from "./store/file-stamp.ts";
export * from "./store/hash.ts";
export * from "./store/jsonl.ts";
export * from "./store/lock.ts";
export * from "./store/manifest.ts";
export * from "./store/process-identity.ts";
export * from "./store/process-start.ts";
export * from "./store/store.ts";

export * from "./config/code-hash.ts";
export * from "./config/config.ts";
export * from "./config/explain.ts";
export * from "./config/gpu.ts";
export * from "./config/lab.ts";
export * from "./config/paths.ts";
export * from "./config/profiles.ts";
export * from "./config/settings.ts";
export * from "./config/side-lab.ts";

export * from "./stats/bootstrap.ts";
export * from "./stats/counts.ts";
export * from "./stats/random.ts";
export * from "./stats/stats.ts";

export * from "./question/arabic-digits.ts";
export * from "./question/canonical.ts";
export * from "./question/language.ts";
export * from "./question/options.ts";

export { ARM_STYLES } from "./view/arms.ts";
export * from "./view/grouping.ts";
export * from "./view/sample-view.ts";
export * from "./view/table.ts";
export * from "./view/text-view.ts";

export * from "./answer/index.ts";

export * from "./model/adapter.ts";
export * from "./model/chat.ts";
export * from "./model/fetch-model.ts";
export * from "./model/fit.ts";
export * from "./model/fit-lab.ts";
export * from "./model/fit-table.ts";
export * from "./model/hub.ts";
export * from "./model/memory-plan.ts";
export * from "./model/model-ref.ts";
export * from "./model/model-shape.ts";
export * from "./model/tensor-data.ts";
export * from "./model/tokens.ts";
export * from "./model/training-memory.ts";

export * from "./prompt/prompt.ts";
export * from "./prompt/prompt-tokens.ts";
export * from "./prompt/prompt-view.ts";

export { FAULT_KINDS } from "./world/fault-kind.ts";
export type { FaultKind } from "./world/fault-kind.ts";

export * from "./prepare/boxed.ts";
export * from "./prepare/classify.ts";
export * from "./prepare/collect.ts";
export * from "./prepare/dianjin.ts";
export * from "./prepare/duplicates.ts";
export * from "./prepare/overlap.ts";
export * from "./prepare/prepare.ts";
export * from "./prepare/prepare-report.ts";
export * from "./prepare/prepared.ts";
export * from "./prepare/sample.ts";
export * from "./prepare/sources.ts";
export * from "./prepare/split.ts";

export * from "./serving/client.ts";
export * from "./serving/completion.ts";
export * from "./serving/engine.ts";
export * from "./serving/given.ts";
export * from "./serving/pool.ts";
export * from "./serving/port.ts";
export * from "./serving/server.ts";
export * from "./serving/serving.ts";
export * from "./serving/throughput.ts";

export * from "./run/first.ts";
export * from "./run/lineage.ts";
export * from "./run/merge.ts";
export * from "./run/run.ts";
export * from "./run/run-events.ts";
export * from "./run/run-follow.ts";
export * from "./run/run-key.ts";
export * from "./run/run-metrics.ts";
export * from "./run/run-start.ts";

export * from "./ask/answers.ts";
export * from "./ask/ask.ts";
export type { CollectProgress } from "./ask/collect.ts";
export * from "./ask/model.ts";

export * from "./distill/compare-prompts.ts";
export * from "./distill/assemble.ts";
export * from "./distill/assemble-row.ts";
export * from "./distill/distill.ts";
export * from "./distill/distill-curve.ts";
export * from "./distill/distill-progress.ts";
export * from "./distill/distill-tasks.ts";
export * from "./distill/draw-by-source.ts";
export * from "./distill/never-answers.ts";
export * from "./distill/outcome.ts";
export * from "./distill/prompt-report.ts";
export * from "./distill/read-text.ts";

export * from "./judge/judge.ts";
export * from "./judge/judge-arms.ts";
export * from "./judge/judge-ask.ts";
export * from "./judge/judge-card.ts";
export * from "./judge/judge-curve.ts";
export * from "./judge/judge-gate.ts";
export * from "./judge/judge-guard.ts";
export * from "./judge/judge-measure.ts";
export * from "./judge/judge-preference.ts";
export * from "./judge/judge-prompt.ts";
export * from "./judge/judge-quick.ts";
export * from "./judge/judge-real-texts.ts";
export * from "./judge/judge-server.ts";
export * from "./judge/judge-set-card.ts";
export * from "./judge/judge-sets.ts";
export * from "./judge/judge-store.ts";
export * from "./judge/judge-unread.ts";
export * from "./judge/judge-verdict.ts";
export * from "./judge/judge-vote.ts";

export * from "./filter/assembly-rows.ts";
export * from "./filter/assembly-stats.ts";
export * from "./filter/filter.ts";
export * from "./filter/filter-record.ts";
export * from "./filter/filter-rules.ts";
export * from "./filter/filter-samples.ts";
export * from "./filter/funnel.ts";
export * from "./filter/judge-caught.ts";
export * from "./filter/judge-shortfall.ts";
export * from "./filter/select.ts";
export * from "./filter/survival.ts";
export * from "./filter/threshold.ts";

export * from "./reward/advantage.ts";
export * from "./reward/judge-reward.ts";
export * from "./reward/pay-again.ts";
export * from "./reward/reward.ts";
export * from "./reward/reward-source.ts";
export * from "./reward/traps.ts";

export * from "./train/census.ts";
export * from "./train/census-run.ts";
export * from "./train/groups.ts";
export * from "./train/live-questions.ts";
export * from "./train/one-step.ts";
export * from "./train/passes.ts";
export * from "./train/practise.ts";
export * from "./train/train.ts";
export * from "./train/without-sft.ts";

export * from "./evaluate/ablate.ts";
export * from "./evaluate/answer-view.ts";
export * from "./evaluate/ask-arms.ts";
export * from "./evaluate/compare.ts";
export * from "./evaluate/comparison-text.ts";
export * from "./evaluate/eval-report.ts";
export * from "./evaluate/eval-summary.ts";
export * from "./evaluate/evaluate.ts";
export * from "./evaluate/evaluate-arms.ts";
export * from "./evaluate/fin-r1.ts";
export * from "./evaluate/majority.ts";
export * from "./evaluate/track.ts";
export * from "./evaluate/travellers.ts";

export * from "./deploy/deploy.ts";
export * from "./deploy/model-card.ts";
export * from "./deploy/weight-change.ts";

export * from "./figures/index.ts";

export * from "./show/frame.ts";
export * from "./show/show.ts";
