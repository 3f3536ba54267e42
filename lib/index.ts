/** What the notebooks import: everything, room by room in the order of the stages. */
export * from "./errors.ts";
export * from "./records.ts";

export * from "./config/config.ts";
export * from "./config/explain.ts";
export * from "./config/gpu.ts";
export * from "./config/lab.ts";
export * from "./config/paths.ts";
export * from "./config/profiles.ts";
export * from "./config/settings.ts";
export * from "./config/side-lab.ts";

export * from "./store/atomic.ts";
export * from "./store/field-problem.ts";
export * from "./store/file-stamp.ts";
export * from "./store/hash.ts";
export * from "./store/jsonl.ts";
export * from "./store/lock.ts";
export * from "./store/manifest.ts";
export * from "./store/process-start.ts";
export * from "./store/store.ts";

export * from "./stats/bootstrap.ts";
export * from "./stats/compare.ts";
export * from "./stats/comparison-text.ts";
export * from "./stats/first.ts";
export * from "./stats/random.ts";
export * from "./stats/stats.ts";

export * from "./prepare/arabic-digits.ts";
export * from "./prepare/boxed.ts";
export * from "./prepare/canonical.ts";
export * from "./prepare/classify.ts";
export * from "./prepare/collect.ts";
export * from "./prepare/dianjin.ts";
export * from "./prepare/duplicates.ts";
export * from "./prepare/options.ts";
export * from "./prepare/overlap.ts";
export * from "./prepare/prepare-report.ts";
export * from "./prepare/prepare.ts";
export * from "./prepare/prepared.ts";
export * from "./prepare/sample.ts";
export * from "./prepare/sources.ts";
export * from "./prepare/split.ts";

export * from "./answer/index.ts";

export * from "./model/adapter.ts";
export * from "./model/chat.ts";
export * from "./model/fit-lab.ts";
export * from "./model/fit-table.ts";
export * from "./model/fit.ts";
export * from "./model/hub-cache.ts";
export * from "./model/lineage.ts";
export * from "./model/memory-plan.ts";
export * from "./model/merge.ts";
export * from "./model/model-card.ts";
export * from "./model/model-ref.ts";
export * from "./model/model-shape.ts";
export * from "./model/tensor-data.ts";
export * from "./model/tokens.ts";
export * from "./model/training-memory.ts";
export * from "./model/weight-change.ts";

export * from "./serving/client.ts";
export * from "./serving/completion.ts";
export * from "./serving/deploy.ts";
export * from "./serving/engine.ts";
export * from "./serving/pool.ts";
export * from "./serving/port.ts";
export * from "./serving/process-identity.ts";
export * from "./serving/server.ts";
export * from "./serving/serving.ts";
export * from "./serving/throughput.ts";

export * from "./distill/distill-curve.ts";
export * from "./distill/distill-progress.ts";
export * from "./distill/distill-tasks.ts";
export * from "./distill/distill.ts";
export * from "./distill/outcome.ts";

export * from "./filter/filter-record.ts";
export * from "./filter/filter-rules.ts";
export * from "./filter/filter-samples.ts";
export * from "./filter/filter.ts";
export * from "./filter/funnel.ts";
export * from "./filter/select.ts";
export * from "./filter/survival.ts";
export * from "./filter/threshold.ts";

export * from "./judge/judge-ask.ts";
export * from "./judge/judge-card.ts";
export * from "./judge/judge-curve.ts";
export * from "./judge/judge-gate.ts";
export * from "./judge/judge-guard.ts";
export * from "./judge/judge-measure.ts";
export * from "./judge/judge-preference.ts";
export * from "./judge/judge-prompt.ts";
export * from "./judge/judge-quick.ts";
export * from "./judge/judge-rules.ts";
export * from "./judge/judge-server.ts";
export * from "./judge/judge-sets.ts";
export * from "./judge/judge-store.ts";
export * from "./judge/judge-verdict.ts";
export * from "./judge/judge-vote.ts";
export * from "./judge/judge.ts";

export * from "./reward/advantage.ts";
export * from "./reward/groups.ts";
export * from "./reward/judge-reward.ts";
export * from "./reward/pay-again.ts";
export * from "./reward/reward-source.ts";
export * from "./reward/reward.ts";

export * from "./train/census-run.ts";
export * from "./train/census.ts";
export * from "./train/live-questions.ts";
export * from "./train/one-step.ts";
export * from "./train/run-events.ts";
export * from "./train/run-follow.ts";
export * from "./train/run-key.ts";
export * from "./train/run-metrics.ts";
export * from "./train/run-start.ts";
export * from "./train/run.ts";
export * from "./train/train.ts";
export * from "./train/without-sft.ts";

export * from "./evaluate/ablate.ts";
export * from "./evaluate/ask-arms.ts";
export * from "./evaluate/eval-answers.ts";
export * from "./evaluate/eval-model.ts";
export * from "./evaluate/eval-report.ts";
export * from "./evaluate/eval-summary.ts";
export * from "./evaluate/evaluate-arms.ts";
export * from "./evaluate/evaluate.ts";
export * from "./evaluate/fin-r1.ts";
export * from "./evaluate/track.ts";
export * from "./evaluate/travellers.ts";

export * from "./figures/index.ts";

export * from "./show/answer-view.ts";
export * from "./show/frame.ts";
export * from "./show/sample-view.ts";
export * from "./show/show.ts";
export * from "./show/table.ts";
export * from "./show/text-view.ts";

export type { CollectProgress } from "./evaluate/eval-collect.ts";
