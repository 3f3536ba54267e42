/** Stage 8: gains and regressions by type, on the same questions. */
import { compareArms, compareByType, type Metric } from "../evaluate/compare.ts";
import { differenceVerdict } from "../evaluate/comparison-text.ts";
import type { ArmDetails } from "./evaluate.ts";
import { type Choice, updateMenu } from "./menu.ts";
import { formatCount } from "../view/numbers.ts";
import { DROPPED, emptyFigure, type Figure, KEPT, makeFigure, MARK, titleOf } from "./theme.ts";
import { axisLabels } from "../view/labels.ts";
import { styleOf } from "../view/arms.ts";

/** How much an arm gained on another, on the same questions; `low` and `high` bound the 95 % interval. */
export interface Delta {
  /** "base → sft". */
  pair: string;
  /** A type, or "all". */
  group: string;
  n: number;
  delta: number;
  low: number;
  high: number;
  p: number;
}

/** How what `differenceVerdict` says is coloured. */
export const VERDICT_COLOURS = { better: KEPT, worse: MARK, undecided: "#8C959F" } as const;
const SIGNS = { better: " ▲", worse: " ▼ regression", undecided: "" } as const;

/**
 * Paired differences b − a, over all questions and by type; questions that only one of the two answered are
 * left out.
 */
export function deltasByType(a: ArmDetails, b: ArmDetails, metric: Metric = "accuracy"): Delta[] {
  const pair = `${a.name} → ${b.name}`;
  const all = compareArms(a.details, b.details, metric);
  const byType = Object.entries(compareByType(a.details, b.details, metric));
  return [["all", all] as const, ...byType].flatMap(([group, comparison]) =>
    comparison ? [{ pair, group, ...comparison }] : [],
  );
}

/**
 * Gains and losses by type with 95 % intervals, in percentage points; a menu chooses the pair of arms. Green:
 * better, as `differenceVerdict` says; red and named: a regression; grey: not decided by these questions.
 */
export function deltas(rows: readonly Delta[]): Figure {
  const title = "Gains and regressions by type";
  if (rows.length === 0) return emptyFigure(title, "No two arms have been compared yet.");
  const pairs = [...new Set(rows.map((row) => row.pair))];
  const ends = [-5, 5, ...rows.flatMap((row) => [100 * row.low, 100 * row.high])];
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  const pad = 0.12 * (most - least);
  const views = pairs.map((pair) => {
    const chosen = rows.filter((row) => row.pair === pair);
    const verdicts = chosen.map(differenceVerdict);
    const lost = verdicts.filter((verdict) => verdict === "worse").length;
    return {
      y: axisLabels(
        chosen.map((row) => row.group),
        30,
      ).map((name, i) => `${name}<br>n = ${formatCount(chosen[i]!.n)}`),
      x: chosen.map((row) => 100 * row.delta),
      high: chosen.map((row) => 100 * (row.high - row.delta)),
      low: chosen.map((row) => 100 * (row.delta - row.low)),
      colours: verdicts.map((verdict) => VERDICT_COLOURS[verdict]),
      text: chosen.map(
        (row, k) =>
          `${row.delta >= 0 ? "+" : "−"}${(100 * Math.abs(row.delta)).toFixed(1)}${SIGNS[verdicts[k]!]}`,
      ),
      subtitle:
        `${pairName(pair)} · n = ${formatCount(Math.max(...chosen.map((row) => row.n)))} questions ` +
        "· 95 % intervals, paired · " +
        (lost === 0 ? "no regression beyond chance" : `${lost} ${lost === 1 ? "regression" : "regressions"}`),
    };
  });
  const choices = views.map(
    (view, i): Choice => ({
      label: pairName(pairs[i]!),
      traces: {
        x: [view.x],
        y: [view.y],
        text: [view.text],
        "marker.color": [view.colours],
        "error_x.array": [view.high],
        "error_x.arrayminus": [view.low],
      },
      layout: {
        "title.text": titleOf(title, view.subtitle).text,
        "yaxis.range": [view.y.length - 0.5, -0.75],
      },
    }),
  );
  const first = views[0]!;
  return makeFigure({
    title,
    subtitle: first.subtitle,
    data: [
      {
        type: "scatter",
        mode: "markers+text",
        x: first.x,
        y: first.y,
        text: first.text,
        textposition: "top center",
        cliponaxis: false,
        marker: { color: first.colours, size: 13, symbol: "diamond" },
        error_x: {
          type: "data",
          symmetric: false,
          array: first.high,
          arrayminus: first.low,
          thickness: 2,
          width: 6,
          color: "#57606A",
        },
        hovertemplate: "%{y}: %{x:+.1f} points<extra></extra>",
      },
    ],
    legend: "none",
    x: {
      title: { text: "difference in accuracy (percentage points)" },
      range: [least - pad, most + pad],
      zeroline: true,
      zerolinecolor: DROPPED,
      zerolinewidth: 3,
    },
    y: { range: [first.y.length - 0.5, -0.75], title: { text: "" } },
    height: Math.max(320, 170 + 54 * first.y.length),
    layout: {
      ...(pairs.length > 1 && {
        updatemenus: [updateMenu(choices)],
        margin: { l: 64, r: 24, t: 104, b: 56 },
      }),
    },
  });
}

function pairName(pair: string): string {
  return pair
    .split(" → ")
    .map((name, i) => styleOf(name, i).label)
    .join(" → ");
}
