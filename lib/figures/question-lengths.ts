/** Stage 1: how long the questions are, for all of them and for every type and source by itself. */
import { type Choice, updateMenu } from "./menu.ts";
import { countBy } from "../stats/stats.ts";
import { fillBins, formatCount, formatShare, integerBins } from "../view/numbers.ts";
import { orderTypes } from "./prepare.ts";
import { DROPPED, emptyFigure, type Figure, KEPT, makeFigure, MARK, titleOf } from "./theme.ts";
import { pretty } from "../view/labels.ts";

export interface MeasuredQuestion {
  type: string;
  source: string;
  tokens: number;
}

const TITLE = "Length of the questions";

/**
 * Histogram of the questions' tokens with a line at `limit`, longer ones in grey, and a menu that slices by
 * type and by source: each slice has bins of its own, so that short questions show beside filings of
 * thousands of tokens.
 */
export function questionLengths(rows: readonly MeasuredQuestion[], limit: number): Figure {
  if (rows.length === 0) return emptyFigure(TITLE, "No questions to measure yet.");
  const slices: [string, readonly MeasuredQuestion[]][] = [
    ["all questions", rows],
    ...orderTypes(rows.map((row) => row.type)).map((type): [string, MeasuredQuestion[]] => [
      `type: ${pretty(type)}`,
      rows.filter((row) => row.type === type),
    ]),
    ...[...countBy(rows, (row) => row.source).keys()].map((source): [string, MeasuredQuestion[]] => [
      `source: ${source}`,
      rows.filter((row) => row.source === source),
    ]),
  ];
  const drawn = slices.map(([name, slice]) => ({ name, ...describe(slice, limit) }));
  const first = drawn[0]!;
  const choices = drawn.map(
    ({ name, x, y, width, ranges, subtitle, axis }): Choice => ({
      label: name,
      traces: { x: [x, x], y, width: [width, width], customdata: [ranges, ranges] },
      layout: { "title.text": titleOf(TITLE, subtitle).text, "xaxis.range": axis, "yaxis.autorange": true },
    }),
  );
  const bars = (name: string, i: number, color: string) => ({
    type: "bar",
    name,
    x: first.x,
    y: first.y[i],
    width: first.width,
    customdata: first.ranges,
    marker: { color, line: { color: "#FFFFFF", width: 0.5 } },
    hovertemplate: "%{customdata} tokens: %{y:,}<extra>%{fullData.name}</extra>",
  });
  return makeFigure({
    title: TITLE,
    subtitle: first.subtitle,
    data: [bars("fits", 0, KEPT), bars(`longer than ${formatCount(limit)} tokens`, 1, DROPPED)],
    x: { title: { text: "tokens of the prompt" }, range: first.axis },
    y: { title: { text: "questions" }, rangemode: "tozero" },
    layout: {
      barmode: "stack",
      bargap: 0,
      updatemenus: [updateMenu(choices)],
      shapes: [lineAt(limit)],
    },
  });
}

function describe(rows: readonly MeasuredQuestion[], limit: number) {
  const tokens = rows.map((row) => row.tokens).sort((a, b) => a - b);
  const bins = integerBins(tokens);
  const long = tokens.filter((n) => n > limit);
  const end = bins.starts.at(-1)! + bins.width;
  const facts = [
    `n = ${formatCount(rows.length)}`,
    `median ${formatCount(tokens[Math.floor((tokens.length - 1) / 2)]!)} tokens`,
    `longest ${formatCount(tokens.at(-1)!)}`,
    `${formatCount(long.length)} over the limit of ${formatCount(limit)} ` +
      `(${formatShare(long.length, rows.length)})`,
  ];
  return {
    x: bins.starts.map((start) => start + bins.width / 2),
    y: [
      fillBins(
        tokens.filter((n) => n <= limit),
        bins,
      ),
      fillBins(long, bins),
    ],
    width: bins.width,
    ranges: bins.starts.map((start) =>
      bins.width === 1 ? `${start}` : `${start} – ${start + bins.width - 1}`,
    ),
    subtitle: facts.join(" · "),
    // The limit belongs in the picture when it is near the data; far beyond it would squeeze the bars.
    axis: [Math.min(bins.starts[0]!, limit), limit > 1.5 * end ? end : Math.max(end, limit * 1.03)],
  };
}

/** A dashed line from bottom to top at `x`. */
function lineAt(x: number): Record<string, unknown> {
  const look = { color: MARK, width: 2, dash: "dash" };
  return { type: "line", xref: "x", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: look };
}
