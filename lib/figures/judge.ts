/** The Judge: where its pass mark stands, and what it sees of planted faults. */
import type { JudgeCard } from "../judge/card.ts";
import { type Choice, updateSlider } from "./menu.ts";
import { formatCount, formatShare } from "../view/numbers.ts";
import { DROPPED, emptyFigure, type Figure, INK, KEPT, makeFigure, note, titleOf } from "./theme.ts";
import { axisLabels } from "../view/labels.ts";

/**
 * A judged text: its points (null: no readable verdict), and, where it is known, whether it is really good.
 */
export interface JudgedText {
  points: number | null;
  good?: boolean;
}

export interface ThresholdOptions {
  /** The mark the slider starts at: the config's. */
  pass: number;
  /** Lowest and highest sum of points. Default 4 and 20. */
  min?: number;
  max?: number;
  unit?: string;
}

/**
 * Histogram of the Judge's scores with a slider for the pass mark: bars at or above it are kept. Unreadable
 * verdicts are counted in the subtitle and never kept. Where `good` is known, the subtitle gives precision
 * (good among kept) and recall (kept among good).
 */
export function judgeThreshold(rows: readonly JudgedText[], options: ThresholdOptions): Figure {
  const { pass, min = 4, max = 20, unit = "texts" } = options;
  const title = "Where the pass mark stands";
  const judged = rows.filter((row): row is { points: number; good?: boolean } => row.points !== null);
  if (judged.length === 0)
    return emptyFigure(
      title,
      rows.length === 0
        ? "Nothing has been judged yet."
        : `None of ${formatCount(rows.length)} verdicts was readable.`,
    );
  const scores = Array.from({ length: max - min + 1 }, (_, i) => min + i);
  const counts = scores.map((score) => judged.filter((row) => row.points === score).length);
  const colours = (mark: number) => scores.map((score) => (score >= mark ? KEPT : DROPPED));
  const describe = (mark: number) => {
    const kept = judged.filter((row) => row.points >= mark);
    const facts = [
      `n = ${formatCount(rows.length)} ${unit}`,
      `${formatCount(kept.length)} kept (${formatShare(kept.length, rows.length)})`,
    ];
    if (rows.length > judged.length) facts.push(`${formatCount(rows.length - judged.length)} unreadable`);
    const known = judged.filter((row) => row.good !== undefined);
    if (known.length > 0) {
      const right = kept.filter((row) => row.good === true).length;
      facts.push(
        `precision ${formatShare(right, kept.filter((row) => row.good !== undefined).length)}`,
        `recall ${formatShare(right, known.filter((row) => row.good).length)}`,
      );
    }
    return facts.join(" · ");
  };
  const choices = scores.map(
    (mark): Choice => ({
      label: String(mark),
      traces: { "marker.color": [colours(mark)] },
      layout: { "title.text": titleOf(title, describe(mark)).text },
    }),
  );
  return makeFigure({
    title,
    subtitle: describe(pass),
    data: [
      {
        type: "bar",
        x: scores,
        y: counts,
        text: counts.map((n) => (n > 0 ? formatCount(n) : "")),
        textposition: "outside",
        cliponaxis: false,
        marker: { color: colours(pass) },
        hovertemplate: "%{x} points: %{y:,}<extra></extra>",
      },
    ],
    legend: "none",
    x: { title: { text: "sum of the Judge's scores (points)" }, dtick: 1, range: [min - 0.6, max + 0.6] },
    // a few texts beside hundreds must be seen
    y: {
      title: { text: `${unit} (logarithmic)` },
      type: "log",
      range: [Math.log10(0.5), Math.log10(2 * Math.max(...counts))],
      dtick: 1,
    },
    height: 480,
    layout: {
      sliders: [updateSlider(choices, Math.min(Math.max(pass - min, 0), scores.length - 1), "kept from ")],
      margin: { l: 64, r: 24, t: 80, b: 60 },
    },
  });
}

/**
 * Criterion × label: does a criterion fall where its fault was planted? Dark is a high mean score; null is
 * "not judged". `range` is the scale's ends: [1, 5] points, or [0, 1] for criteria that hold or not.
 */
export function judgeHeatmap(cells: JudgeCard["heat"], range: [number, number] = [1, 5]): Figure {
  const title = "What the Judge sees of planted faults";
  if (cells.length === 0) return emptyFigure(title, "No planted faults have been judged yet.");
  const criteria = [...new Set(cells.map((cell) => cell.criterion))];
  const labels = [...new Set(cells.map((cell) => cell.label))];
  const find = (criterion: string, label: string) =>
    cells.find((cell) => cell.criterion === criterion && cell.label === label) ?? null;
  const z = criteria.map((criterion) => labels.map((label) => find(criterion, label)?.value ?? null));
  const n = labels.map((label) =>
    Math.max(0, ...cells.filter((cell) => cell.label === label).map((cell) => cell.n)),
  );
  const x = axisLabels(labels, 24).map(
    (name, i) => `${name.replace(/ /g, "<br>")}<br>n = ${formatCount(n[i]!)}`,
  );
  const y = axisLabels(criteria, 28);
  const middle = (range[0] + range[1]) / 2;
  const numbers = z.flatMap((row, i) =>
    row.map((value, j) =>
      note(value === null ? "–" : value.toFixed(2), {
        x: x[j],
        y: y[i],
        xref: "x",
        yref: "y",
        font: {
          size: 13,
          color: value !== null && value > middle + (range[1] - range[0]) * 0.1 ? "#FFFFFF" : INK,
        },
      }),
    ),
  );
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(n.reduce((sum, count) => sum + count, 0))} texts · mean score by planted ` +
      `fault; "–": no readable verdict`,
    data: [
      {
        type: "heatmap",
        x,
        y,
        z,
        zmin: range[0],
        zmax: range[1],
        xgap: 2,
        ygap: 2,
        colorscale: [
          [0, "#F7FBFF"],
          [0.5, "#9CCAE1"],
          [1, "#08519C"],
        ],
        colorbar: { title: { text: "mean score", font: { size: 12 } }, thickness: 14, outlinewidth: 0 },
        hovertemplate: "%{y}, %{x}: %{z:.2f}<extra></extra>",
      },
    ],
    legend: "none",
    x: { title: { text: "planted fault" }, showgrid: false },
    y: { autorange: "reversed", title: { text: "" }, showgrid: false },
    height: Math.max(340, 190 + 52 * criteria.length),
    layout: { annotations: numbers },
  });
}
