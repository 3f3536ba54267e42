/** Further seeds of SFT and GRPO on the same data: how much of a difference is the seed's. */
import type { CollectProgress } from "../completions/ask-models.ts";
import { overrideConfig } from "../config/settings.ts";
import type { Lab } from "../config/lab.ts";
import { compareArms } from "../evaluate/compare.ts";
import type { Comparison, Metric } from "../evaluate/compare.ts";
import { comparisonRows, describeComparison } from "../evaluate/comparison-text.ts";
import { answerTestQuestions, evaluate } from "../evaluate/evaluate.ts";
import type { EvaluateOptions, Evaluation } from "../evaluate/evaluate.ts";
import type { ArmName, EvalDetail } from "../records.ts";
import { describeProgress } from "../run/progress.ts";
import type { Run } from "../run/run.ts";
import { liveFigure, showMarkdown } from "../show/show.ts";
import { trainGrpo, trainSft } from "../train/train.ts";
import type { TrainOptions } from "../train/train.ts";
import { table } from "../view/table.ts";
import { formatPoints } from "../view/numbers.ts";

/** The answers of one seed's arms to the test questions. */
export interface SeedAnswers {
  seed: number;
  base: readonly EvalDetail[];
  sft: readonly EvalDetail[];
  sft_grpo: readonly EvalDetail[];
}

export interface SeedsOptions
  extends Pick<TrainOptions, "signal" | "command">,
    Pick<EvaluateOptions, "client"> {}

export interface AcrossSeeds {
  /** One a difference and seed, and one for all seeds together. */
  rows: ({ seed: string } & ReturnType<typeof comparisonRows>[number])[];
  /** What may be said, in markdown. */
  reading: string;
}

/**
 * Trains SFT, and GRPO on it, once more for each of `seeds` with the lab's data and values, publishes
 * neither, has them answer the test questions and pools the answers with `first`, the lab's own seed. Shows
 * the first seed at once and the others as they come. A question's answers of all seeds are one cluster: the
 * interval is over questions and tightens as seeds arrive.
 *
 * Each training that is done and each answer that is there is found again. Throws LabError as trainSft,
 * trainGrpo and evaluate.
 *
 * @example await acrossSeeds(lab, evaluations, [43, 44])
 */
export async function acrossSeeds(
  lab: Lab,
  first: Partial<Record<ArmName, Pick<Evaluation, "details">>>,
  seeds: readonly number[],
  options: SeedsOptions = {},
): Promise<AcrossSeeds> {
  const detailsOf = (arm: ArmName): EvalDetail[] => first[arm]?.details ?? [];
  const base = detailsOf("base");
  const all: SeedAnswers[] = [
    { seed: lab.config.seed, base, sft: detailsOf("sft"), sft_grpo: detailsOf("sft_grpo") },
  ];
  const live = liveFigure();
  let read = readSeeds(all); // intervals take a second: once a seed, not at every step of a training
  const shown = (state: string) => table(read.rows, undefined, { caption: `Read leniently${state}` });
  for (const seed of seeds.filter((one) => one !== lab.config.seed)) {
    const onState = (state: string) => live.update(shown(`. Seed ${seed}, ${state}`));
    all.push({ seed, base, ...(await answersOfSeed(lab, seed, options, onState)) });
    read = readSeeds(all);
  }
  await live.finish(shown(""));
  await showMarkdown(read.reading);
  return read;
}

async function answersOfSeed(
  lab: Lab,
  seed: number,
  { client, ...training }: SeedsOptions,
  onState: (state: string) => void,
): Promise<Pick<SeedAnswers, "sft" | "sft_grpo">> {
  const own = {
    ...lab,
    force: false,
    config: overrideConfig(lab.config, { seed, "evaluate.useJudge": false }),
  };
  const ofStage = (stage: string) => ({
    ...{ ...training, publish: false, label: `${stage}, seed ${seed}` },
    onProgress: (run: Run) => onState(`${stage}: ${describeProgress(run) ?? run.status}`),
  });
  const sft = await trainSft(own, ofStage("SFT"));
  const grpo = await trainGrpo(own, { ...ofStage("GRPO"), adapter: sft.adapter });
  const models = [
    { model: sft.adapter, name: `sft_seed_${seed}` },
    { model: grpo.adapter, name: `sft_grpo_seed_${seed}` },
  ] as const;
  const asking = {
    ...{ ...(client && { client }), ...(training.signal && { signal: training.signal }) },
    onProgress: ({ done, total }: CollectProgress) => onState(`answering, ${done} of ${total}`),
  };
  await answerTestQuestions(own, models, asking); // one start of a server that can hold both
  const asSft = await evaluate(own, { ...models[0], ...asking });
  const asGrpo = await evaluate(own, { ...models[1], ...asking });
  return { sft: asSft.details, sft_grpo: asGrpo.details };
}

const STEPS = [
  ["sft", "sft_grpo"],
  ["base", "sft"],
] as const;
const METRICS: readonly Metric[] = ["accuracyLenient", "accuracySampledLenient"];

/** What the seeds say one by one and together, read leniently. Pure. */
export function readSeeds(all: readonly SeedAnswers[]): AcrossSeeds {
  const pooled = all.length > 1 ? [[`all ${all.length}`, all] as const] : [];
  const groups = [...all.map((one) => [String(one.seed), [one]] as const), ...pooled];
  const rows = STEPS.flatMap(([a, b]) =>
    groups.flatMap(([seed, some]) =>
      comparisonRows([{ a, b, metrics: compared(some, a, b) }]).map((row) => ({ seed, ...row })),
    ),
  );
  const lines = STEPS.flatMap(([a, b]) =>
    compared(all, a, b).map((c) => `- ${describeComparison(a, b, c)}${spread(all, a, b, c.metric)}`),
  );
  // of one seed the table has said all there is
  const reading =
    all.length > 1
      ? [`${all.length} seeds together:`, "", ...lines].join("\n")
      : "One seed: the intervals cover the choice of questions, not of the seed.";
  return { rows, reading };
}

type SeedArm = (typeof STEPS)[number][number];

function compared(some: readonly SeedAnswers[], a: SeedArm, b: SeedArm): Comparison[] {
  return METRICS.flatMap((metric) => {
    const of = (arm: SeedArm) => some.flatMap((one) => one[arm]);
    return compareArms(of(a), of(b), metric) ?? [];
  });
}

function spread(all: readonly SeedAnswers[], a: SeedArm, b: SeedArm, metric: Metric): string {
  if (all.length < 2) return "";
  const deltas = all.flatMap((one) => compareArms(one[a], one[b], metric)?.delta ?? []);
  return ` From seed to seed: ${formatPoints(Math.min(...deltas))} to ${formatPoints(Math.max(...deltas))}.`;
}
