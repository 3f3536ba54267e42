/** Why servers batch: tokens a second by requests in flight (stage 7). */
import type { Throughput } from "../serving/throughput.ts";
import { formatCount } from "../view/numbers.ts";
import { emptyFigure, type Figure, makeFigure } from "./theme.ts";
import { SERIES } from "../view/arms.ts";

/** Tokens a second by requests in flight; under each the median time that one whole answer took. */
export function throughputCurve(rows: readonly Throughput[]): Figure {
  const title = "Tokens a second by requests in flight";
  if (rows.length === 0) return emptyFigure(title, "Nothing has been measured yet.");
  const x = rows.map((row) => String(row.inFlight)); // categories: a step is a doubling or more
  const [first, best] = [rows[0]!, rows.reduce((a, b) => (b.tokensPerSecond > a.tokensPerSecond ? b : a))];
  const requests = rows.reduce((sum, row) => sum + row.requests, 0);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  const gain =
    rows.length > 1
      ? ` · ${(best.tokensPerSecond / first.tokensPerSecond).toFixed(1)} times as many at ` +
        `${best.inFlight} as at ${first.inFlight}`
      : "";
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(requests)} ` +
      `answers${failed > 0 ? `, ${formatCount(failed)} of them failed` : ""}${gain}`,
    data: [
      {
        type: "scatter",
        mode: "lines+markers+text",
        name: "tokens/s",
        x,
        y: rows.map((row) => row.tokensPerSecond),
        text: rows.map(({ tokensPerSecond }) => formatCount(tokensPerSecond)),
        textposition: rows.map((_, i) => (i === 0 ? "top center" : "top left")),
        cliponaxis: false,
        line: { color: SERIES[0], width: 3 },
        marker: { size: 9 },
      },
    ],
    x: {
      title: { text: "requests in flight, and how long one answer takes" },
      type: "category",
      tickvals: x,
      ticktext: rows.map(({ medianMs }, i) => `${x[i]}<br>${(medianMs / 1000).toFixed(2)} s`),
    },
    y: { title: { text: "tokens/s" }, range: [0, 1.25 * best.tokensPerSecond] },
    legend: "none",
  });
}
