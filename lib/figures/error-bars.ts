/** Intervals as whiskers. Pure. */
import type { Estimate } from "../records.ts";

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
