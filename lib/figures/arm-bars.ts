/** The look of bars that stand for arms, one beside the other. Pure. */
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
