/** Where time goes: the seconds of a GRPO step (stage 5), and why servers batch (stage 7). */
import type { Curve } from "./curves.ts";
import type { Throughput } from "../serving/throughput.ts";
import { formatCount, formatNumber } from "../view/numbers.ts";
import { emptyFigure, type Figure, makeFigure } from "./theme.ts";
import { SERIES, stylesOf } from "../view/arms.ts";

/** The phases that a step event times (scripts/sidecar/phases.py), in their order within a step. */
const PHASES: readonly { key: string; name: string }[] = [
  { key: "sync", name: "policy to the generator" },
  { key: "generate", name: "generate answers" },
  { key: "reward", name: "reward" },
  { key: "score", name: "score under the reference" },
  { key: "update", name: "update the policy" },
];

/**
 * Mean seconds of each phase of a step, stacked, a bar a run; of a batch, where answers are learned from
 * several times. The first one, which starts the machine up, is left out.
 */
export function stepSeconds(runs: readonly Curve[]): Figure {
  const title = "Where the seconds of a step go";
  const timed = runs.filter(({ metrics }) => (metrics["seconds/generate"]?.length ?? 0) > 1);
  if (timed.length === 0) return emptyFigure(title, "No step has been timed yet.");
  const seconds = (run: Curve, key: string): number => {
    const { updates, batches } = batchesOf(run);
    const known = (run.metrics[`seconds/${key}`] ?? []).slice(updates).filter((value) => value !== null);
    return known.reduce((sum, value) => sum + value, 0) / batches;
  };
  const labels = stylesOf(timed.map(({ name }) => name)).map((style, i) => timed[i]!.label ?? style.label);
  const whole = timed.map((run) => PHASES.reduce((sum, { key }) => sum + seconds(run, key), 0));
  const data = PHASES.map(({ key, name }, i) => {
    const values = timed.map((run) => seconds(run, key));
    return {
      type: "bar",
      orientation: "h",
      name,
      y: labels,
      x: values,
      marker: { color: SERIES[i] },
      // A narrow part has no room for its number.
      text: values.map((value, k) => (value / whole[k]! < 0.06 ? "" : `${formatNumber(value)} s`)),
      textposition: "inside",
      insidetextanchor: "middle",
      hovertemplate: values.map(
        (value, k) =>
          `${formatNumber(value)} s, ${Math.round((100 * value) / whole[k]!)} % of a ` +
          `step<extra>${name}</extra>`,
      ),
    };
  });
  const sizes = timed.map(
    (run, i) =>
      `${timed.length > 1 ? `${labels[i]}: ` : ""}${formatNumber(whole[i]!)} s a ${wordOf(run)}, mean of ` +
      `${batchesOf(run).batches} ${wordOf(run)}${batchesOf(run).updates > 1 ? "es" : "s"}`,
  );
  return makeFigure({
    title,
    subtitle: sizes.join(" · "),
    data,
    x: { title: { text: "seconds" }, rangemode: "tozero" },
    y: { title: { text: "" }, autorange: "reversed" },
    layout: { barmode: "stack" },
    height: 220 + 40 * timed.length,
  });
}

/** Updates on each batch of answers, and batches that were timed, without the first. */
function batchesOf({ metrics }: Curve): { updates: number; batches: number } {
  const generated = metrics["seconds/generate"]!;
  const updates = Math.max(
    1,
    generated.findIndex((value, i) => i > 0 && value !== null),
  );
  return { updates, batches: Math.max(1, generated.slice(updates).filter((value) => value !== null).length) };
}

const wordOf = (run: Curve): string => (batchesOf(run).updates > 1 ? "batch" : "step");

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
