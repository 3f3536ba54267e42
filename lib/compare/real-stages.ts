/** What each stage of a run on real models came to, in rows and sentences. Pure. */
import { basename } from "node:path";
import { comparisonRows, describeComparison } from "../evaluate/comparison-text.ts";
import { wilson } from "../stats/stats.ts";
import { styleOf } from "../view/arms.ts";
import { formatCount, formatShare } from "../view/numbers.ts";
import type { RealRun } from "./real-result.ts";

export type RealStage = "prepare" | "distil" | "filter" | "sft" | "grpo" | "evaluate" | "deploy" | "ablation";

export interface StageResult {
  rows: Record<string, unknown>[];
  /** Steps from arm to arm where they are too many for sentences. */
  steps?: ReturnType<typeof comparisonRows>;
  lines: string[];
}

export const REAL_STAGES: Record<RealStage, (run: RealRun) => StageResult> = {
  prepare: (run) => ({
    rows: [
      {
        ...modelsOf(run),
        "training questions": run.asked,
        "test questions": run.n,
        "test questions also in training": run.copies,
      },
    ],
    lines: [
      run.copies === 0
        ? "no test question is among the training questions."
        : `${formatCount(run.copies)} test questions stand among the training questions and were ` +
          "asked nobody.",
    ],
  }),
  distil: (run) => ({
    rows: [
      {
        ...modelsOf(run),
        texts: run.asked,
        usable: wilson(run.usable, run.asked),
        "right by the rules": wilson(run.rightByRules, run.asked),
      },
    ],
    lines: [
      `${formatShare(run.usable, run.asked)} of the Teacher's texts can be trained on, ` +
        `${formatShare(run.rightByRules, run.asked)} are right: ` +
        (run.rightByRules < 0.8 * run.usable
          ? "on real questions more texts are lost to wrong answers than to a broken form."
          : "most of what can be read is right, too."),
    ],
  }),
  filter: (run) => ({
    rows: [
      {
        ...modelsOf(run),
        texts: run.asked,
        usable: run.usable,
        "right by the rules": run.rightByRules,
        "training rows": run.trainingRows,
        "kept of all": formatShare(run.trainingRows, run.asked),
      },
    ],
    lines: [
      run.trainingRows === run.rightByRules
        ? "every text with a right answer became a training row; no Judge took part."
        : `${formatCount(run.rightByRules - run.trainingRows)} texts with a right answer were ` +
          "left out after the rules.",
    ],
  }),
  sft: (run) =>
    armsAt(run, ["base", "base_prompted", "sft"], "SFT", [
      ["base", "sft"],
      ["base_prompted", "sft"],
    ]),
  grpo: (run) => armsAt(run, ["sft", "sft_grpo"], "GRPO", [["sft", "sft_grpo"]]),
  evaluate: (run) => ({
    rows: armRows(
      run,
      run.arms.map(({ name }) => name),
    ),
    lines: [...hiddenByTags(run), ...promptLine(run)],
  }),
  deploy: (run) => ({
    rows: [
      {
        ...modelsOf(run),
        ...(run.parity && {
          "answers compared": run.parity.prompts,
          "tokens in them": run.parity.tokens,
          "same most likely token (%)": 100 * run.parity.topTokens,
        }),
        "seconds to merge and compare": secondsOf(run, "merge and parity"),
      },
    ],
    lines: [
      run.parity
        ? `merged and adapter agree on ${(100 * run.parity.topTokens).toFixed(1)} % of the tokens ` +
          "in bfloat16."
        : "passed the parity check; its numbers were not kept.",
    ],
  }),
  ablation: (run) => ({
    rows: armRows(
      run,
      run.arms.map(({ name }) => name),
    ),
    steps: comparisonRows(run.pairs.map((pair) => ({ a: pair.a, b: pair.b, metrics: [pair] }))),
    lines: seedLine(run),
  }),
};

function armsAt(
  run: RealRun,
  names: readonly string[],
  stage: string,
  steps: readonly (readonly [string, string])[],
): StageResult {
  const seconds = secondsOf(run, stage);
  const said = run.pairs.filter(({ a, b }) => steps.some(([before, after]) => a === before && b === after));
  return {
    rows: armRows(run, names),
    lines: [
      ...said.map((pair) => plain(describeComparison(pair.a, pair.b, pair))),
      ...(seconds === null ? [] : [`training took ${formatCount(seconds)} seconds a seed on average.`]),
    ],
  };
}

function armRows(run: RealRun, names: readonly string[]): Record<string, unknown>[] {
  return run.arms
    .filter(({ name }) => names.includes(name))
    .map((arm) => ({
      Base: basename(run.models.base),
      arm: styleOf(arm.name, 0).label,
      n: run.n,
      format: arm.format,
      "greedy, lenient": arm.accuracyLenient,
      "greedy, strict": arm.accuracy,
      "sampled, lenient": arm.accuracySampledLenient,
      "tokens an answer": arm.tokensPerAnswer === null ? null : Math.round(arm.tokensPerAnswer),
    }));
}

/** How much of the Base's right answers the strict reading does not see. */
function hiddenByTags(run: RealRun): string[] {
  const base = run.arms.find(({ name }) => name === "base");
  if (!base) return [];
  const hidden = base.accuracyLenient.value - base.accuracy.value;
  return [
    hidden > 0.02
      ? `read strictly the Base loses ${(100 * hidden).toFixed(1)} points of right answers, ` +
        "for want of the tags."
      : "strict and lenient see the same Base: it writes the tags.",
  ];
}

function promptLine(run: RealRun): string[] {
  const pair = run.pairs.find(({ a, b }) => a === "base" && b === "base_prompted");
  return pair ? [plain(describeComparison(pair.a, pair.b, pair))] : [];
}

function seedLine({ bySeed }: RealRun): string[] {
  const seeds = Object.values(bySeed);
  if (seeds.length < 2) return ["one seed: how far another one would land is not known."];
  const apart = Math.max(
    ...["sft", "sft_grpo", "grpo_only"].map((arm) => {
      const shares = seeds.flatMap((shareOf) => shareOf[arm] ?? []);
      return shares.length < 2 ? 0 : Math.max(...shares) - Math.min(...shares);
    }),
  );
  return [`between seeds a trained arm differs by up to ${(100 * apart).toFixed(1)} points.`];
}

/** Mean over seeds; null where the stage was not timed. */
function secondsOf({ stages }: RealRun, stage: string): number | null {
  const of = stages.filter((each) => each.stage === stage).map(({ seconds }) => seconds);
  return of.length === 0 ? null : Math.round(of.reduce((sum, seconds) => sum + seconds, 0) / of.length);
}

const modelsOf = ({ models }: RealRun) => ({
  Base: basename(models.base),
  Teacher: basename(models.teacher),
});

const plain = (markdown: string): string => markdown.replace(/\*\*/g, "");
