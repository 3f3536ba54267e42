/** What the readings of kept runs share: shares and differences as text, and where they come from. Pure. */
import { formatPoints } from "../view/numbers.ts";
import type { Estimate } from "../records.ts";
import type { KeptResult, KeptVariant } from "./kept-result.ts";

export interface KeptRuns {
  /** Of the table: what was run, on what, when. */
  caption: string;
  /** One a recipe. */
  rows: Record<string, string>[];
  /** What may be said of them, in markdown. */
  reading: string;
}

/** The command and the day of a result. */
export const measured = ({ created }: Pick<KeptResult, "created">): string =>
  `npm run bench:variants, ${created.slice(0, 10)}`;

/** "80.0 [78.0, 82.0]": a share and its interval, in percent. */
export const percent = ({ value, low, high }: Estimate): string => {
  const [v, l, h] = [value, low, high].map((share) => (100 * share).toFixed(1));
  return `${v} [${l}, ${h}]`;
};

/** "+5.0 [+2.0, +8.0]": a difference and its interval, in points. */
export const pointsOf = ({ delta, low, high }: NonNullable<KeptVariant["difference"]>): string =>
  `${formatPoints(delta)} [${formatPoints(low)}, ${formatPoints(high)}]`;
