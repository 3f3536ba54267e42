/** Stage 5: the toy of GRPO, its chances batch by batch and a slider for every knob. */
import type { ToyLine } from "../toy/experiments.ts";
import type { Knobs } from "../toy/knobs.ts";
import { label } from "../view/labels.ts";
import { type Choice, updateMenu, updateSlider } from "./menu.ts";
import { emptyFigure, FAINT, type Figure, INK, makeFigure, titleOf } from "./theme.ts";

/** Right answers in the green of what is kept; none of these is an arm's colour. */
const COLOURS = ["#009E73", "#E69F00", "#8A7B00", "#56B4E9"];

const TITLE = "How likely each answer is";

/**
 * The chance of every answer along a run. The menu chooses a knob, the slider turns it; all else stays as it
 * was given. `answers[i]` names answer i in the legend.
 */
export function toyKnobs({ batches, knobs }: Knobs, answers: readonly string[]): Figure {
  if (knobs.length === 0 || answers.length === 0) return emptyFigure(TITLE, "The toy has no answers.");
  const shown = knobs[0]!.positions[knobs[0]!.active]!;
  const chances = (policies: readonly number[][]) =>
    answers.map((_, i) => policies.map((policy) => percent(policy[i]!)));
  const choice = ({ label, policies, says }: typeof shown): Choice => ({
    label,
    traces: { y: chances(policies) },
    layout: { "title.text": titleOf(TITLE, says).text },
  });
  const sliders = knobs.map(({ name, positions, active }, i) => ({
    ...updateSlider(positions.map(choice), active, `${name}: `),
    visible: i === 0,
  }));
  // A knob comes back as it was given: the data does, and so must the slider's place.
  const turnTo = (at: number) =>
    Object.fromEntries(
      knobs.flatMap(({ active }, i) => [
        [`sliders[${i}].visible`, i === at],
        [`sliders[${i}].active`, active],
      ]),
    );
  const menu = knobs.map(({ name }, i) => {
    const { traces, layout } = choice(shown);
    return { label: name, traces, layout: { ...layout, ...turnTo(i) } };
  });
  const y = chances(shown.policies);
  return makeFigure({
    title: TITLE,
    subtitle: shown.says,
    data: answers.map((name, i) => ({
      type: "scatter",
      mode: "lines",
      name: label(name, 28),
      x: batches,
      y: y[i],
      line: { color: COLOURS[i % COLOURS.length], width: 3 },
      hovertemplate: "after %{x} batches: %{y} %<extra>%{fullData.name}</extra>",
    })),
    x: { title: { text: "batches" } },
    y: { title: { text: "chance of the answer (%)" }, range: [0, 102] },
    height: 540,
    layout: { updatemenus: [updateMenu(menu)], sliders, margin: { l: 64, r: 24, t: 116, b: 130 } },
  });
}

export interface ToyCurveOptions {
  title: string;
  subtitle: string;
  /** Axis title with its unit. */
  yTitle: string;
  /** What is counted along the other axis; default: batches. */
  xTitle?: string;
}

/** Lines over the batches of the toy, each a mean of runs; what is right, dashed, is green. */
export function toyCurve(
  lines: readonly ToyLine[],
  { title, subtitle, yTitle, xTitle = "batches" }: ToyCurveOptions,
): Figure {
  if (lines.every(({ y }) => y.length === 0)) return emptyFigure(title, "The toy has not run yet.");
  return makeFigure({
    title,
    subtitle,
    data: lines.map(({ label: name, y, dashed = false, right = dashed }, i) => ({
      type: "scatter",
      mode: "lines",
      name: label(name),
      ...thinned(y),
      line: {
        color: right ? COLOURS[0] : COLOURS[1 + (i % (COLOURS.length - 1))],
        width: 3,
        ...(dashed && { dash: "dash" }),
      },
      hovertemplate: `after %{x} ${xTitle}: %{y:.2f}<extra>%{fullData.name}</extra>`,
    })),
    x: { title: { text: xTitle } },
    y: { title: { text: yTitle }, rangemode: "tozero" },
  });
}

/** At most some fifty points and the last one: more would be closer together than pixels. */
function thinned(values: readonly number[]): { x: number[]; y: number[] } {
  const every = Math.max(1, Math.ceil(values.length / 50));
  const x = values.map((_, batch) => batch).filter((i) => i % every === 0 || i === values.length - 1);
  return { x, y: x.map((i) => Math.round(1000 * values[i]!) / 1000) };
}

/** Whole per cents, with a decimal below ten, where lines would lie on each other. */
const percent = (share: number): number =>
  share < 0.1 ? Math.round(1000 * share) / 10 : Math.round(100 * share);

const STATIONS = [
  ["question", "one of the RL questions"],
  ["group", "the policy draws G answers"],
  ["reward", "a rule pays every answer"],
  ["advantage", "minus mean, over spread"],
  ["ratio and clip", "now against when drawn"],
  ["loss", "− gain + β · KL"],
  ["step", "the gradient moves the policy"],
] as const;

/** The last of the stations that make the answers and pay them; the others learn from them. */
const PAID = 3;
const [HALF_WIDTH, HALF_HEIGHT] = [0.38, 0.34];

/**
 * One step of GRPO as boxes and arrows, in two columns, so that a phone can show it: down on the left, up on
 * the right, and the new policy draws the next group.
 */
export function toyStep(): Figure {
  const place = (i: number) => (i <= PAID ? { x: 0, y: PAID - i } : { x: 1, y: i - PAID - 1 });
  const box = (i: number) => {
    const { x, y } = place(i);
    const trains = i > PAID;
    return {
      ...{ type: "rect", x0: x - HALF_WIDTH, x1: x + HALF_WIDTH, y0: y - HALF_HEIGHT, y1: y + HALF_HEIGHT },
      line: { color: trains ? FAINT : INK, width: 1.5 },
      fillcolor: trains ? "#F1F3F5" : "#FFFFFF",
      layer: "below",
    };
  };
  const words = STATIONS.map(([name, what], i) => ({
    ...place(i),
    text: `<b>${name}</b><br>${what}`,
    showarrow: false,
    font: { size: 12 },
  }));
  const arrow = (from: number, to: number) => {
    const [a, b] = [place(from), place(to)];
    const [right, up] = [Math.sign(b.x - a.x), Math.sign(b.y - a.y)];
    return {
      ...{ x: b.x - right * HALF_WIDTH, y: b.y - up * HALF_HEIGHT },
      ...{ ax: a.x + right * HALF_WIDTH, ay: a.y + up * HALF_HEIGHT },
      ...{ xref: "x", yref: "y", axref: "x", ayref: "y", text: "" },
      ...{ showarrow: true, arrowhead: 2, arrowwidth: 1.5, arrowcolor: FAINT },
    };
  };
  const last = STATIONS.length - 1;
  const arrows = [...STATIONS.slice(1).map((_, i) => arrow(i, i + 1)), arrow(last, 1)];
  const hidden = { visible: false, fixedrange: true };
  return makeFigure({
    title: "One step of GRPO",
    subtitle: "plain: answers are made and paid · shaded: they are learned from",
    data: [
      { type: "scatter", mode: "markers", x: [0, 1], y: [0, 3], marker: { opacity: 0 }, hoverinfo: "skip" },
    ],
    legend: "none",
    x: { ...hidden, range: [-0.5, 1.5] },
    y: { ...hidden, range: [-0.45, 3.45] },
    height: 380,
    layout: { shapes: STATIONS.map((_, i) => box(i)), annotations: [...words, ...arrows] },
  });
}

/** All of the toy's figures, as a notebook takes them. */
export const drawToy = { step: toyStep, knobs: toyKnobs, curve: toyCurve };
