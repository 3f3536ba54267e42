/**
 * Training curves: a metric over optimizer steps, several runs drawn over each other, the raw line faint and
 * its mean strong.
 */
import type { Metrics } from "../run/run-metrics.ts";
import { formatNumber, movingAverage, smoothingWindow } from "../view/numbers.ts";
import { emptyFigure, type Figure, makeFigure, note, stepAxis, type Trace } from "./theme.ts";
import { label } from "../view/labels.ts";
import { stylesOf } from "../view/arms.ts";

/** A run to draw, as `{ name: "sft", ...run }`. An arm's name gets the arm's colour. */
export interface Curve {
  name: string;
  metrics: Metrics;
  /** Text of the legend; default the arm's label or the name. */
  label?: string;
}

export interface CurveOptions {
  title: string;
  /** Axis title with its unit. */
  yTitle: string;
  /** Names a trainer may log it under; the first one a run has is drawn. */
  metric: string | readonly string[];
  scale?: (value: number) => number;
  y?: Record<string, unknown>;
  /** Steps of the moving mean; 1 draws the raw line alone. Default a tenth of the run, 3 to 25. */
  window?: number;
}

/**
 * One metric of one or more runs over optimizer steps. A step that did not log it is a gap; a non-finite
 * value is marked, not drawn.
 */
export function metricCurve(curves: readonly Curve[], options: CurveOptions): Figure {
  const names = typeof options.metric === "string" ? [options.metric] : options.metric;
  const drawn = curves
    .map((curve) => pointsOf(curve, names, options.scale))
    .filter((points) => points.step.length > 0);
  if (drawn.length === 0)
    return emptyFigure(
      options.title,
      curves.length === 0 ? "No run yet." : `No step has logged ${names[0]} yet.`,
    );
  const styles = stylesOf(drawn.map((points) => points.name));
  const data = drawn.flatMap((points, i) => linesOf(points, `${i}`, styles[i]!, options.window));
  const broken = drawn.flatMap((points, i) =>
    points.broken.map((step) => brokenMark(step, styles[i]!.colour)),
  );
  const sizes = drawn.map(
    (points, i) => `${points.label ?? styles[i]!.label}: ${points.step.length} steps${lastOf(points.value)}`,
  );
  return makeFigure({
    title: options.title,
    subtitle: `${drawn.length > 3 ? `${drawn.length} runs` : sizes.join(" · ")}${options.window === 1 ? "" : " · strong line: moving mean"}`,
    data,
    x: { ...stepAxis(data), rangemode: "tozero" },
    y: { title: { text: options.yTitle }, ...options.y },
    legend: drawn.length > 1 ? "top" : "none",
    layout:
      broken.length > 0
        ? {
            shapes: broken,
            annotations: [
              note("✗ not a finite number", {
                x: 1,
                y: 1,
                xref: "paper",
                yref: "paper",
                xanchor: "right",
                yanchor: "bottom",
              }),
            ],
          }
        : {},
  });
}

/** Cross-entropy of the response's tokens. Two runs can be drawn over each other. */
export function lossCurve(curves: readonly Curve[]): Figure {
  return metricCurve(curves, {
    title: "Training loss",
    yTitle: "loss (nats per token)",
    metric: ["loss", "train/loss"],
  });
}

/** The schedule as the optimizer saw it. */
export function lrCurve(curves: readonly Curve[]): Figure {
  return metricCurve(curves, {
    title: "Learning rate",
    yTitle: "learning rate",
    metric: ["learning_rate", "lr"],
    window: 1,
    y: { rangemode: "tozero", exponentformat: "power" },
  });
}

/** What training maximises. Runs with different rewards are not on one scale. */
export function rewardCurve(curves: readonly Curve[]): Figure {
  return metricCurve(curves, { title: "Mean reward", yTitle: "mean reward", metric: "reward" });
}

/** Divergence from the starting policy, k3 estimate. */
export function klCurve(curves: readonly Curve[]): Figure {
  return metricCurve(curves, {
    title: "KL to the starting policy",
    yTitle: "KL (nats per token, k3)",
    metric: "kl",
    y: { rangemode: "tozero" },
  });
}

/** How undecided the policy still is. */
export function entropyCurve(curves: readonly Curve[]): Figure {
  return metricCurve(curves, {
    title: "Entropy of the policy",
    yTitle: "entropy (nats per token)",
    metric: "entropy",
    y: { rangemode: "tozero" },
  });
}

interface Points {
  name: string;
  label?: string | undefined;
  step: number[];
  value: (number | null)[];
  broken: number[];
}

function pointsOf(curve: Curve, names: readonly string[], scale = (value: number) => value): Points {
  const column =
    names.map((name) => curve.metrics[name]).find((values) => values?.some((value) => value !== null)) ?? [];
  const points: Points = { name: curve.name, label: curve.label, step: [], value: [], broken: [] };
  curve.metrics.step.forEach((step, i) => {
    const value = column[i] ?? null;
    if (value === null) return; // logged by another event of this step, or not at all
    if (!Number.isFinite(value)) points.broken.push(step);
    points.step.push(step);
    points.value.push(Number.isFinite(value) ? scale(value) : null);
  });
  return points;
}

function linesOf(
  points: Points,
  legendgroup: string,
  style: { label: string; colour: string },
  window = smoothingWindow(points.step.length),
): Trace[] {
  const name = points.label === undefined ? style.label : label(points.label);
  const line = { type: "scatter", x: points.step, name, legendgroup };
  const smooth = points.step.length > 2 * window && window > 1;
  const raw = {
    ...line,
    mode: points.step.length === 1 ? "markers" : "lines",
    y: points.value,
    line: { color: style.colour, width: smooth ? 1 : 2.5 },
    marker: { color: style.colour, size: 8 },
    opacity: smooth ? 0.3 : 1,
    showlegend: !smooth,
    hovertemplate: "step %{x}: %{y:.4g}<extra>%{fullData.name}</extra>",
  };
  if (!smooth) return [raw];
  return [
    { ...raw, hoverinfo: "skip", hovertemplate: "" },
    {
      ...line,
      mode: "lines",
      y: movingAverage(points.value, window),
      line: { color: style.colour, width: 3 },
      hovertemplate: `step %{x}: %{y:.4g} (mean of ${window})<extra>%{fullData.name}</extra>`,
    },
  ];
}

function brokenMark(step: number, color: string): Record<string, unknown> {
  return {
    type: "line",
    xref: "x",
    x0: step,
    x1: step,
    yref: "paper",
    y0: 0,
    y1: 1,
    line: { color, width: 1, dash: "dot" },
  };
}

function lastOf(values: readonly (number | null)[]): string {
  const last = values.findLast((value) => value !== null);
  return last === undefined || last === null ? "" : `, last ${formatNumber(last)}`;
}
