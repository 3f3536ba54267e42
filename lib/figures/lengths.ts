/** Histograms of token counts against a limit: what would be cut or set aside. */
import { fillBins, formatCount, formatShare, integerBins } from "../view/numbers.ts";
import { emptyFigure, type Figure, makeFigure, MARK } from "./theme.ts";
import { label, pretty } from "../view/labels.ts";
import { SERIES } from "../view/arms.ts";

export interface LengthOptions {
  title: string;
  /** What is counted, in the axis title: "tokens of the question". */
  unit: string;
  /** Longer ones are cut or set aside; drawn as a line. */
  limit?: number;
  /** What happens beyond the limit: "set aside", "truncated". Default "over the limit". */
  beyond?: string;
  /** What one count stands for. Default "rows". */
  rows?: string;
}

/**
 * Stacked histogram of lengths, one colour a group, with a line at the limit and the share beyond it in the
 * subtitle.
 *
 * @param lengths tokens; an array, or arrays by group (type, source, run).
 */
export function lengthHistogram(
  lengths: readonly number[] | Record<string, readonly number[]>,
  options: LengthOptions,
): Figure {
  const { title, unit, limit, beyond = "over the limit", rows = "rows" } = options;
  const grouped = Array.isArray(lengths)
    ? { "": lengths as readonly number[] }
    : (lengths as Record<string, readonly number[]>);
  const groups = Object.entries(grouped).map(([name, values]): [string, number[]] => [
    name,
    values.filter(Number.isFinite),
  ]);
  const all = groups.flatMap(([, values]) => values).sort((a, b) => a - b);
  if (all.length === 0) return emptyFigure(title, `No ${rows} to measure yet.`);
  const bins = integerBins(all);
  const centres = bins.starts.map((start) => start + bins.width / 2);
  const ranges = bins.starts.map((start) =>
    bins.width === 1 ? `${start}` : `${start} – ${start + bins.width - 1}`,
  );
  const data = groups.map(([name, values], i) => ({
    type: "bar",
    name: name === "" ? "all" : pretty(name),
    x: centres,
    y: fillBins(values, bins),
    width: bins.width,
    customdata: ranges,
    marker: { color: SERIES[i % SERIES.length], line: { color: "#FFFFFF", width: 0.5 } },
    hovertemplate: `%{customdata} tokens: %{y:,}<extra>%{fullData.name}</extra>`,
  }));
  const highest = Math.max(...bins.starts.map((_, i) => data.reduce((sum, trace) => sum + trace.y[i]!, 0)));
  const over = limit === undefined ? 0 : all.filter((n) => n > limit).length;
  const median = all[Math.floor((all.length - 1) / 2)]!;
  const facts = [
    `n = ${formatCount(all.length)} ${rows}`,
    `median ${formatCount(median)}`,
    `longest ${formatCount(all.at(-1)!)}`,
  ];
  if (limit !== undefined) facts.push(`${formatCount(over)} ${beyond} (${formatShare(over, all.length)})`);
  return makeFigure({
    title,
    subtitle: facts.join(" · "),
    data,
    legend: groups.length > 1 ? (groups.length > 5 ? "right" : "top") : "none",
    x: {
      title: { text: label(unit) },
      range: rangeWith(limit, bins.starts[0]!, bins.starts.at(-1)! + bins.width),
    },
    y: { title: { text: label(rows) }, range: [0, highest * 1.08] },
    layout: { barmode: "stack", bargap: 0, ...(limit !== undefined && limitLine(limit)) },
  });
}

/**
 * The limit belongs in the picture when it is near the data; far beyond it would squeeze the bars, and the
 * label says the number anyway.
 */
function rangeWith(limit: number | undefined, low: number, high: number): [number, number] {
  if (limit === undefined || limit > 2.5 * high) return [low, high];
  const pad = (Math.max(high, limit) - low) * 0.03;
  return [Math.min(low, limit), Math.max(high, limit) + pad];
}

/** A dashed line from bottom to top at `x`. */
export function lineAt(x: number): Record<string, unknown> {
  const look = { color: MARK, width: 2, dash: "dash" };
  return { type: "line", xref: "x", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: look };
}

function limitLine(limit: number): Record<string, unknown> {
  return {
    shapes: [lineAt(limit)],
    annotations: [
      {
        text: `limit ${formatCount(limit)}`,
        xref: "x",
        x: limit,
        yref: "paper",
        y: 1,
        xanchor: "right",
        yanchor: "top",
        xshift: -4,
        showarrow: false,
        bgcolor: "rgba(255,255,255,0.8)",
        font: { color: MARK, size: 12 },
      },
    ],
  };
}
