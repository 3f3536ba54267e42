/** A reader's predictions beside what the run measured: the check of an exercise. */
import { table, type View } from "./table.ts";
import { formatNumber } from "./numbers.ts";

export interface Prediction {
  /** What was to be predicted. */
  question: string;
  /** The reader's; null until there is one. */
  mine: number | string | null;
  /** What this run measured or what follows from it; null where it cannot be told from this run. */
  measured: number | string | null;
  /** Why, in a sentence; shown once there is a prediction. */
  because: string;
  /** Wrong predictions that are likely, each with why it tempts and fails: shown to who made it. */
  tempting?: readonly { mine: number | string; but: string }[];
  /** A number counts as right within this share of the measured one. Default 0.1. */
  within?: number;
}

/**
 * One row a prediction. What was measured, and why, stands there only when something was predicted: run the
 * cell once more after writing it down.
 *
 * @example await show(checkPredictions([{ question: "rows kept", mine: null, measured: 25, because: "…" }]));
 */
export function checkPredictions(predictions: readonly Prediction[]): View {
  const rows = predictions.map(({ question, mine, measured, because, tempting = [], within = 0.1 }) => {
    const isRight = mine !== null && measured !== null && fits(mine, measured, within);
    const isWrong = mine !== null && measured !== null && !isRight;
    const trap = isWrong ? tempting.find((one) => fits(mine, one.mine, 0.01)) : undefined;
    return {
      question,
      yours: mine === null ? "not yet" : shown(mine),
      measured: mine === null ? "write yours into this cell first" : shown(measured),
      verdict: isRight ? "✓" : isWrong ? "✗" : "·",
      because: mine === null ? "" : trap ? `${trap.but}. Rather: ${because}` : because,
    };
  });
  return table(rows, ["question", "yours", "measured", "verdict", "because"], { caption: "Predictions" });
}

function fits(mine: number | string, measured: number | string, within: number): boolean {
  if (typeof mine === "number" && typeof measured === "number")
    return Math.abs(mine - measured) <= within * Math.abs(measured);
  return String(mine).trim().toLowerCase() === String(measured).trim().toLowerCase();
}

const shown = (value: number | string | null): string =>
  value === null ? "not measured in this run" : typeof value === "number" ? formatNumber(value) : value;
