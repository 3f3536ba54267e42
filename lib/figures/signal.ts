/**
 * Stage 5: whether a group has anything to tell. Equal rewards give zero advantages, and nothing is learned
 * from them.
 */
import { expectedNoSignalShare, hasNoSignal } from "../reward/advantage.ts";
import type { Census } from "../train/census.ts";
import {
  binomial,
  formatCount,
  formatShare,
  meanOf,
  movingAverage,
  smoothingWindow,
} from "../view/numbers.ts";
import type { StepSamples } from "./reward.ts";
import { emptyFigure, type Figure, makeFigure, stepAxis, type Trace } from "./theme.ts";
import { label } from "../view/labels.ts";
import { SERIES, stylesOf } from "../view/arms.ts";

/** A run's completions, as `{ name: "sft_grpo", ...run }`. */
export interface SampledRun {
  name: string;
  samples: readonly StepSamples[];
  /** Text of the legend; default the arm's label or the name. */
  label?: string;
}

/**
 * Share of groups whose rewards are all equal: they teach nothing. The dashed line is what p^G + (1 − p)^G
 * predicts from the step's own mean of the reward named `part` (0 or 1), answers taken as independent.
 */
export function noSignalShare(runs: readonly SampledRun[], part = "accuracy"): Figure {
  const title = "Groups without signal";
  const filled = runs
    .map((run) => ({ ...run, steps: run.samples.filter((step) => step.samples.length > 0) }))
    .filter((run) => run.steps.length > 0);
  if (filled.length === 0) return emptyFigure(title, "No step with completions yet.");
  const counts: { all: number; silent: number }[] = []; // of each run
  const styles = stylesOf(filled.map((run) => run.name));
  const data = filled.flatMap((run, i) => {
    const style = { ...styles[i]!, ...(run.label !== undefined && { label: label(run.label) }) };
    const window = smoothingWindow(run.steps.length);
    const points = run.steps.map((step) => signalOf(step, part));
    const all = points.reduce((sum, { groups }) => sum + groups, 0);
    const silent = points.reduce((sum, point) => sum + point.silent, 0);
    counts.push({ all, silent });
    const x = points.map((point) => point.step);
    const shares = points.map((point) => (100 * point.silent) / point.groups);
    const expected = points.map((point) => point.expected);
    const line = { type: "scatter", x, legendgroup: `${i}` };
    const traces: Trace[] = [
      {
        ...line,
        mode: points.length === 1 ? "markers" : "lines",
        y: movingAverage(shares, window),
        name: style.label,
        line: { color: style.colour, width: 3 },
        marker: { color: style.colour },
        hovertemplate: "step %{x}: %{y:.1f} %<extra>%{fullData.name}</extra>",
      },
    ];
    if (expected.some((value) => value !== null))
      traces.push({
        ...line,
        mode: "lines",
        y: movingAverage(expected, window),
        name: `${style.label}, if all questions were alike`,
        line: { color: style.colour, width: 2, dash: "dash" },
        hovertemplate: "step %{x}: %{y:.1f} % expected<extra></extra>",
      });
    return traces;
  });
  return makeFigure({
    title,
    subtitle: `${silentText(counts)} · moving means`,
    data,
    x: stepAxis(data),
    y: { title: { text: "groups with equal rewards (%)" }, range: [0, 102] },
  });
}

/** Of several runs, in the order of the legend: they may move in opposite directions. */
function silentText(counts: readonly { all: number; silent: number }[]): string {
  const n = `n = ${formatCount(counts.reduce((sum, { all }) => sum + all, 0))} groups`;
  const shares = counts.map(({ all, silent }) => formatShare(silent, all));
  if (counts.length > 1) return `${n} · without signal: ${shares.join(" and ")}`;
  return `${n}, ${formatCount(counts[0]!.silent)} without signal (${shares[0]})`;
}

/**
 * Groups of one step, how many of them are silent, and the share in % that independent answers of the same p
 * would leave silent.
 */
function signalOf({ step, samples }: StepSamples, part: string) {
  const groups = [...Map.groupBy(samples, ({ group }) => group).values()];
  const silent = groups.filter((answers) => hasNoSignal(answers.map(({ reward }) => reward))).length;
  const p = meanOf(samples.map((s) => s.rewards[part]));
  const groupSize = Math.round(samples.length / groups.length);
  const expected = p === null || p < 0 || p > 1 ? null : 100 * expectedNoSignalShare(p, groupSize);
  return { step, groups: groups.length, silent, expected };
}

/**
 * How many of the G answers to each question are right, before training, beside what one common chance p for
 * all questions would give. The ends (0 and G) carry no gradient. A wide, U-shaped census means easy and
 * hopeless questions; the binomial knows neither.
 */
export function censusHistogram(census: Pick<Census, "n" | "groupSize" | "histogram" | "accuracy">): Figure {
  const title = "Census: right answers a question before GRPO";
  const { n, groupSize, histogram, accuracy } = census;
  if (n === 0 || accuracy === null) return emptyFigure(title, "No census has been taken yet.");
  const k = Array.from({ length: groupSize + 1 }, (_, i) => i);
  const bar = (name: string, x: number[], color: string) => ({
    type: "bar",
    name,
    x,
    width: 0.8,
    y: x.map((i) => histogram[i]!),
    marker: { color },
    hovertemplate: "%{x} right: %{y:,} questions<extra></extra>",
  });
  const silent = histogram[0]! + histogram[groupSize]!;
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(n)} questions × ${groupSize} answers, p = ${accuracy.toFixed(2)} · no ` +
      `gradient: ${formatShare(silent, n)}, binomial says ` +
      `${(100 * expectedNoSignalShare(accuracy, groupSize)).toFixed(1)} %`,
    data: [
      bar("measured", k.slice(1, -1), SERIES[0]),
      bar("measured, no gradient", [0, groupSize], "#8C959F"),
      {
        type: "scatter",
        mode: "lines+markers",
        name: `binomial(${groupSize}, ${accuracy.toFixed(2)})`,
        x: k,
        y: binomial(groupSize, accuracy).map((share) => share * n),
        line: { color: SERIES[5], width: 2, dash: "dot" },
        marker: { color: SERIES[5], size: 8, symbol: "diamond" },
        hovertemplate: "%{x} right: %{y:.1f} expected<extra></extra>",
      },
    ],
    x: {
      title: { text: `right answers of ${groupSize}, and how many questions` },
      // the counts stand under the bars: on them the binomial's line would cross them
      tickvals: k,
      ticktext: k.map((i) => `${i}<br><b>${formatCount(histogram[i]!)}</b>`),
      range: [-0.6, groupSize + 0.6],
    },
    y: { title: { text: "questions" }, rangemode: "tozero" },
    layout: { barmode: "overlay" },
  });
}
