/**
 * Plotly's own menus and sliders: they work in a notebook, in a report and from a file, with no kernel behind
 * them.
 */
import { label } from "../view/labels.ts";

/** One choice of a menu: what it is called, and what it changes (as in `Plotly.update`). */
export interface Choice {
  label: string;
  /** Attribute → one value per trace. */
  traces: Record<string, unknown[]>;
  layout?: Record<string, unknown>;
}

/**
 * A drop-down above the figure at the right, opposite the legend. The figure itself must show the first
 * choice.
 */
export function updateMenu(choices: readonly Choice[]): Record<string, unknown> {
  return {
    type: "dropdown",
    direction: "down",
    showactive: true,
    active: 0,
    x: 1,
    xanchor: "right",
    y: 1.02,
    yanchor: "bottom",
    pad: { t: 0, b: 2 },
    font: { size: 12 },
    bgcolor: "#FFFFFF",
    bordercolor: "#AFB8C1",
    buttons: choices.map((choice) => ({
      label: label(choice.label, 36),
      method: "update",
      args: [choice.traces, choice.layout ?? {}],
    })),
  };
}

/** A slider under the figure; `active` is the choice the figure shows at first. */
export function updateSlider(
  choices: readonly Choice[],
  active: number,
  prefix: string,
): Record<string, unknown> {
  return {
    active,
    pad: { t: 46, b: 4 },
    x: 0,
    len: 1,
    currentvalue: { prefix, font: { size: 13 }, xanchor: "left" },
    font: { size: 11 },
    tickcolor: "#AFB8C1",
    steps: choices.map((choice) => ({
      label: label(choice.label, 20),
      method: "update",
      args: [choice.traces, choice.layout ?? {}],
    })),
  };
}
