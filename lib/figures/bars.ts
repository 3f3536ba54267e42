/** The look of bars and of the whiskers on them. Pure. */
import type { Estimate } from "../records.ts";
import { INK } from "./theme.ts";
import type { Trace } from "./theme.ts";

/** More bars a group than this are too narrow for upright numbers. */
const UPRIGHT = 4;

/** Plotly attributes of one arm's bars, their values written at the foot, where no whisker reaches. */
export function armBars(colour: string, arms: number): Trace {
  return {
    type: "bar",
    textposition: "inside",
    insidetextanchor: "start",
    textangle: arms > UPRIGHT ? -90 : 0,
    marker: { color: colour },
  };
}

/** Whiskers that are seen on the bar as well as above it. `colour`: #RRGGBB. */
export function whiskerLook(colour: string): { color: string; thickness: number } {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255) as [
    number,
    number,
    number,
  ];
  const isDark = 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.37;
  return { color: isDark ? "#9AA4AF" : INK, thickness: 1.3 };
}

/**
 * Plotly's `error_y` for 95 % intervals; a null has none.
 * https://plotly.com/javascript/reference/scatter/#scatter-error_y
 */
export function errorBars(
  estimates: readonly (Estimate | null)[],
  look: { color: string; thickness: number },
) {
  const each = (length: (e: Estimate) => number) => estimates.map((e) => (e === null ? null : length(e)));
  return {
    type: "data",
    symmetric: false,
    array: each((e) => e.high - e.value),
    arrayminus: each((e) => e.value - e.low),
    ...look,
    width: 4,
  };
}
