/** What the Teacher did, in sentences: markdown that is computed from this run. Pure. */
import { textOutcome } from "../distill/outcome.ts";
import type { Distilled } from "../records.ts";
import { countBy, mean, wilson } from "../stats/stats.ts";
import { formatCount } from "../view/numbers.ts";
import type { ProgressCurve } from "../view/progress-curve.ts";
import { counted, points, shareOf } from "./words.ts";

export { oneOfEachCause, rescueByFault, teacherFaults } from "./faults.ts";
export { digits } from "./tokens.ts";

/** How long the server loaded, and how steadily the texts came after that. */
export function pace({ history, total, resumed = 0 }: ProgressCurve): string {
  const first = history.find(({ done }) => done > resumed);
  const last = history.at(-1);
  if (!first || !last || last.done - first.done < 20)
    return `Too few texts were written by this call to speak of a pace: ${formatCount(total - resumed)}.`;
  const middle = history.find(({ done }) => done >= (first.done + last.done) / 2)!;
  const rate = (a: typeof first, b: typeof first): number =>
    b.seconds > a.seconds ? (b.done - a.done) / (b.seconds - a.seconds) : 0;
  const [early, late] = [rate(first, middle), rate(middle, last)];
  const loading = `The first text was on disk after ${first.seconds.toFixed(0)} s`;
  const times = early > 0 ? late / early : 1;
  const how =
    times > 1.25
      ? "faster than before"
      : times > 1.1
        ? "a little faster"
        : times < 0.8
          ? "slower than before"
          : times < 0.9
            ? "a little slower"
            : "about as fast as before";
  return (
    `${loading}. After that ${early.toFixed(0)} texts a second came in the first half and ` +
    `${late.toFixed(0)} in the second, ${how}.`
  );
}

/** How much longer a Teacher's right text is than the gold answer alone. */
export function tokensToImitate(rows: readonly Distilled[], countTokens: (text: string) => number): string {
  const right = rows.filter((row) => textOutcome(row) === null);
  if (right.length === 0) return "No text is right by the rules: there is nothing to compare.";
  const gold = mean(right.map((row) => countTokens(row.gold_answer)));
  const text = mean(right.map((row) => countTokens(row.response!)));
  return (
    `A gold answer has **${gold.toFixed(1)}** tokens on average, a right text of the Teacher ` +
    `**${text.toFixed(1)}**: ${(text / gold).toFixed(0)} times as many tokens to imitate, from the same ` +
    `${counted(right.length, "question")}. Whether that makes a better model is measured in notebook 4.`
  );
}

/** Which share of the texts is right by the rules, what most of the others fail by, and where. */
export function teacherYield(rows: readonly Distilled[]): string {
  if (rows.length === 0) return "There is no text yet.";
  const outcomes = rows.map((row) => ({ row, outcome: textOutcome(row) }));
  const right = outcomes.filter(({ outcome }) => outcome === null).length;
  const head = `${shareOf(right, rows.length)} texts are right by the rules.`;
  if (right === rows.length) return head;
  const causes = [
    ...countBy(
      outcomes.filter(({ outcome }) => outcome !== null),
      ({ outcome }) => outcome!,
    ),
  ];
  const [cause, n] = causes.reduce((a, b) => (b[1] > a[1] ? b : a));
  const shares = [...Map.groupBy(outcomes, ({ row }) => row.type)]
    .map(([type, some]) => ({
      type,
      n: some.length,
      right: some.filter(({ outcome }) => !outcome).length,
    }))
    .filter((one) => one.n >= 10)
    .sort((a, b) => a.right / a.n - b.right / b.n);
  const weakest = shares.length > 1 ? shares[0] : undefined;
  const where = weakest
    ? ` The lowest yield is in ${weakest.type.replace("financial_", "")}: ` +
      `${shareOf(weakest.right, weakest.n)}` +
      (wilson(weakest.right, weakest.n)!.high < wilson(right - weakest.right, rows.length - weakest.n)!.low
        ? ", less than in the others."
        : ", which chance alone may set apart from the others.")
    : "";
  return (
    `${head} Of the other ${formatCount(rows.length - right)}, ${formatCount(n)} fail by ` +
    `“${cause.replaceAll("_", " ")}”.${where}`
  );
}

/** How the sources differ in what the Teacher makes of them. */
export function yieldBySource(rows: readonly Distilled[]): string {
  const sources = [...Map.groupBy(rows, ({ source }) => source)].map(([source, some]) => ({
    source,
    n: some.length,
    right: some.filter((row) => textOutcome(row) === null).length,
  }));
  if (sources.length < 2) return "";
  const each = sources.map(({ source, n, right }) => `${source} ${right} of ${n}`).join(", ");
  const shares = sources.map(({ n, right }) => wilson(right, n)!);
  const apart = Math.max(...shares.map(({ low }) => low)) > Math.min(...shares.map(({ high }) => high));
  return (
    `Right by source: ${each}. ` +
    (apart
      ? "The sources differ by more than chance: this Teacher knows one world better than another."
      : "These numbers do not tell the sources apart.")
  );
}

/**
 * What asking again would bring: the share of failed questions that k more texts rescue, with the interval of
 * the few that were asked, and the yield that follows from it.
 */
export function rescue(
  curve: readonly { k: number; share: number }[],
  asked: number,
  { right, total }: { right: number; total: number },
): string {
  const last = curve.at(-1);
  if (!last || asked === 0) return "Every first text is right: there is nothing to ask again.";
  const saved = wilson(Math.round(last.share * asked), asked)!;
  const yields = [saved.low, saved.high].map((share) => points((right + share * (total - right)) / total));
  const first = curve[0]!.share;
  const gain = last.k > 1 && last.share > 0 ? first / last.share : null;
  const fade =
    gain === null
      ? ""
      : gain > 0.6
        ? " Most of it comes with the first new text."
        : " The later texts still bring a good part of it.";
  return (
    `${last.k} more texts rescue **${points(last.share)} %** [${points(saved.low)}, ` +
    `${points(saved.high)}] of ` +
    `${counted(asked, "question")}.${fade} Asked of all that failed, this would lift the yield from ` +
    `${points(right / total)} % to between **${yields[0]} and ${yields[1]} %**.`
  );
}
