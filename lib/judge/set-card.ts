/** What a Judge says of one set of labelled texts, and whether that is better than chance. Pure. */
import { areaInterval, bootstrapShare, kappaInterval } from "../stats/bootstrap.ts";
import type { BootstrapOptions } from "../stats/bootstrap.ts";
import type { Estimate } from "../records.ts";
import type { JudgedLabel } from "./card.ts";

export interface SetCard {
  /** What the texts are: "planted faults". */
  name: string;
  /** Texts shown to the Judge: `good` without a fault and `bad` with one. */
  n: number;
  good: number;
  bad: number;
  /** Share without a readable verdict. */
  unreadable: Estimate | null;
  /**
   * Agreement of "the Judge passed it" with "it is good" at the pass mark, beyond chance; unreadable verdicts
   * left out.
   */
  kappa: Estimate | null;
  /**
   * Chance that a good text has more points than a bad one: what any pass mark could make of the points. 0.5
   * is chance.
   */
  auc: Estimate | null;
  /** Of the good texts, the share that passes; an unreadable verdict passes none. */
  goodPassed: Estimate | null;
  /** Of the bad texts, the share that passes. */
  badPassed: Estimate | null;
  /** What all that comes to, in a sentence. */
  sentence: string;
}

/** The columns of a table of sets. */
export const SET_COLUMNS = [
  { key: "name", label: "texts" },
  { key: "n", label: "n" },
  { key: "good", label: "good" },
  { key: "bad", label: "bad" },
  { key: "kappa", label: "kappa (chance is 0)" },
  { key: "auc", label: "AUC of the points (chance is 0.5)" },
  { key: "goodPassed", label: "good passed" },
  { key: "badPassed", label: "bad passed" },
  { key: "unreadable", label: "unreadable" },
] as const satisfies readonly { key: keyof SetCard; label: string }[];

/**
 * The card of one set. A text is bad when it has a `fault`: a planted one, or an answer that is wrong by the
 * rules. Texts that were held back are left out: the Judge has not seen them. Intervals: 95 %, percentile
 * bootstrap over texts.
 */
export function setCard(name: string, rows: readonly JudgedLabel[], options: BootstrapOptions = {}): SetCard {
  const shown = rows.filter(({ judgement }) => judgement.status !== "held_back");
  const read = shown.filter(({ judgement }) => judgement.status !== "not_judged");
  const good = shown.filter(({ fault }) => fault === null);
  const bad = shown.filter(({ fault }) => fault !== null);
  const passed = ({ judgement }: JudgedLabel): boolean => judgement.status === "passed";
  const numbers = {
    name,
    n: shown.length,
    good: good.length,
    bad: bad.length,
    unreadable: bootstrapShare(
      shown.map(({ judgement }) => judgement.status === "not_judged"),
      options,
    ),
    kappa: kappaInterval(
      read.map((row) => [row.fault === null, passed(row)] as const),
      options,
    ),
    auc: areaInterval(
      read.map(({ fault, judgement }) => [fault === null, judgement.points!] as const),
      options,
    ),
    goodPassed: bootstrapShare(good.map(passed), options),
    badPassed: bootstrapShare(bad.map(passed), options),
  };
  return { ...numbers, sentence: setSentence(numbers) };
}

/**
 * Whether the Judge is better than chance on a set, in a sentence.
 *
 * "No better than chance" at its pass mark: the interval of kappa holds 0. Whether its points say more than
 * its mark makes of them: the interval of the AUC lies above 0.5, so another mark would help. Nothing to
 * compare is said, too.
 */
function setSentence({
  name,
  n,
  good,
  bad,
  unreadable,
  kappa,
  auc,
  badPassed,
}: Omit<SetCard, "sentence">): string {
  const on = `On ${name} (n = ${n})`;
  if (n === 0) return `On ${name} nothing was measured.`;
  if (unreadable!.value === 1) return `${on} no verdict could be read.`;
  const lets = badPassed === null ? "" : `it passes ${shareText(badPassed)} of the bad texts`;
  if (good === 0 || bad === 0)
    return (
      `${on} there are only ${bad === 0 ? "good" : "bad"} texts: nothing to tell ` +
      `apart${lets && `; ${lets}`}.`
    );
  if (auc === null || kappa === null)
    return `${on} there are readable verdicts on one side only: nothing to compare.`;
  const mark = `kappa ${numberText(kappa)}`;
  if (kappa.low > 0) return `${on} the Judge is better than chance (${mark}); ${lets}.`;
  if (kappa.high < 0) return `${on} the Judge is **worse than chance** (${mark}); ${lets}.`;
  const points = `AUC of its points ${numberText(auc)}`;
  const more =
    auc.low > 0.5
      ? `its points do tell more than its pass mark makes of them (${points}): another mark would help`
      : `nor do its points tell good from bad (${points})`;
  return `${on} the Judge is **no better than chance** at its pass mark (${mark}); ${more}; ${lets}.`;
}

const numberText = ({ value, low, high }: Estimate): string =>
  `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
const shareText = ({ value, low, high }: Estimate): string =>
  `${(100 * value).toFixed(0)} % [${(100 * low).toFixed(0)}, ${(100 * high).toFixed(0)}]`;
