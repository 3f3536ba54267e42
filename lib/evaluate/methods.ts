/**
 * What training changed, the method or the sum: counts by arm, moves from arm to arm, and what they say.
 * Pure.
 */
import { formatP, formatPoints, differenceVerdict } from "./comparison-text.ts";
import { compareShares } from "./compare.ts";
import type { Comparison } from "./compare.ts";
import { METHOD_OUTCOMES, methodOf } from "./method.ts";
import type { MethodOutcome, MethodReading } from "./method.ts";
import type { EvalDetail } from "../records.ts";
import type { BootstrapOptions } from "../stats/bootstrap.ts";
import { styleOf } from "../view/arms.ts";
import { formatCount } from "../view/numbers.ts";

/**
 * Answers by outcome; they sum to `n`. `wrongSums`: those with a sum that does not hold, whatever came of it.
 */
export type MethodCounts = Record<MethodOutcome, number> & { n: number; wrongSums: number };

/** From each outcome before to each outcome after: the answers to the same questions. */
export type MethodMoves = Record<MethodOutcome, Record<MethodOutcome, number>>;

const FAULTS = ["misconception", "wrongSums", "copy_slip", "no_method"] as const;
type Fault = (typeof FAULTS)[number];

export interface MethodStep {
  a: string;
  b: string;
  /** Questions of the world that both arms answered. */
  n: number;
  /** Share of answers after minus share before. */
  change: Record<Fault, Omit<Comparison, "metric">>;
  moves: MethodMoves;
}

export interface MethodsRead {
  mode: EvalDetail["mode"];
  arms: { name: string; counts: MethodCounts }[];
  /** Each arm against the one before it. */
  steps: MethodStep[];
  /** For a table: shares, a row for each arm of which most answers show a method. */
  rows: Record<string, string | number>[];
  /** Markdown, a line for each step: what it repairs and what it adds, with n and interval. */
  lines: string[];
}

export interface ReadMethodsOptions extends BootstrapOptions {
  /** Default "greedy". */
  mode?: EvalDetail["mode"];
  /** Pairs of arms to compare, by name. Default: each arm with the next. */
  steps?: readonly (readonly [before: string, after: string])[];
}

/**
 * Reads the method of every answer to a generated question and compares the arms.
 *
 * Questions of other sources are left out. Answers of several training seeds may be put together: they are
 * then paired in their order within a question, and intervals are over questions. Arms without an answer to a
 * generated question are left out; none gives empty lists, and a line that says so.
 *
 * @example const read = readMethods([{ name: "base", details: base }, { name: "sft", details: sft }]);
 */
export function readMethods(
  arms: readonly { name: string; details: readonly EvalDetail[] }[],
  { mode = "greedy", steps, ...bootstrap }: ReadMethodsOptions = {},
): MethodsRead {
  const read = arms
    .map(({ name, details }) => ({ name, answers: readAnswers(details, mode) }))
    .filter(({ answers }) => answers.size > 0);
  const wanted = steps ?? read.slice(1).map(({ name }, i) => [read[i]!.name, name] as const);
  const answersOf = (name: string) => read.find((arm) => arm.name === name)?.answers;
  const compared = wanted.flatMap(([a, b]) => {
    const [before, after] = [answersOf(a), answersOf(b)];
    const step = before && after && compareMethods(before, after, bootstrap);
    return step ? [{ a, b, ...step }] : [];
  });
  const counted = read.map(({ name, answers }) => ({ name, counts: countMethods([...answers.values()]) }));
  return {
    mode,
    arms: counted,
    steps: compared,
    rows: counted
      .filter(({ counts }) => isReadable(counts))
      .map(({ name, counts }, i) => methodRow(styleOf(name, i).label, counts)),
    lines:
      counted.length === 0
        ? ["No question of the generated world was asked: of others the method cannot be read."]
        : [...describeReach(counted, mode), ...compared.map((step) => describeMethods(step, mode))],
  };
}

type Answers = ReadonlyMap<EvalDetail, MethodReading>;

function readAnswers(details: readonly EvalDetail[], mode: EvalDetail["mode"]): Answers {
  const read = new Map<EvalDetail, MethodReading>();
  for (const detail of details) {
    const method = detail.mode === mode ? methodOf(detail) : null;
    if (method) read.set(detail, method);
  }
  return read;
}

/** Counts by outcome. */
function countMethods(readings: readonly MethodReading[]): MethodCounts {
  const of = (outcome: MethodOutcome) => readings.filter((reading) => reading.outcome === outcome).length;
  return {
    ...(Object.fromEntries(METHOD_OUTCOMES.map((outcome) => [outcome, of(outcome)])) as Record<
      MethodOutcome,
      number
    >),
    n: readings.length,
    wrongSums: readings.filter(({ wrongSum }) => wrongSum !== null).length,
  };
}

function compareMethods(
  a: Answers,
  b: Answers,
  options: BootstrapOptions,
): Omit<MethodStep, "a" | "b"> | null {
  const readingOf = (detail: EvalDetail) => a.get(detail) ?? b.get(detail)!;
  const has = (fault: Fault) => (detail: EvalDetail) => {
    const { outcome, wrongSum } = readingOf(detail);
    return fault === "wrongSums" ? wrongSum !== null : outcome === fault;
  };
  const [before, after] = [[...a.keys()], [...b.keys()]];
  const change = FAULTS.map((fault) => [fault, compareShares(before, after, has(fault), options)] as const);
  const n = change[0]?.[1]?.n ?? 0;
  if (n === 0) return null;
  return { n, change: Object.fromEntries(change) as MethodStep["change"], moves: movesOf(a, b) };
}

/** Answers are paired within a question, in their order. */
function movesOf(a: Answers, b: Answers): MethodMoves {
  const none = () =>
    Object.fromEntries(METHOD_OUTCOMES.map((outcome) => [outcome, 0])) as Record<MethodOutcome, number>;
  const moves = Object.fromEntries(METHOD_OUTCOMES.map((outcome) => [outcome, none()])) as MethodMoves;
  const waiting = new Map<string, MethodOutcome[]>();
  for (const [{ id }, { outcome }] of a) waiting.set(id, [...(waiting.get(id) ?? []), outcome]);
  for (const [{ id }, { outcome }] of b) {
    const before = waiting.get(id)?.shift();
    if (before) moves[before][outcome]++;
  }
  return moves;
}

function methodRow(arm: string, counts: MethodCounts): Record<string, string | number> {
  return {
    arm,
    n: counts.n,
    "right method and value": counts.right_method / counts.n,
    "wrong sum": counts.sum_slip / counts.n,
    "wrong copy": counts.copy_slip / counts.n,
    misconception: counts.misconception / counts.n,
    "no method": counts.no_method / counts.n,
    "any wrong sum": counts.wrongSums / counts.n,
  };
}

const isReadable = ({ no_method, n }: MethodCounts): boolean => 2 * no_method <= n;

/** A warning where the reading does not reach: no steps, or steps in words of the model's own. */
function describeReach(arms: readonly { name: string; counts: MethodCounts }[], mode: string): string[] {
  const unread = arms.filter(({ counts }) => !isReadable(counts));
  if (unread.length === 0) return [];
  const names = unread.map(({ name }, i) => styleOf(name, i).label).join(", ");
  return [
    `Of most ${mode} answers of ${names} no method can be read: they show no steps, or steps in words of ` +
      "their own. The table leaves them out; what follows holds for the others.",
  ];
}

const FAULT_NAMES: Record<Fault, string> = {
  misconception: "named misconceptions",
  wrongSums: "sums that do not hold",
  copy_slip: "numbers or letters copied wrongly",
  no_method: "steps without a method",
};

/**
 * One step in markdown: what it repairs, what it adds, what these questions do not decide (as
 * `differenceVerdict`), each with its change in points and its interval; then what the questions that changed
 * sides had done before, and do now.
 */
export function describeMethods(
  { a, b, n, change, moves }: MethodStep,
  mode: EvalDetail["mode"] = "greedy",
): string {
  const name = `${styleOf(a, 0).label} → ${styleOf(b, 1).label}`;
  const told = FAULTS.map((fault) => ({
    fault,
    ...change[fault],
    verdict: differenceVerdict(change[fault]),
  }));
  const list = (verdict: string) =>
    told
      .filter((one) => one.verdict === verdict)
      .map(({ fault, delta, low, high, p }) => {
        const interval = `[${formatPoints(low)}, ${formatPoints(high)}]`;
        return `${FAULT_NAMES[fault]} (${formatPoints(delta)} points ${interval}, ${formatP(p)})`;
      });
  const [repaired, broken] = [list("worse"), list("better")];
  const open = told.filter(({ verdict }) => verdict === "undecided").map(({ fault }) => FAULT_NAMES[fault]);
  const parts = [
    repaired.length > 0 ? `repairs ${repaired.join(" and ")}` : "",
    broken.length > 0 ? `adds ${broken.join(" and ")}` : "",
  ].filter(Boolean);
  const says =
    parts.length > 0
      ? `${parts.join("; ")}.`
      : "neither repairs nor adds a fault that these questions could show.";
  const rest = open.length > 0 && parts.length > 0 ? ` Not decided: ${open.join(", ")}.` : "";
  return `**${name}** (n = ${formatCount(n)} questions, ${mode}): ${says}${rest} ${describeMoves(moves)}`;
}

const WRONG = {
  misconception: "a misconception",
  sum_slip: "a wrong sum",
  copy_slip: "a wrong copy",
  no_method: "no method",
} as const;

function describeMoves(moves: MethodMoves): string {
  const list = (of: (outcome: keyof typeof WRONG) => number) => {
    const parts = Object.entries(WRONG)
      .map(([outcome, did]) => ({ did, count: of(outcome as keyof typeof WRONG) }))
      .filter(({ count }) => count > 0)
      .sort((x, y) => y.count - x.count);
    const total = parts.reduce((sum, { count }) => sum + count, 0);
    return { total, parts: parts.map(({ did, count }) => `${did} (${count})`).join(", ") };
  };
  const gained = list((outcome) => moves[outcome].right_method);
  const lost = list((outcome) => moves.right_method[outcome]);
  return [
    gained.total === 0
      ? "No answer was put right."
      : `Of the answers whose method and value it put right (${gained.total}), the fault had been ` +
        `${gained.parts}.`,
    lost.total === 0
      ? "No right answer was lost."
      : `Of those that were right in both and no longer are (${lost.total}), the fault is now ${lost.parts}.`,
  ].join(" ");
}
