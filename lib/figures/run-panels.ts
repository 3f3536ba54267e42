/** Runs of one stage over each other, a panel for each of the curves that tell how such a run goes. */
import type { TrainedStage } from "../run/key.ts";
import { stylesOf, TRAINING_NAMES } from "../view/arms.ts";
import { type Curve, lastStepOf, linesOf, notYet, pointsOf } from "./curves.ts";
import { type Figure, INK, makeFigure, stepAxis, type Trace } from "./theme.ts";

interface Panel {
  title: string;
  /** Names a trainer may log it under. */
  metric: readonly string[];
  scale?: (value: number) => number;
}

const PANELS: Record<TrainedStage, readonly Panel[]> = {
  sft: [
    { title: "loss (nats per token)", metric: ["loss", "train/loss"] },
    { title: "entropy (nats per token)", metric: ["entropy"] },
  ],
  grpo: [
    { title: "mean reward", metric: ["reward"] },
    { title: "KL to the starting policy (nats per token)", metric: ["kl"] },
    {
      title: "groups without signal (%)",
      metric: ["frac_reward_zero_std"],
      scale: (share) => 100 * share,
    },
    { title: "entropy (nats per token)", metric: ["entropy"] },
  ],
  on_policy: [
    { title: "divergence from the Teacher (nats per token)", metric: ["loss"] },
    { title: "entropy (nats per token)", metric: ["entropy"] },
  ],
};

const COLUMN = 0.44;
const PANEL_PIXELS = 230;

/**
 * Loss and entropy of SFT runs and of on-policy distillation; reward, KL, silent groups and entropy of GRPO
 * runs. One colour a run in all panels; the raw line faint, its moving mean strong. Runs that go on say how
 * far they are.
 */
export function runPanels(curves: readonly Curve[], stage: TrainedStage): Figure {
  const name = TRAINING_NAMES[stage];
  const title = `${name[0]!.toUpperCase()}${name.slice(1)} runs over each other`;
  const panels = PANELS[stage];
  if (curves.every(({ metrics }) => metrics.step.length === 0)) return notYet(title, curves, "No run yet.");
  const styles = stylesOf(curves.map(({ name }) => name));
  const rows = Math.ceil(panels.length / 2);
  const data = panels.flatMap((panel, p) =>
    curves.flatMap((curve, i) => tracesOf(curve, styles[i]!, panel, p, i)),
  );
  // A run is named once, by the panel that it has points in.
  const named = new Set<unknown>();
  const labelled = data.map((trace) => {
    const first = trace.showlegend !== false && !named.has(trace.legendgroup);
    if (first) named.add(trace.legendgroup);
    return { ...trace, showlegend: first };
  });
  const longest = Math.max(...curves.map(({ metrics }) => metrics.step.at(-1) ?? 0));
  const going = curves.flatMap((curve) => {
    const { progress, label = curve.name } = pointsOf(curve, ["loss"]);
    return progress ? [`${label}: ${progress}`] : [];
  });
  return makeFigure({
    title,
    subtitle: [
      `${curves.length} ${curves.length === 1 ? "run" : "runs"} of at most ${longest} steps`,
      ...going,
    ].join(" · "),
    data: labelled,
    height: 120 + PANEL_PIXELS * rows,
    layout: {
      annotations: panels.map((panel, p) => panelTitle(panel.title, p, rows)),
      ...Object.fromEntries(
        panels.flatMap((_, p) => {
          const [axis, steps] = [axisOf(p), stepAxis(data, lastStepOf(curves))];
          const bottom = p >= panels.length - 2;
          return [
            [
              `xaxis${axis}`,
              { ...steps, ...(!bottom && { title: { text: "" } }), domain: across(p), anchor: `y${axis}` },
            ],
            [`yaxis${axis}`, { rangemode: "tozero", domain: downwards(p, rows), anchor: `x${axis}` }],
          ];
        }),
      ),
    },
  });
}

/** Plotly's first axis has no number. */
function axisOf(panel: number): string {
  return panel === 0 ? "" : String(panel + 1);
}

function across(panel: number): [number, number] {
  return panel % 2 === 0 ? [0, COLUMN] : [1 - COLUMN, 1];
}

function downwards(panel: number, rows: number): [number, number] {
  const [height, row] = [1 / rows, Math.floor(panel / 2)];
  const top = 1 - row * height;
  return [row === rows - 1 ? 0 : top - 0.78 * height, top - (row === 0 ? 0.06 : 0.04)];
}

function panelTitle(text: string, panel: number, rows: number): Record<string, unknown> {
  return {
    text,
    showarrow: false,
    font: { size: 12.5, color: INK },
    ...{ xref: "paper", x: across(panel)[0], xanchor: "left" },
    ...{ yref: "paper", y: downwards(panel, rows)[1], yanchor: "bottom", yshift: 3 },
  };
}

function tracesOf(
  curve: Curve,
  style: { label: string; colour: string },
  { metric, scale }: Panel,
  panel: number,
  run: number,
): Trace[] {
  const points = pointsOf(curve, metric, scale);
  const axis = axisOf(panel);
  return points.step.length === 0
    ? []
    : linesOf(points, `${run}`, style).map((trace) => ({ ...trace, xaxis: `x${axis}`, yaxis: `y${axis}` }));
}
