/** What a Judge makes of texts whose label is known, with one rubric in one layout. Pure. */
import type { JudgedLabel } from "../../lib/judge/card.ts";
import type { LayoutName, PromptSize, RubricName } from "../../lib/judge/prompt.ts";
import { setCard } from "../../lib/judge/set-card.ts";
import type { SetCard } from "../../lib/judge/set-card.ts";
import { maxPoints, minPoints } from "../../lib/judge/verdict.ts";
import { countVotes } from "../../lib/judge/vote.ts";
import { countBy } from "../../lib/stats/stats.ts";
import { cohenKappa, mean } from "../../lib/stats/stats.ts";

/** How texts were judged, and which. */
export interface JudgeSetting {
  rubric: RubricName;
  prompt: PromptSize;
  layout: LayoutName;
  /** "all", or those of one language. */
  texts: string;
}

/** One pass mark: the shares of right and of wrong texts that reach it, and the agreement it makes. */
export interface MarkRow {
  mark: number;
  rightPassed: number | null;
  wrongPassed: number | null;
  kappa: number | null;
}

export interface JudgeBenchRow extends JudgeSetting {
  /** At the configured mark. */
  card: SetCard;
  mark: number;
  unreadableBy: Record<string, number>;
  /** Points, of the readable verdicts. */
  meanRight: number | null;
  meanWrong: number | null;
  marks: MarkRow[];
  /** The mark with the highest kappa, found on these very texts: on others it will do a little worse. */
  best: MarkRow | null;
  seconds: number;
}

/**
 * Numbers of one setting. `mark`: the configured one. Shares are of all texts of a label: an unreadable
 * verdict passes none.
 */
export function judgeBenchRow(
  setting: JudgeSetting,
  rows: readonly JudgedLabel[],
  mark: number,
  seconds: number,
): JudgeBenchRow {
  const pointsOf = (isRight: boolean): number[] =>
    rows.flatMap(({ fault, judgement }) =>
      (fault === null) === isRight && judgement.points !== null ? judgement.points : [],
    );
  const lowest = Math.max(1, minPoints(setting.rubric));
  const marks = Array.from({ length: maxPoints(setting.rubric) - lowest + 1 }, (_, i) =>
    markRow(rows, lowest + i),
  );
  const unread = rows.filter(({ judgement }) => judgement.status === "not_judged");
  return {
    ...setting,
    card: setCard(`${setting.rubric}, ${setting.prompt}, ${setting.layout}, ${setting.texts}`, rows),
    mark,
    unreadableBy: Object.fromEntries(countBy(unread, ({ judgement }) => judgement.reason)),
    meanRight: meanOf(pointsOf(true)),
    meanWrong: meanOf(pointsOf(false)),
    marks,
    best: marks.reduce<MarkRow | null>(
      (a, b) => (b.kappa !== null && b.kappa > (a?.kappa ?? -1) ? b : a),
      null,
    ),
    seconds,
  };
}

function markRow(rows: readonly JudgedLabel[], mark: number): MarkRow {
  const judged = rows.map(({ fault, judgement }) => ({
    isRight: fault === null,
    status: countVotes(judgement.votePoints, mark),
  }));
  const share = (isRight: boolean): number | null =>
    meanOf(judged.flatMap((row) => (row.isRight === isRight ? Number(row.status === "passed") : [])));
  const read = judged.filter(({ status }) => status !== "not_judged");
  return {
    mark,
    rightPassed: share(true),
    wrongPassed: share(false),
    kappa: cohenKappa(read.map((row) => [row.isRight, row.status === "passed"])),
  };
}

const meanOf = (values: readonly number[]): number | null => (values.length === 0 ? null : mean(values));

/** The two tables as rows: what each setting is worth, and what each mark would let through. */
export function judgeBenchTables(rows: readonly JudgeBenchRow[]): { caption: string; rows: object[] }[] {
  const worth = rows.map(
    ({ rubric, prompt, layout, texts, card, mark, unreadableBy, meanRight, meanWrong, best, seconds }) => ({
      ...{ rubric, prompt, layout, texts, n: card.n, right: card.good, wrong: card.bad },
      unreadable:
        Object.entries(unreadableBy)
          .map(([cause, n]) => `${cause} ${n}`)
          .join(", ") || "none",
      "points of right": meanRight,
      "of wrong": meanWrong,
      AUC: card.auc,
      mark,
      kappa: card.kappa,
      "right kept": card.goodPassed,
      "wrong passed": card.badPassed,
      "best mark": best?.mark,
      "its kappa": best?.kappa,
      seconds: Math.round(seconds * 10) / 10,
    }),
  );
  const marks = rows.map(({ rubric, prompt, layout, texts, marks: all }) => ({
    ...{ rubric, prompt, layout, texts },
    ...Object.fromEntries(
      all
        .filter(({ mark }) => all.length < 10 || mark % 2 === 0)
        .map((row) => [`at ${row.mark}`, `${share(row.rightPassed)}/${share(row.wrongPassed)}`]),
    ),
  }));
  return [
    { caption: "The Judge on texts that the checker calls right or wrong", rows: worth },
    { caption: "Right kept / wrong passed, %, at each pass mark", rows: marks },
  ];
}

const share = (value: number | null): string => (value === null ? "–" : (100 * value).toFixed(0));
