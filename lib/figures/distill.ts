/** Stage 2: how the Teacher gets on, and what its texts are good for. */
import { orderTypes } from "./prepare.ts";
import { countBy } from "../stats/stats.ts";
import { formatCount, formatNumber, formatShare } from "../view/numbers.ts";
import { emptyFigure, type Figure, KEPT, makeFigure, note } from "./theme.ts";
import { pretty } from "../view/labels.ts";
import { SERIES } from "../view/arms.ts";
import type { ProgressCurve } from "../view/progress-curve.ts";

/**
 * Rows on disk over time, and the rate where tokens are counted; the subtitle holds rate, ETA and failures.
 */
export function distillProgress(
  progress: ProgressCurve,
  { title = "Teacher texts on disk", unit = "texts" }: { title?: string; unit?: string } = {},
): Figure {
  const { total, done, failed, resumed = 0, tokensPerSecond, etaSeconds, failures = {}, history } = progress;
  if (history.length === 0)
    return emptyFigure(
      title,
      total === 0 ? "No questions to ask." : `Waiting for the first of ${formatCount(total)} ${unit}.`,
    );
  const causes = Object.entries(failures).map(([cause, n]) => `${cause.replace(/_/g, " ")} ${n}`);
  const facts = [
    `n = ${formatCount(done)} of ` +
      `${formatCount(total)}${resumed > 0 ? ` (${formatCount(resumed)} found on disk)` : ""}`,
    tokensPerSecond === null ? "" : `${formatCount(tokensPerSecond)} tokens/s`,
    done >= total ? "finished" : etaSeconds === null ? "" : `ETA ${formatNumber(Math.round(etaSeconds))} s`,
    failed > 0 ? `failed ${formatCount(failed)} (${causes.join(", ")})` : "no failures",
  ];
  const rates = history.map((point) => point.tokensPerSecond);
  const isRated = rates.some((rate) => rate !== null);
  const fastest = Math.max(1, ...rates.map((rate) => rate ?? 0));
  const seconds = history.map((point) => point.seconds);
  return makeFigure({
    title,
    subtitle: facts.filter(Boolean).join(" · "),
    data: [
      {
        type: "scatter",
        mode: "lines",
        name: unit,
        x: seconds,
        y: history.map((p) => p.done),
        line: { color: SERIES[0], width: 3 },
        fill: "tozeroy",
        fillcolor: "rgba(0,114,178,0.12)",
      },
      ...(isRated
        ? [
            {
              type: "scatter",
              mode: "lines",
              name: "tokens/s (right axis)",
              x: seconds,
              y: rates,
              yaxis: "y2",
              line: { color: SERIES[1], width: 2 },
            },
          ]
        : []),
    ],
    x: { title: { text: "time (s)" }, rangemode: "tozero" },
    y: { title: { text: unit }, range: [0, Math.max(1, total) * 1.12] },
    layout: {
      ...(isRated && {
        yaxis2: {
          title: { text: "tokens/s" },
          overlaying: "y",
          side: "right",
          range: [0, fastest * 1.6],
          tickmode: "auto",
          showgrid: false,
          automargin: true,
        },
      }),
      shapes: [
        {
          type: "line",
          xref: "paper",
          x0: 0,
          x1: 1,
          yref: "y",
          y0: total,
          y1: total,
          line: { color: "#AFB8C1", width: 1, dash: "dash" },
        },
      ],
      annotations: [
        note(`all ${formatCount(total)}`, {
          xref: "paper",
          x: 0,
          xanchor: "left",
          y: total,
          yanchor: "bottom",
        }),
      ],
    },
  });
}

/**
 * Per type, how many texts were usable and why the others were not; `failure` null means usable. In % of the
 * type, counts on the bars.
 */
export function yieldByType(
  rows: readonly { type: string; failure: string | null }[],
  usable = "usable",
): Figure {
  const title = "Yield of the Teacher by type";
  if (rows.length === 0) return emptyFigure(title, "No Teacher texts yet.");
  const types = orderTypes(rows.map((row) => row.type)).reverse();
  const sizes = countBy(rows, (row) => row.type);
  const causes = [
    ...countBy(
      rows.filter((r) => r.failure !== null),
      (row) => row.failure!,
    ).keys(),
  ];
  const palette = ["#E69F00", "#CC79A7", "#56B4E9", "#8A7B00", "#D55E00", "#595959"];
  const data = [null, ...causes].map((cause, i) => {
    const counts = countBy(
      rows.filter((row) => row.failure === cause),
      (row) => row.type,
    );
    const n = types.map((type) => counts.get(type) ?? 0);
    const x = types.map((type, t) => (100 * n[t]!) / sizes.get(type)!);
    return {
      type: "bar",
      orientation: "h",
      name: cause === null ? usable : pretty(cause),
      y: types.map((t) => pretty(t)),
      x,
      text: n.map((count, t) => (x[t]! > 4 ? formatCount(count) : "")),
      textposition: "inside",
      insidetextanchor: "middle",
      textangle: 0,
      marker: { color: cause === null ? KEPT : palette[(i - 1) % palette.length] },
      hovertemplate: "%{y}: %{x:.1f} %<extra>%{fullData.name}</extra>",
    };
  });
  const good = rows.filter((row) => row.failure === null).length;
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(rows.length)} texts, ${formatCount(good)} ${usable} ` +
      `(${formatShare(good, rows.length)}); counts on the bars`,
    data,
    x: { title: { text: "share of the type's texts (%)" }, range: [0, 100] },
    y: { title: { text: "type" } },
    legend: causes.length > 4 ? "right" : "top",
    height: 380,
    layout: { barmode: "stack" },
  });
}
