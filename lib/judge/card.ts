/**
 * What a Judge is worth, measured on texts with known labels. Pure: the judging itself is done by `judge`.
 */
import { bootstrapShare, kappaInterval } from "../stats/bootstrap.ts";
import type { BootstrapOptions } from "../stats/bootstrap.ts";
import { countBy } from "../stats/stats.ts";
import { FAULT_KINDS } from "../world/fault-kind.ts";
import type { Judgement } from "./vote.ts";
import type { Estimate } from "../records.ts";

/** A labelled text and what the Judge made of it. `fault: null` says the text is clean. */
export interface JudgedLabel {
  fault: string | null;
  judgement: Judgement;
}

export interface JudgeCard {
  /** Texts shown to the Judge. */
  n: number;
  /** With a readable verdict. */
  judged: number;
  /** Of these, the texts that the Judge failed. */
  failed: number;
  /** Share of the shown texts without a readable verdict. */
  unreadable: Estimate | null;
  /** Why these were not readable: problem of the verdict, or of the request → texts. */
  unreadableBy: Record<string, number>;
  /** Share of the readable verdicts that contradict the label: what Fin-R1 chose its Judge by. */
  errorRate: Estimate | null;
  /** Agreement of "the Judge failed it" with "it has a fault", beyond chance. */
  kappa: Estimate | null;
  /** Of the texts the Judge failed, the share that has a fault. */
  precision: Estimate | null;
  /** Of the texts with a fault, the share the Judge failed. */
  recall: Estimate | null;
  /** Of the clean texts, the share the Judge failed. */
  falsePositiveRate: Estimate | null;
  /**
   * Of the texts with a fault, the share that passed, unreadable verdicts counted as not passed: what reaches
   * SFT.
   */
  faultsPassed: Estimate | null;
  byFault: Record<string, { n: number; recall: Estimate | null }>;
  /** Mean score of a criterion over the texts with a label, for the heat-map. */
  heat: { criterion: string; label: string; value: number | null; n: number }[];
}

/**
 * The card of a Judge. *Positive* means "found a fault": the Judge failed the text. Unreadable verdicts are
 * counted in `unreadable` and left out of kappa, precision, recall and the false-positive rate: not judged is
 * not a 0. Texts that were held back are left out altogether: the Judge has not seen them. What has no
 * denominator is null. Intervals: 95 %, percentile bootstrap over texts; Wilson's for a share of 0 or 1,
 * where resampling sees no spread.
 */
export function judgeCard(rows: readonly JudgedLabel[], options: BootstrapOptions = {}): JudgeCard {
  const shown = rows.filter((row) => row.judgement.status !== "held_back");
  const readable = shown.filter((row) => row.judgement.status !== "not_judged");
  const share = (some: readonly JudgedLabel[], holds: (row: JudgedLabel) => boolean): Estimate | null =>
    bootstrapShare(some.map(holds), options);
  const faulty = (row: JudgedLabel): boolean => row.fault !== null;
  const found = (row: JudgedLabel): boolean => row.judgement.status === "failed";
  const labels = labelsOf(shown);
  return {
    n: shown.length,
    judged: readable.length,
    failed: readable.filter(found).length,
    unreadable: share(shown, (row) => row.judgement.status === "not_judged"),
    unreadableBy: problemsOf(shown),
    errorRate: share(readable, (row) => faulty(row) !== found(row)),
    kappa: kappaInterval(
      readable.map((row) => [faulty(row), found(row)] as const),
      options,
    ),
    precision: share(readable.filter(found), faulty),
    recall: share(readable.filter(faulty), found),
    falsePositiveRate: share(
      readable.filter((row) => !faulty(row)),
      found,
    ),
    faultsPassed: share(shown.filter(faulty), (row) => row.judgement.status === "passed"),
    byFault: Object.fromEntries(
      labels
        .filter((label) => label !== "none")
        .map((label) => {
          const some = readable.filter((row) => row.fault === label);
          return [label, { n: some.length, recall: share(some, found) }];
        }),
    ),
    heat: heatCells(shown, labels),
  };
}

function problemsOf(rows: readonly JudgedLabel[]): Record<string, number> {
  const reasons = rows.flatMap(({ judgement }) =>
    judgement.status === "not_judged" ? judgement.reason : [],
  );
  return Object.fromEntries(countBy(reasons, (reason) => reason));
}

/** "none" first, then the planted kinds in their order, then labels of the user's own. */
function labelsOf(rows: readonly JudgedLabel[]): string[] {
  const present = new Set(rows.map((row) => row.fault ?? "none"));
  const known = ["none", ...FAULT_KINDS].filter((label) => present.delete(label));
  return [...known, ...[...present].sort()];
}

function heatCells(rows: readonly JudgedLabel[], labels: readonly string[]): JudgeCard["heat"] {
  const scored = rows.filter((row) => row.judgement.scores !== null);
  const criteria = Object.keys(scored[0]?.judgement.scores ?? {});
  return criteria.flatMap((criterion) =>
    labels.map((label) => {
      const scores = scored
        .filter((row) => (row.fault ?? "none") === label)
        .map((row) => row.judgement.scores![criterion]!);
      return {
        criterion,
        label,
        value: scores.length === 0 ? null : scores.reduce((a, b) => a + b, 0) / scores.length,
        n: scores.length,
      };
    }),
  );
}

/** The card as rows of a table, kinds of fault last; no rows where nothing was judged. */
export function cardRows(card: JudgeCard): { measure: string; value: Estimate | null; n: number }[] {
  if (card.n === 0) return [];
  const kinds = Object.entries(card.byFault);
  const faulty = kinds.reduce((sum, [, { n }]) => sum + n, 0);
  return [
    { measure: "kappa: agreement with the label beyond chance", value: card.kappa, n: card.judged },
    { measure: "precision: texts with a fault among those it failed", value: card.precision, n: card.failed },
    { measure: "recall: faulty texts that it failed", value: card.recall, n: faulty },
    {
      measure: "false alarms: clean texts it failed",
      value: card.falsePositiveRate,
      n: card.judged - faulty,
    },
    ...kinds.map(([fault, { n, recall }]) => ({ measure: `recall on ${wordsOf(fault)}`, value: recall, n })),
  ];
}

/** The card as rows of a table and as a sentence. */
export function cardSummary(card: JudgeCard): { rows: ReturnType<typeof cardRows>; blindness: string } {
  return { rows: cardRows(card), blindness: blindnessOf(card) };
}

/** Which kinds of fault the Judge finds less than half of, in a sentence. */
export function blindnessOf(card: JudgeCard): string {
  const kinds = Object.entries(card.byFault);
  const blind = kinds.filter(([, { recall }]) => recall !== null && recall.value < 0.5);
  if (card.recall === null) return "No faulty text was judged.";
  if (blind.length === 0) return "It finds at least half of every kind of fault.";
  const named = blind.map(([fault]) => wordsOf(fault)).join(", ");
  return `**It is blind to: ${named}.** It finds less than half of these.`;
}

const wordsOf = (fault: string): string => fault.replace(/_/g, " ");

/** "0.812 [0.760, 0.860]", or "not measured". */
export function figureText(e: Estimate | null): string {
  return e === null ? "not measured" : `${e.value.toFixed(3)} [${e.low.toFixed(3)}, ${e.high.toFixed(3)}]`;
}

/**
 * The card as text, one figure a line by name. (Kappa ≥ 0.6 is "substantial" on the scale of Landis & Koch
 * 1977.)
 */
export function cardLines(card: JudgeCard): string[] {
  return [
    `texts ${card.n}`,
    `judged ${card.judged}`,
    `unreadable_rate ${figureText(card.unreadable)}`,
    ...Object.entries(card.unreadableBy).map(([problem, n]) => `unreadable_${problem} ${n}`),
    `error_rate ${figureText(card.errorRate)}`,
    `kappa ${figureText(card.kappa)}`,
    `precision ${figureText(card.precision)}`,
    `recall ${figureText(card.recall)}`,
    `false_positive_rate ${figureText(card.falsePositiveRate)}`,
    `faults_passed ${figureText(card.faultsPassed)}`,
    ...Object.entries(card.byFault).map(
      ([fault, { n, recall }]) => `recall_${fault.replace(/\s+/g, "_")} ${figureText(recall)} n=${n}`,
    ),
    ...card.heat.map(
      ({ criterion, label, value, n }) =>
        `mean_${criterion}_of_${label.replace(/\s+/g, "_")} ` +
        `${value === null ? "not measured" : value.toFixed(3)} n=${n}`,
    ),
  ];
}
