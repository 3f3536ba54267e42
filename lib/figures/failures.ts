/** Stage 6: what the wrong answers are like. */
import type { EvalDetail } from "../records.ts";
import type { ArmDetails } from "./evaluate.ts";
import { countBy } from "../stats/stats.ts";
import { formatCount } from "../view/numbers.ts";
import { emptyFigure, type Figure, makeFigure } from "./theme.ts";
import { axisLabels } from "../view/labels.ts";
import { styleOf } from "../view/arms.ts";

/** Rarer ones are read in the table of answers: a bar of one or two says nothing. */
const MOST_REASONS = 6;

/**
 * Why answers were not right, by the scorer's reason (lenient reading, greedy answers): one colour an arm, in
 * % of the arm's answers.
 */
export function readFailures(arms: readonly ArmDetails[], mode: EvalDetail["mode"] = "greedy"): Figure {
  const title = "Why answers were not right";
  const drawn = arms
    .map((arm) => ({ name: arm.name, rows: arm.details.filter((row) => row.mode === mode) }))
    .filter((arm) => arm.rows.length > 0);
  if (drawn.length === 0) return emptyFigure(title, "No answers have been evaluated yet.");
  const reasons = [
    ...countBy(
      drawn.flatMap((arm) => arm.rows.filter((row) => !row.lenient)),
      (row) => row.reason,
    ).keys(),
  ].slice(0, MOST_REASONS);
  if (reasons.length === 0) return emptyFigure(title, "Every answer was right.");
  const data = drawn.map((arm, i) => {
    const style = styleOf(arm.name, i);
    const n = reasons.map((reason) => arm.rows.filter((row) => !row.lenient && row.reason === reason).length);
    return {
      type: "bar",
      orientation: "h",
      name: style.label,
      y: axisLabels(reasons, 34),
      x: n.map((count) => (100 * count) / arm.rows.length),
      text: n.map((count) => (count > 0 ? formatCount(count) : "")),
      textposition: "outside",
      cliponaxis: false,
      marker: { color: style.colour },
      hovertemplate: "%{y}: %{x:.1f} %<extra>%{fullData.name}</extra>",
    };
  });
  return makeFigure({
    title,
    subtitle:
      `n = ${answersOf(drawn)} ${mode} answers, read leniently; counts on the bars, the ` +
      `commonest reasons`,
    data,
    x: { title: { text: "share of the arm's answers (%)" }, rangemode: "tozero" },
    y: { autorange: "reversed", title: { text: "" } },
    height: Math.max(340, 180 + reasons.length * (12 + 16 * drawn.length)),
    layout: { barmode: "group", bargap: 0.25 },
  });
}

/** How many answers each arm has: once where all have as many. */
function answersOf(arms: readonly { name: string; rows: readonly EvalDetail[] }[]): string {
  const counts = arms.map(({ rows }) => rows.length);
  if (counts.every((count) => count === counts[0]))
    return `${formatCount(counts[0]!)}${arms.length > 1 ? ` × ${arms.length} arms,` : ""}`;
  return arms.map((arm, i) => `${formatCount(arm.rows.length)} ${styleOf(arm.name, i).label}`).join(", ");
}
