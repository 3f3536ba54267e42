/** Stage 5: what GRPO pays, part by part and spread over time. */
import { formatCount, formatNumber, meanOf, movingAverage, smoothingWindow } from "../view/numbers.ts";
import { notYet } from "./curves.ts";
import { emptyFigure, type Figure, INK, KEPT, makeFigure, MONO_STACK, stepAxis } from "./theme.ts";
import { describeProgress } from "../run/run-progress.ts";
import type { Underway } from "../run/run-progress.ts";
import { label, pretty } from "../view/labels.ts";
import { wrapText } from "../view/text-view.ts";

/** All completions kept of one step, as the run's `samples` hold them. */
export interface StepSamples {
  step: number;
  samples: readonly PaidAnswer[];
}

export interface PaidAnswer {
  group: number;
  reward: number;
  rewards: Record<string, number>;
  /** Of the question. */
  id?: string;
  completion?: string;
}

export interface RewardOptions {
  /** The run that is paid. While it goes on, the figure says how far it is and shows one of its answers. */
  run?: Underway;
  /** Whose text stands above that answer. */
  questions?: readonly { id: string; prompt: string }[];
}

const COMPONENT_COLOURS: Record<string, string> = {
  format: "#56B4E9",
  accuracy: KEPT,
  judge: "#E69F00",
  total: INK,
};

/** Mean of every part of the reward per step; `total` (what trains) in ink. Raw faint, moving mean strong. */
export function rewardByComponent(
  steps: readonly StepSamples[],
  { run, questions = [] }: RewardOptions = {},
): Figure {
  const title = "Reward by component";
  const filled = steps.filter((step) => step.samples.length > 0);
  const progress = run ? describeProgress(run) : null;
  if (filled.length === 0) return notYet(title, run ? [run] : [], "No step with completions yet.");
  const parts = [
    ...new Set(filled.flatMap((step) => step.samples.flatMap((s) => Object.keys(s.rewards)))),
  ].filter((part) => part !== "total");
  const window = smoothingWindow(filled.length);
  const smooth = filled.length > 2 * window;
  const x = filled.map((step) => step.step);
  const others = parts.filter((part) => COMPONENT_COLOURS[part] === undefined);
  const data = [...parts, "total"].flatMap((part) => {
    const values = filled.map((step) =>
      meanOf(step.samples.map((s) => (part === "total" ? s.reward : s.rewards[part]))),
    );
    const color =
      COMPONENT_COLOURS[part] ?? ["#CC79A7", "#8A7B00", "#D55E00", "#0072B2"][others.indexOf(part) % 4]!;
    const line = {
      type: "scatter",
      mode: filled.length === 1 ? "markers" : "lines",
      x,
      name: pretty(part),
      legendgroup: part,
    };
    const strong = {
      ...line,
      y: smooth ? movingAverage(values, window) : values,
      line: { color, width: part === "total" ? 3.5 : 2.5 },
      marker: { color, size: 8 },
      hovertemplate: "step %{x}: %{y:.3f}<extra>%{fullData.name}</extra>",
    };
    return smooth
      ? [
          {
            ...line,
            y: values,
            line: { color, width: 1 },
            opacity: 0.28,
            showlegend: false,
            hoverinfo: "skip",
          },
          strong,
        ]
      : [strong];
  });
  const n = filled.reduce((sum, step) => sum + step.samples.length, 0);
  const total = filled.map((step) => meanOf(step.samples.map((s) => s.reward))!);
  const tenth = Math.max(1, Math.round(filled.length / 10));
  return makeFigure({
    title,
    subtitle:
      `${progress ?? `n = ${formatCount(n)} completions in ${formatCount(filled.length)} steps`} · total ` +
      `${meanOf(total.slice(0, tenth))!.toFixed(2)} in the first tenth, ` +
      `${meanOf(total.slice(-tenth))!.toFixed(2)} in the last`,
    data,
    x: { ...stepAxis(data, run?.totalSteps), ...(progress && { domain: [0, CURVE_SHARE] }) },
    y: { title: { text: "mean reward" }, rangemode: "tozero" },
    layout: progress ? { annotations: answerBeside(filled.at(-1)!, questions) } : {},
  });
}

/** Of the width; what is left is the newest answer's. */
const CURVE_SHARE = 0.56;
const ANSWER_COLUMNS = 44;
const ANSWER_LINES = 17;

/** One answer of a step, the first one, as text: its question, what it was paid, what it says. */
function answerBeside(
  { step, samples }: StepSamples,
  questions: RewardOptions["questions"] = [],
): Record<string, unknown>[] {
  const [answer] = samples;
  if (answer?.completion === undefined) return [];
  const question = questions.find(({ id }) => id === answer.id)?.prompt ?? "";
  const asked = question === "" ? [] : wrapText(question, ANSWER_COLUMNS, 4);
  const paid = `step ${step}, an answer paid ${formatNumber(Math.round(100 * answer.reward) / 100)}`;
  const written = wrapText(answer.completion, ANSWER_COLUMNS, ANSWER_LINES - asked.length);
  const lines = (texts: readonly string[]): string => texts.map((line) => label(line, 200)).join("<br>");
  return [
    {
      text:
        `<b>${label(paid, 80)}</b>` +
        `${asked.length > 0 ? `<br><i>${lines(asked)}</i>` : ""}<br>${lines(written)}`,
      ...{ showarrow: false, align: "left", font: { size: 11, family: MONO_STACK, color: INK } },
      ...{ xref: "paper", x: CURVE_SHARE + 0.04, xanchor: "left", yref: "paper", y: 1, yanchor: "top" },
    },
  ];
}

/**
 * How rewards are spread, step window by step window, in % of the window's completions. Up to eight distinct
 * rewards (0, 0.3, 0.7, 1 …) are stacked level by level; more become a heat map of twelve bins. The line is
 * the mean reward.
 */
export function rewardDistribution(steps: readonly StepSamples[], windows = 10): Figure {
  const title = "Distribution of the reward over time";
  const filled = steps.filter((step) => step.samples.length > 0);
  if (filled.length === 0) return emptyFigure(title, "No step with completions yet.");
  const groups = splitSteps(filled, windows).map((group) => ({
    name: group.length === 1 ? `${group[0]!.step}` : `${group[0]!.step} – ${group.at(-1)!.step}`,
    rewards: group.flatMap((step) => step.samples.map((s) => Math.round(s.reward * 1e4) / 1e4)),
  }));
  const levels = [...new Set(groups.flatMap((group) => group.rewards))].sort((a, b) => a - b);
  const x = groups.map((group) => group.name);
  const mean = {
    type: "scatter",
    mode: "lines+markers",
    name: "mean reward",
    x,
    y: groups.map((group) => meanOf(group.rewards)),
    yaxis: "y2",
    line: { color: INK, width: 2.5 },
    marker: { color: INK, size: 6 },
    hovertemplate: "%{x}: %{y:.3f}<extra>mean</extra>",
  };
  const halo = {
    ...mean,
    mode: "lines",
    showlegend: false,
    hoverinfo: "skip",
    hovertemplate: "",
    line: { color: "#FFFFFF", width: 6 },
  };
  const low = Math.min(0, levels[0]!);
  const high = Math.max(1, levels.at(-1)!);
  const n = groups.reduce((sum, group) => sum + group.rewards.length, 0);
  const parts = {
    title,
    subtitle:
      `n = ${formatCount(n)} completions, ${formatCount(groups[0]!.rewards.length)} a window; ` +
      "line: mean reward",
  };
  const xAxis = { title: { text: "optimizer steps" }, type: "category", showgrid: false };
  const meanAxis = {
    overlaying: "y",
    side: "right",
    range: [low, high],
    tickmode: "auto",
    showgrid: false,
    automargin: true,
  };
  if (levels.length > 8) {
    return makeFigure({
      ...parts,
      data: [levelMap(groups, low, high, x), halo, mean],
      x: xAxis,
      y: { title: { text: "reward" }, range: [low, high], showgrid: false },
      layout: { yaxis2: { ...meanAxis, visible: false } },
    });
  }
  return makeFigure({
    ...parts,
    data: [...levelBars(groups, levels, x), halo, mean],
    x: xAxis,
    y: { title: { text: "share of completions (%)" }, range: [0, 100], showgrid: false },
    layout: {
      barmode: "stack",
      bargap: 0.08,
      yaxis2: { ...meanAxis, title: { text: "mean reward" } },
      ...(levels.length > 4 && { legend: { x: 1.12, xanchor: "left", y: 1, yanchor: "top" } }),
    },
  });
}

interface Window {
  name: string;
  rewards: number[];
}

function levelBars(groups: readonly Window[], levels: readonly number[], x: readonly string[]) {
  const shades = ["#D3D6DB", "#BFD7EA", "#9CCAE1", "#6BAED6", "#4292C6", "#2171B5", "#08519C", "#08306B"];
  return levels.map((level, i) => ({
    type: "bar",
    name: `reward ${formatNumber(level)}`,
    x,
    y: groups.map(
      (group) => (100 * group.rewards.filter((reward) => reward === level).length) / group.rewards.length,
    ),
    marker: {
      color: shades[levels.length === 1 ? 4 : Math.round((i * (shades.length - 2)) / (levels.length - 1))],
    },
    hovertemplate: "steps %{x}: %{y:.1f} %<extra>%{fullData.name}</extra>",
  }));
}

function levelMap(groups: readonly Window[], low: number, high: number, x: readonly string[]) {
  const bins = 12;
  const binOf = (reward: number) => Math.min(bins - 1, Math.floor(((reward - low) / (high - low)) * bins));
  const z = Array.from({ length: bins }, (_, bin) =>
    groups.map(
      (group) =>
        (100 * group.rewards.filter((reward) => binOf(reward) === bin).length) / group.rewards.length,
    ),
  );
  const y = Array.from({ length: bins }, (_, bin) => low + ((bin + 0.5) * (high - low)) / bins);
  return {
    type: "heatmap",
    x,
    y,
    z,
    zmin: 0,
    zmax: Math.max(...z.flat()),
    colorscale: [
      [0, "#FFFFFF"],
      [0.4, "#9CCAE1"],
      [1, "#08519C"],
    ],
    colorbar: { title: { text: "share (%)" }, thickness: 14, outlinewidth: 0 },
    hovertemplate: "steps %{x}, reward %{y:.2f}: %{z:.1f} %<extra></extra>",
  };
}

/** Neighbouring steps in at most `windows` groups of equal size (the last may be smaller). */
function splitSteps<T>(steps: readonly T[], windows: number): T[][] {
  const size = Math.ceil(steps.length / Math.max(1, windows));
  return Array.from({ length: Math.ceil(steps.length / size) }, (_, i) =>
    steps.slice(i * size, (i + 1) * size),
  );
}
