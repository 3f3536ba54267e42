/**
 * Training curves: a metric over optimizer steps, several runs drawn over each other, the raw line faint and
 * its mean strong.
 */
import type { Metrics } from "../run/metrics.ts";
import { describeProgress } from "../run/progress.ts";
import type { Underway } from "../run/progress.ts";
import { formatNumber, movingAverage, smoothingWindow } from "../view/numbers.ts";
import { emptyFigure, type Figure, makeFigure, note, stepAxis, type Trace } from "./theme.ts";
import { label } from "../view/labels.ts";
import { stylesOf } from "../view/arms.ts";

/**
 * A run to draw, as `{ name: "sft", ...run }`. An arm's name gets the arm's colour. Of a whole run the figure
 * says how far it is, and its axis reaches to the last step.
 */
export interface Curve extends Partial<Underway> {
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
    return notYet(
      options.title,
      curves,
      curves.length === 0 ? "No run yet." : `No step has logged ${names[0]} yet.`,
    );
  const styles = stylesOf(drawn.map((points) => points.name));
  const data = drawn.flatMap((points, i) => linesOf(points, `${i}`, styles[i]!, options.window));
  const broken = drawn.flatMap((points, i) =>
    points.broken.map((step) => brokenMark(step, styles[i]!.colour)),
  );
  const sizes = drawn.map(
    (points, i) =>
      `${shortened(points.label ?? styles[i]!.label)}: ${points.progress ?? `${points.step.length} steps`}` +
      endOf(points.value, options.window),
  );
  const waiting = curves.length > drawn.length ? waitingFor(curves) : null;
  return makeFigure({
    title: options.title,
    subtitle: [
      drawn.length > 3 ? `${drawn.length} runs` : sizes.join(" · "),
      ...(waiting ? [waiting] : options.window === 1 ? [] : ["strong line: moving mean"]),
    ].join(" · "),
    data,
    x: { ...stepAxis(data, lastStepOf(curves)), rangemode: "tozero" },
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

/** What training maximises. Runs with different rewards are not on one scale. */
export function rewardCurve(curves: readonly Curve[]): Figure {
  return metricCurve(curves, { title: "Mean reward", yTitle: "mean reward", metric: "reward" });
}

/** The figure before any step: of a run that goes on, what it waits for. */
export function notYet(title: string, runs: readonly Partial<Underway>[], why: string): Figure {
  const waiting = waitingFor(runs);
  return emptyFigure(title, waiting ?? why, waiting ? "no step yet" : undefined);
}

/** What the running one among them waits for before its first step, as a sentence. */
function waitingFor(runs: readonly Partial<Underway>[]): string | null {
  const waiting = runs.find((run) => run.metrics?.step.length === 0 && run.status === "running");
  const text = waiting && progressOf(waiting);
  return text ? `${text[0]!.toUpperCase()}${text.slice(1)}.` : null;
}

/** `describeProgress` where it is a whole run; null of metrics alone. */
export function progressOf({
  status,
  step = 0,
  totalSteps = 0,
  start,
  created,
  config,
  metrics,
}: Partial<Underway>): string | null {
  if (!status || start === undefined || !created || !config || !metrics) return null; // metrics alone
  return describeProgress({ status, step, totalSteps, start, created, config, metrics });
}

/** The last step that any of them plans. */
export function lastStepOf(curves: readonly Partial<Pick<Underway, "totalSteps">>[]): number {
  return Math.max(0, ...curves.map(({ totalSteps }) => totalSteps ?? 0));
}

interface Points {
  name: string;
  label?: string | undefined;
  progress: string | null;
  step: number[];
  value: (number | null)[];
  broken: number[];
}

export function pointsOf(curve: Curve, names: readonly string[], scale = (value: number) => value): Points {
  const column =
    names.map((name) => curve.metrics[name]).find((values) => values?.some((value) => value !== null)) ?? [];
  const { name, label } = curve;
  const points: Points = { name, label, progress: progressOf(curve), step: [], value: [], broken: [] };
  curve.metrics.step.forEach((step, i) => {
    const value = column[i] ?? null;
    if (value === null) return; // logged by another event of this step, or not at all
    if (!Number.isFinite(value)) points.broken.push(step);
    points.step.push(step);
    points.value.push(Number.isFinite(value) ? scale(value) : null);
  });
  return points;
}

export function linesOf(
  points: Points,
  legendgroup: string,
  style: { label: string; colour: string },
  window = smoothingWindow(points.step.length),
): Trace[] {
  const name = points.label === undefined ? style.label : label(points.label);
  const line = { type: "scatter", x: points.step, name, legendgroup };
  const smooth = isSmoothed(points.step.length, window);
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

const isSmoothed = (steps: number, window: number): boolean => steps > 2 * window && window > 1;

/** Where the strong line ends. */
function endOf(values: readonly (number | null)[], window = smoothingWindow(values.length)): string {
  const drawn = isSmoothed(values.length, window) ? movingAverage(values, window) : values;
  const end = drawn.findLast((value) => value !== null);
  return end === undefined || end === null ? "" : `, ends at ${formatNumber(end)}`;
}

/** A run is named after all values that were changed: how far it is must still fit into the subtitle. */
function shortened(name: string): string {
  const characters = [...name];
  return characters.length > 60 ? `${characters.slice(0, 59).join("")}…` : name;
}
