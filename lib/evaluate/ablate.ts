/** Stage 8: the arms side by side, what each step adds and what it costs. */
import { basename, join } from "node:path";
import { writeFileAtomic, fileStamp } from "../store/atomic.ts";
import { changedAnswers, compareArms, compareByType, METRICS } from "./compare.ts";
import type { Change, Comparison } from "./compare.ts";
import { armsToCompare } from "../completions/models.ts";
import { LabError } from "../errors.ts";
import type { Evaluation } from "./evaluate.ts";
import { evaluateArms } from "./arms.ts";
import type { EvaluateArmsOptions } from "./arms.ts";
import { readMethods } from "./methods.ts";
import { track, trackedAblation } from "./track.ts";
import type { Lab } from "../config/lab.ts";
import { AblationSummary, ARM_NAMES, Arm } from "../records.ts";
import type { ArmName, EvalDetail, QuestionType } from "../records.ts";

/**
 * What GRPO adds to SFT, and what training adds to the best that the untrained Base can be made to do; then
 * what each step adds alone: a prompt, SFT, SFT on golds alone, the Teacher's reasoning to it, GRPO without
 * SFT, SFT before GRPO; and the Teacher's word on the student's own tokens, alone and against GRPO's reward.
 */
const ARM_PAIRS: readonly (readonly [ArmName, ArmName])[] = [
  ["sft", "sft_grpo"],
  ["base_prompted", "sft"],
  ["base_prompted", "sft_grpo"],
  ["base_majority", "sft_grpo"],
  ["base_prompted", "base_majority"],
  ["base", "base_prompted"],
  ["base", "sft"],
  ["base", "sft_gold"],
  ["sft_gold", "sft"],
  ["base", "grpo_only"],
  ["grpo_only", "sft_grpo"],
  ["sft", "sft_on_policy"],
  ["sft_on_policy", "sft_grpo"],
];

export interface ArmPair {
  a: ArmName;
  b: ArmName;
  metrics: Comparison[];
  /** Greedy strict accuracy within each type. */
  byType: Partial<Record<QuestionType, Comparison>>;
  /** Questions right before and wrong after, and the other way, read leniently. */
  regressions: Change[];
  gains: Change[];
}

export interface Ablation {
  summary: AblationSummary;
  pairs: ArmPair[];
  evaluations: Partial<Record<ArmName, Evaluation>>;
  path: string;
}

export interface AblateOptions extends EvaluateArmsOptions {
  /** Default: all, without sft_gold, sft_on_policy and grpo_only where they have not been trained. */
  arms?: readonly ArmName[];
}

/**
 * Evaluates the arms (finished evaluations are found again) and compares them in pairs. Without sampled
 * answers there is no base_majority.
 *
 * Writes `reports/ablation_summary_<time>.json`: the AblationSummary, and beside its fields `details` (arm →
 * file), `byType`, `regressions` (pair → ids) and `methods` (counts by arm, changes and moves by pair, of
 * greedy and sampled answers; see readMethods). Differences are b − a with 95 % intervals over questions; p
 * as `compareArms`. Throws LabError when an arm has not been trained or fewer than two arms are asked for.
 */
export async function ablate(
  lab: Lab,
  { arms = armsToCompare(lab), ...options }: AblateOptions = {},
): Promise<Ablation> {
  const names = [...new Set(arms)].filter(
    (arm) => arm !== "base_majority" || lab.config.evaluate.samples > 0,
  );
  if (names.length < 2)
    throw new LabError({
      what: "ablate requires at least two arms",
      found: names.join(", ") || "none",
      expected: ARM_NAMES.join(", "),
    });
  // Arms are not asked again because --force retrained them: their content tells.
  const evaluations: Partial<Record<ArmName, Evaluation>> = await evaluateArms(lab, names, {
    ...options,
    force: options.force ?? false,
  });
  const pairs = compareAll(names, (arm) => evaluations[arm]!.details);
  const created = new Date();
  const summary: AblationSummary = {
    created: created.toISOString(),
    profile: lab.config.profile,
    n: evaluations[names[0]!]!.report.n,
    seeds: [lab.config.seed],
    arms: names.map((arm) => Arm.parse(evaluations[arm]!.report)),
    pairs: pairs.flatMap(({ a, b, metrics }) =>
      metrics.map(({ metric, n, delta, low, high, p }) => ({ a, b, metric, n, delta, low, high, p })),
    ),
  };
  const path = join(lab.paths.reports, `ablation_summary_${fileStamp(created)}.json`);
  const extra = {
    details: Object.fromEntries(names.map((arm) => [arm, basename(evaluations[arm]!.detailsPath)])),
    byType: Object.fromEntries(pairs.map(({ a, b, byType }) => [`${a} → ${b}`, byType])),
    regressions: Object.fromEntries(
      pairs.map(({ a, b, regressions }) => [`${a} → ${b}`, regressions.map((change) => change.id)]),
    ),
  };
  const answered = names.map((name) => ({ name, details: evaluations[name]!.details }));
  const methods = Object.fromEntries(
    (["greedy", "sampled"] as const).map((mode) => [mode, methodCounts(answered, pairs, mode)]),
  );
  writeFileAtomic(
    path,
    `${JSON.stringify({ ...AblationSummary.parse(summary), ...extra, methods }, null, 2)}\n`,
  );
  await track(lab, trackedAblation(summary, path));
  return { summary, pairs, evaluations, path };
}

/** The pairs of which both arms are there, compared. Pure. */
function compareAll(arms: readonly ArmName[], detailsOf: (arm: ArmName) => readonly EvalDetail[]): ArmPair[] {
  return ARM_PAIRS.filter(([a, b]) => arms.includes(a) && arms.includes(b)).map(([a, b]) => {
    const [before, after] = [detailsOf(a), detailsOf(b)];
    const metrics = METRICS.map((metric) => compareArms(before, after, metric)).filter(
      (c): c is Comparison => c !== null,
    );
    return {
      a,
      b,
      metrics,
      byType: compareByType(before, after, "accuracy"),
      ...changedAnswers(before, after),
    };
  });
}

/** What the summary keeps of `readMethods`. Pure. */
function methodCounts(
  arms: readonly { name: string; details: readonly EvalDetail[] }[],
  pairs: readonly ArmPair[],
  mode: EvalDetail["mode"],
) {
  const read = readMethods(arms, { mode, steps: pairs.map(({ a, b }) => [a, b]) });
  return {
    arms: Object.fromEntries(read.arms.map(({ name, counts }) => [name, counts])),
    pairs: Object.fromEntries(read.steps.map(({ a, b, ...step }) => [`${a} → ${b}`, step])),
  };
}
