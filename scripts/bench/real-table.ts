/** What a line on real models came to: its arms, the differences between them, and its seconds. Pure. */
import type { FilterStats } from "../../lib/filter/record.ts";
import { compareArms } from "../../lib/evaluate/compare.ts";
import type { Metric } from "../../lib/evaluate/compare.ts";
import { summarizeArm } from "../../lib/evaluate/eval-summary.ts";
import type { Parity } from "../../lib/run/merge.ts";
import { ARM_NAMES } from "../../lib/records.ts";
import type { Arm, ArmName, EvalDetail } from "../../lib/records.ts";
import { styleOf } from "../../lib/view/arms.ts";
import { formatCell } from "../../lib/view/table.ts";
import type { Line, StageTime } from "./real-line.ts";

/** Each difference that the line is judged by: b − a. */
const PAIRS: readonly { a: ArmName; b: ArmName; metric: Metric }[] = [
  { a: "base", b: "base_prompted", metric: "accuracyLenient" },
  { a: "base", b: "sft", metric: "accuracyLenient" },
  { a: "base", b: "sft_grpo", metric: "accuracyLenient" },
  { a: "base_prompted", b: "base_majority", metric: "accuracyLenient" },
  { a: "base_prompted", b: "sft", metric: "accuracyLenient" },
  { a: "base_prompted", b: "sft_grpo", metric: "accuracyLenient" },
  { a: "base_majority", b: "sft_grpo", metric: "accuracyLenient" },
  { a: "base", b: "grpo_only", metric: "accuracyLenient" },
  { a: "base_prompted", b: "grpo_only", metric: "accuracyLenient" },
  { a: "sft", b: "sft_grpo", metric: "accuracy" },
  { a: "sft", b: "sft_grpo", metric: "accuracySampled" },
];

export interface RealResult {
  /**
   * Texts asked of the Teacher for training questions, those that can be trained on, and rows of sft.jsonl.
   */
  asked: number;
  usable: number;
  rightByRules: number;
  trainingRows: number;
  n: number;
  copies: number;
  seeds: number[];
  /** All seeds' answers together. */
  arms: Arm[];
  pairs: {
    a: ArmName;
    b: ArmName;
    metric: Metric;
    n: number;
    delta: number;
    low: number;
    high: number;
    p: number;
  }[];
  /** Seed → arm → share right, greedy and lenient: how far seeds are apart. */
  bySeed: Record<string, Partial<Record<ArmName, number>>>;
  /** The first seed's SFT + GRPO, merged, against its adapter; missing in results older than this. */
  parity?: Parity | null;
  stages: StageTime[];
  /**
   * Sum of the stages of the first seed and of what all seeds share: an upper bound where trainings share the
   * GPU.
   */
  lineSeconds: number;
  /** All seeds, what overlaps counted once; the time between two runs of the bench is not counted. */
  wallSeconds: number;
}

/**
 * Everything that the bench prints and keeps. An arm that no seed has is left out, and so is a pair with it.
 */
export function realResult({ stages, stats, details, n, copies, parity }: Line): RealResult {
  const seeds = [...details.keys()];
  const pooled = (arm: ArmName): EvalDetail[] => seeds.flatMap((seed) => details.get(seed)![arm] ?? []);
  const present = ARM_NAMES.filter((arm) => pooled(arm).length > 0);
  const pairs = PAIRS.flatMap(({ a, b, metric }) => {
    const found =
      present.includes(a) && present.includes(b) ? compareArms(pooled(a), pooled(b), metric) : null;
    return found
      ? [{ a, b, metric, n: found.n, delta: found.delta, low: found.low, high: found.high, p: found.p }]
      : [];
  });
  const greedyShare = (rows: readonly EvalDetail[]): number => {
    const greedy = rows.filter((row) => row.mode === "greedy");
    return greedy.filter((row) => row.lenient).length / greedy.length;
  };
  return {
    ...counts(stats),
    ...{ n, copies, seeds },
    arms: present.map((arm) => summarizeArm(arm, pooled(arm))),
    pairs,
    bySeed: Object.fromEntries(seeds.map((seed) => [seed, sharesOf(details.get(seed)!, greedyShare)])),
    parity,
    stages,
    wallSeconds: wallSeconds(stages),
    lineSeconds: stages
      .filter(({ seed }) => seed === null || seed === seeds[0])
      .reduce((sum, { seconds }) => sum + seconds, 0),
  };
}

/** The length of the union of the stages' times. */
function wallSeconds(stages: readonly StageTime[]): number {
  const spans = stages
    .map(({ seconds, ended }) => ({ from: ended - 1000 * seconds, to: ended }))
    .sort((a, b) => a.from - b.from);
  let [sum, last] = [0, -Infinity];
  for (const { from, to } of spans) {
    sum += Math.max(0, to - Math.max(from, last));
    last = Math.max(last, to);
  }
  return Math.round(sum / 1000);
}

function sharesOf(
  arms: Partial<Record<ArmName, EvalDetail[]>>,
  share: (rows: readonly EvalDetail[]) => number,
): Partial<Record<ArmName, number>> {
  return Object.fromEntries(Object.entries(arms).map(([arm, rows]) => [arm, share(rows)]));
}

function counts({
  layers,
  rows,
}: FilterStats): Pick<RealResult, "asked" | "usable" | "rightByRules" | "trainingRows"> {
  const out = (layer: string): number => layers.find((row) => row.layer === layer)!.out;
  return { asked: out("split"), usable: out("format"), rightByRules: out("answer"), trainingRows: rows.sft };
}

/** @example inPoints({ delta: 0.031, low: 0.019, high: 0.043 }) //=> "+3.1 [+1.9, +4.3]" */
function inPoints({ delta, low, high }: { delta: number; low: number; high: number }): string {
  const signed = (share: number): string => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(1)}`;
  return `${signed(delta)} [${signed(low)}, ${signed(high)}]`;
}

const label = (arm: string): string => styleOf(arm, 0).label;
/** How a pair's measure is called. */
export const MEASURES: Partial<Record<Metric, string>> = {
  accuracy: "greedy, strict",
  accuracyLenient: "greedy, lenient",
  accuracySampled: "sampled, strict",
};

/** Tables as Markdown, for a README. */
export function asMarkdown(tables: ReturnType<typeof realTables>): string {
  return tables
    .map(({ caption, rows }) => {
      const columns = Object.keys(rows[0] ?? {});
      const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
      const body = rows.map((row) => line(columns.map((column) => formatCell(row[column]))));
      return [`${caption}:`, "", line(columns), line(columns.map(() => "---")), ...body].join("\n");
    })
    .join("\n\n");
}

/** The tables as rows for `table`: arms, differences, seconds. */
export function realTables(result: RealResult): { caption: string; rows: Record<string, unknown>[] }[] {
  const {
    asked,
    usable,
    rightByRules,
    trainingRows,
    n,
    copies,
    seeds,
    arms,
    pairs,
    parity,
    stages,
    lineSeconds,
    wallSeconds,
  } = result;
  return [
    {
      caption: "From the Teacher to training rows",
      rows: [
        {
          asked,
          usable,
          "usable share": usable / asked,
          "right by the rules": rightByRules,
          "training rows": trainingRows,
        },
      ],
    },
    {
      caption:
        `Arms: ${n} test questions (${copies} that stand in the training file left out), seeds ` +
        `${seeds.join(", ")} together, 95 % intervals`,
      rows: arms.map(({ name, format, accuracy, accuracyLenient, accuracySampled, tokensPerAnswer }) => ({
        arm: label(name),
        format,
        "greedy, strict": accuracy,
        "greedy, lenient": accuracyLenient,
        sampled: accuracySampled,
        "tokens an answer": tokensPerAnswer,
      })),
    },
    {
      caption: "Differences, paired by question, 95 % intervals",
      rows: pairs.map(({ a, b, metric, n, delta, low, high, p }) => ({
        from: label(a),
        to: label(b),
        measure: MEASURES[metric] ?? metric,
        n,
        "difference, points": inPoints({ delta, low, high }),
        p,
      })),
    },
    ...(parity ? [{ caption: "SFT + GRPO merged, against its adapter", rows: [parityRow(parity)] }] : []),
    {
      caption:
        `Seconds; ${Math.round(lineSeconds)} for the whole line of one seed, stage after stage; ` +
        `${wallSeconds} for all seeds, as they ran`,
      rows: stages.map(({ stage, seed, seconds }) => ({ stage, seed: seed ?? "all", seconds })),
    },
  ];
}

const parityRow = ({ prompts, tokens, topTokens, meanLogprobDifference, seconds }: Parity) => ({
  "answers compared": prompts,
  tokens,
  "same most likely token": topTokens,
  "mean difference, nats": meanLogprobDifference,
  seconds,
});
