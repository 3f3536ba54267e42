/** The card of a merged model: what it was made from, how, on which data, and how good it was found to be. */
import { basename, join } from "node:path";
import { adaptedId } from "../completions/models.ts";
import type { Lab } from "../config/lab.ts";
import { listReports } from "../evaluate/eval-report.ts";
import { TRAINING_NAMES } from "../view/arms.ts";
import { formatEstimate } from "../view/numbers.ts";
import type { EvalReport } from "../records.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { hashFolder } from "../store/hash.ts";
import type { RunFile, TrainedStage } from "../run/key.ts";
import { readOrigin } from "../model/adapter.ts";
import { readRunFile, trainingRuns } from "../run/lineage.ts";
import type { Parity } from "../run/merge.ts";

export interface CardFacts {
  base: string;
  revision: string | null;
  /** The runs that trained the adapter, the first one first; those whose folder is gone are missing. */
  runs: readonly RunFile[];
  parity: Parity | null;
  /** The newest evaluation of exactly these weights. */
  report: EvalReport | null;
}

/** Markdown with the front matter that model hubs read. Pure. */
export function modelCard({ base, revision, runs, parity, report }: CardFacts): string {
  const steps = runs.map(({ stage, key, config, inputs }) => ({
    stage: TRAINING_NAMES[stage as TrainedStage],
    key,
    data: inputs.train,
    settings: { sft: config.sft, grpo: config.grpo, on_policy: config.onPolicy }[stage as TrainedStage],
    config,
  }));
  return [
    "---",
    ...(base.startsWith("/") || base.startsWith("ckpts/") ? [] : [`base_model: ${base}`]),
    "library_name: transformers",
    "pipeline_tag: text-generation",
    "tags: [finance, reasoning, lora, sft, grpo]",
    "---",
    `# ${basename(base)}, post-trained for financial reasoning`,
    "",
    `Base ${base}${revision ? ` at revision ${revision}` : ""}; a LoRA adapter trained by ` +
      `${steps.map(({ stage }) => stage).join(", then ") || "runs that are no longer there"}, ` +
      "merged into bf16 or float32 weights.",
    ...steps.flatMap(({ stage, key, data, settings, config }) => [
      "",
      `## ${stage}`,
      "",
      `Run \`${key}\`` +
        (data
          ? ` on ${data.rows} rows of ${basename(data.path)} (sha256 \`${data.sha256.slice(0, 16)}\`)`
          : "") +
        `, seed ${config.seed}, base in ` +
        `${config.models.loadIn4bit ? "NF4 with double quantisation" : "full precision"}.`,
      "",
      "| setting | value |",
      "|---|---|",
      ...Object.entries(settings).map(([name, value]) => `| ${name} | ${String(value)} |`),
    ]),
    "",
    "## Evaluation",
    "",
    ...(report
      ? [
          `On ${report.n} test questions that were kept apart before anything was filtered, ` +
            `${report.created.slice(0, 10)}, with 95 % intervals:`,
          "",
          "| | |",
          "|---|---|",
          `| format | ${formatEstimate(report.format)} |`,
          `| accuracy, strict, greedy | ${formatEstimate(report.accuracy)} |`,
          `| accuracy, lenient, greedy | ${formatEstimate(report.accuracyLenient)} |`,
          ...(report.accuracySampled
            ? [`| accuracy, strict, sampled | ${formatEstimate(report.accuracySampled)} |`]
            : []),
          ...Object.entries(report.byType).map(
            ([type, { n, accuracy }]) => `| ${type} (n = ${n}) | ${formatEstimate(accuracy)} |`,
          ),
        ]
      : ["These weights have not been evaluated here."]),
    "",
    parity ? parityLine(parity) : "Its merge was not checked against the adapter.",
    "",
    "The model reasons in `<think>…</think>` and gives its answer in `<answer>…</answer>`. It " +
      "can be wrong with confidence: no decision about money should rest on it alone.",
    "",
  ].join("\n");
}

function parityLine({ prompts, tokens, topTokens, meanLogprobDifference: mean }: Parity): string {
  const share =
    `at ${(100 * topTokens).toFixed(2)} % of their ${tokens} tokens ` + "both have the same most likely one";
  const apart = mean === null ? "" : `, and log-probabilities differ by ${mean.toPrecision(2)} on average`;
  return `Merged and checked along the adapter's greedy answers to ${prompts} prompts: ${share}${apart}.`;
}

/**
 * Writes the card of a merged model into its folder; again after an evaluation, it says that one's numbers.
 * The card is in no hash: the weights stay the same model.
 */
export async function writeModelCard(lab: Lab, folder: string, parity: Parity | null): Promise<void> {
  const origin = readOrigin(folder);
  const merge = origin === null ? null : readRunFile(lab, origin.run);
  const base = merge?.config.models.base ?? lab.config.models.base;
  // Evaluated as the adapter that it was made from, or by its folder's name.
  const ids = [
    ...(origin?.adapter ? [adaptedId(origin.base, origin.adapter)] : []),
    await hashFolder(folder),
  ];
  const report =
    listReports(lab.paths.reports).find(({ report }) => ids.some((id) => id === report.settings.modelId))
      ?.report ?? null;
  const revision = merge?.models.base.sha256 === null ? merge.models.base.revision : null;
  writeFileAtomic(
    join(folder, "README.md"),
    modelCard({ base, revision, runs: trainingRuns(lab, merge?.models.adapter ?? null), parity, report }),
  );
}
