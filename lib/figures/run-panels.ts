/**
 * Runs of one stage over each other, a panel for each of the curves that tell how such a run goes; and KL and
 * entropy of one run, one under the other.
 */
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

const KL_AND_ENTROPY: readonly Panel[] = [
  { title: "KL (nats per token, k3)", metric: ["kl"] },
  { title: "entropy (nats per token)", metric: ["entropy"] },
];

const COLUMN = 0.44;

/**
 * Loss and entropy of SFT runs and of on-policy distillation; reward, KL, silent groups and entropy of GRPO
 * runs. One colour a run in all panels; the raw line faint, its moving mean strong. Runs that go on say how
 * far they are.
 */
export function runPanels(curves: readonly Curve[], stage: TrainedStage): Figure {
  const name = TRAINING_NAMES[stage];
  const title = `${name[0]!.toUpperCase()}${name.slice(1)} runs over each other`;
  if (curves.every(({ metrics }) => metrics.step.length === 0)) return notYet(title, curves, "No run yet.");
  const longest = Math.max(...curves.map(({ metrics }) => metrics.step.at(-1) ?? 0));
  const going = curves.flatMap((curve) => {
    const { progress, label = curve.name } = pointsOf(curve, ["loss"]);
    return progress ? [`${label}: ${progress}`] : [];
  });
  const size = `${curves.length} ${curves.length === 1 ? "run" : "runs"} of at most ${longest} steps`;
  const subtitle = [size, ...going].join(" · ");
  return drawPanels(curves, PANELS[stage], { title, subtitle, columns: 2, height: 230 });
}

/**
 * How far a run of GRPO is from its start, and how undecided its policy still is, over the same steps. Single
 * steps are dots, and an axis ends above the moving mean: those that jump far beyond it are cut.
 */
export function klAndEntropy(curve: Curve): Figure {
  const title = "KL to the start, and entropy";
  if (curve.metrics.step.length === 0) return notYet(title, [curve], "No run yet.");
  const { progress } = pointsOf(curve, ["kl"]);
  const size = progress ?? `${curve.metrics.step.length} steps`;
  const subtitle = `${size} · line: moving mean; dots: single steps, those above the frame cut`;
  return drawPanels([curve], KL_AND_ENTROPY, { title, subtitle, columns: 1, height: 190, calm: true });
}

interface PanelOptions {
  title: string;
  subtitle: string;
  columns: 1 | 2;
  /** Pixels of a row of panels. */
  height: number;
  calm?: boolean;
}

function drawPanels(curves: readonly Curve[], panels: readonly Panel[], options: PanelOptions): Figure {
  const { title, subtitle, columns, height, calm = false } = options;
  const styles = stylesOf(curves.map(({ name }) => name));
  const rows = Math.ceil(panels.length / columns);
  const ofPanels = panels.map((panel, p) =>
    curves.flatMap((curve, i) => tracesOf(curve, styles[i]!, panel, p, i)),
  );
  const data = ofPanels.flat();
  // A run is named once, by the panel that it has points in.
  const named = new Set<unknown>();
  const labelled = data.map((trace) => {
    const first = trace.showlegend !== false && !named.has(trace.legendgroup);
    if (first) named.add(trace.legendgroup);
    return { ...(calm ? dotted(trace) : trace), showlegend: first };
  });
  const steps = { ...stepAxis(data, lastStepOf(curves)), ...(calm && { rangemode: "tozero" }) };
  const axes = panels.flatMap((panel, p) => {
    const axis = axisOf(p);
    const across = columnOf(p, columns);
    const isLast = p >= panels.length - columns;
    const upper = { title: { text: "" }, ...(columns === 1 && { showticklabels: false }) };
    const x = { ...steps, ...(!isLast && upper), domain: across, anchor: `y${axis}` };
    const y = { rangemode: "tozero", domain: rowOf(p, columns, rows), anchor: `x${axis}` };
    const title = columns === 1 && { title: { text: panel.title } };
    return [
      [`xaxis${axis}`, x],
      [`yaxis${axis}`, { ...y, ...title, ...(calm && calmRange(ofPanels[p]!)) }],
    ];
  });
  return makeFigure({
    title,
    subtitle,
    data: labelled,
    height: 120 + height * rows,
    legend: curves.length > 1 || !calm ? "top" : "none",
    layout: {
      ...(columns === 2 && { annotations: panels.map(({ title }, p) => panelTitle(title, p, rows)) }),
      ...Object.fromEntries(axes),
    },
  });
}

/** Single steps as dots: as a line that leaves the frame and comes back they would hide their mean. */
function dotted(line: Trace): Trace {
  const isRaw = line.opacity !== undefined && line.opacity !== 1;
  return isRaw ? { ...line, mode: "markers", marker: { ...(line.marker as object), size: 4 } } : line;
}

/** From 0 to a half above the highest mean; as Plotly has it where no mean is drawn. */
function calmRange(data: readonly Trace[]): Record<string, unknown> {
  const means = data.filter(({ opacity }) => opacity === undefined);
  const most = Math.max(...means.flatMap(({ y }) => (y as (number | null)[]).map((value) => value ?? 0)));
  return means.length > 0 && most > 0 ? { range: [0, 1.5 * most] } : {};
}

/** Plotly's first axis has no number. */
function axisOf(panel: number): string {
  return panel === 0 ? "" : String(panel + 1);
}

function columnOf(panel: number, columns: number): [number, number] {
  if (columns === 1) return [0, 1];
  return panel % 2 === 0 ? [0, COLUMN] : [1 - COLUMN, 1];
}

function rowOf(panel: number, columns: number, rows: number): [number, number] {
  const [height, row] = [1 / rows, Math.floor(panel / columns)];
  const top = 1 - row * height;
  if (columns === 1) return [top - 0.86 * height, top];
  return [row === rows - 1 ? 0 : top - 0.78 * height, top - (row === 0 ? 0.06 : 0.04)];
}

function panelTitle(text: string, panel: number, rows: number): Record<string, unknown> {
  return {
    text,
    showarrow: false,
    font: { size: 12.5, color: INK },
    ...{ xref: "paper", x: columnOf(panel, 2)[0], xanchor: "left" },
    ...{ yref: "paper", y: rowOf(panel, 2, rows)[1], yanchor: "bottom", yshift: 3 },
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
