/** Stage 5: the toy of GRPO, its chances batch by batch and a slider for every knob. */
import type { ToyLine } from "../toy/experiments.ts";
import type { Knobs } from "../toy/knobs.ts";
import { label } from "../view/labels.ts";
import { type Choice, updateMenu, updateSlider } from "./menu.ts";
import { emptyFigure, type Figure, makeFigure, titleOf } from "./theme.ts";

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
      hovertemplate: "after %{x} batches: %{y:.1f} %<extra>%{fullData.name}</extra>",
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
}

/** Lines over the batches of the toy, each a mean of runs; what is right, dashed, is green. */
export function toyCurve(lines: readonly ToyLine[], { title, subtitle, yTitle }: ToyCurveOptions): Figure {
  if (lines.every(({ y }) => y.length === 0)) return emptyFigure(title, "The toy has not run yet.");
  return makeFigure({
    title,
    subtitle,
    data: lines.map(({ label: name, y, dashed = false }, i) => ({
      type: "scatter",
      mode: "lines",
      name: label(name),
      x: y.map((_, batch) => batch),
      y: y.map((value) => Math.round(1000 * value) / 1000),
      line: dashed
        ? { color: COLOURS[0], width: 3, dash: "dash" }
        : { color: COLOURS[(i + 1) % COLOURS.length], width: 3 },
      hovertemplate: "after %{x} batches: %{y:.2f}<extra>%{fullData.name}</extra>",
    })),
    x: { title: { text: "batches" } },
    y: { title: { text: yTitle }, rangemode: "tozero" },
  });
}

const percent = (share: number): number => Math.round(1000 * share) / 10;

/** All of the toy's figures, as a notebook takes them. */
export const drawToy = { knobs: toyKnobs, curve: toyCurve };
