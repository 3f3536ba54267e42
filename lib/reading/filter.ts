/** What the filter and the Judge did, in sentences: markdown that is computed from this run. Pure. */
import { extractAnswer, originalRule } from "../answer/index.ts";
import { textOutcome } from "../distill/outcome.ts";
import type { JudgeCaught } from "../filter/judge-caught.ts";
import type { FilterDetail, FilterStats } from "../filter/record.ts";
import type { Survival } from "../filter/survival.ts";
import type { LayoutCard } from "../judge/quick.ts";
import type { SetCard } from "../judge/set-card.ts";
import type { OverlapReport } from "../prepare/overlap.ts";
import type { Distilled } from "../records.ts";
import { formatCount, formatShare } from "../view/numbers.ts";
import { counted, points } from "./words.ts";

export { judgeByFault } from "./judge-faults.ts";

/** Layers that drop a text although nothing is wrong with it. */
const NOT_FOR_QUALITY = new Set(["split", "best_of_k", "size"]);

/** Which layer took most of what was dropped for its quality, and what was dropped for want of room. */
export function funnel({
  layers,
  rows,
  settings = {},
}: Pick<FilterStats, "layers" | "rows"> & Partial<Pick<FilterStats, "settings">>): string {
  const lost = layers
    .filter(({ layer }) => !NOT_FOR_QUALITY.has(layer))
    .map(({ layer, in: came, out }) => ({ layer, n: came - out }));
  const all = lost.reduce((sum, { n }) => sum + n, 0);
  const size = layers.find(({ layer }) => layer === "size");
  const full = size ? size.in - size.out : 0;
  const { generatedTest } = settings;
  const further =
    typeof generatedTest === "number" ? `, ${formatCount(generatedTest)} of them generated for it alone` : "";
  const kept =
    `**${formatCount(rows.sft)}** rows for SFT, **${formatCount(rows.rl)}** questions for ` +
    `RL, **${formatCount(rows.test)}** for the test${further}.`;
  const most = lost.reduce((a, b) => (b.n > a.n ? b : a), { layer: "", n: 0 });
  const quality =
    all === 0
      ? "No text was dropped for its quality."
      : `Of ${counted(all, "text")} dropped for quality, ${formatShare(most.n, all)} fell at the layer ` +
        `“${most.layer}”.`;
  const room =
    full === 0
      ? ""
      : ` ${counted(full, "good text")} had no place under \`filter.sftMaxRows\`; some of them serve ` +
        `as held-out rows in notebook 4.`;
  return `${kept} ${quality}${room}`;
}

/** Answers that the answer layer dropped and the original's rule would have taken for right. */
export function takenByOriginal(details: readonly FilterDetail[], texts: readonly Distilled[]): number {
  const byKey = new Map(texts.map((row) => [row.key, row]));
  return details.filter(({ layer, reason, key }) => {
    const row = layer === "answer" && reason !== null ? byKey.get(key) : undefined;
    return row && originalRule(row.gold_answer, extractAnswer(row.response ?? "", "strict") ?? "");
  }).length;
}

/** The most frequent reason of the answer layer, and what the original's rule would have let through. */
export function reasons(details: readonly FilterDetail[], texts: readonly Distilled[]): string {
  const dropped = details.filter(({ layer, reason }) => layer === "answer" && reason !== null);
  if (dropped.length === 0) return "The answer layer dropped nothing.";
  const counts = [...Map.groupBy(dropped, ({ reason }) => reason!)].map(([reason, rows]) => ({
    reason,
    n: rows.length,
  }));
  const top = counts.reduce((a, b) => (b.n > a.n ? b : a));
  const looser = takenByOriginal(details, texts);
  return (
    `The answer layer dropped ${counted(dropped.length, "text")} for ${counted(counts.length, "reason")}; ` +
    `“${top.reason.replaceAll("_", " ")}” is ${formatShare(top.n, dropped.length)} of them. The original ` +
    `project's rule would have taken **${looser}** of these answers for right.`
  );
}

/** The sources of which next to nothing reaches the training rows. */
export function survival(rows: readonly Survival[]): string {
  const each = rows.filter(({ source }) => source !== "all");
  const asked = each.filter((row) => row.asked > 0);
  if (asked.length === 0) return "The Teacher was asked nothing.";
  const share = (row: Survival): number => row.judge / row.asked;
  const poor = asked.filter((row) => share(row) < 0.2);
  const named = (some: readonly Survival[]): string =>
    some.map((row) => `${row.source} (${row.judge} of ${row.asked})`).join(", ");
  if (poor.length === 0) return "From every source a fifth or more of the texts gets through.";
  if (poor.length === asked.length)
    return `**The Teacher fails every source:** ${named(poor)}. These questions are beyond it.`;
  return (
    `Hardly anything of **${named(poor)}** gets through: what SFT learns in notebook 4, it learns from ` +
    "the other sources."
  );
}

/** Of the reader's own files: how far their rows came. Empty where there are none. */
export function ownFiles(
  { sources }: { sources: readonly { source: string; origin: string }[] },
  rows: readonly Survival[],
  texts: readonly Distilled[],
): string {
  const own = new Set(sources.filter(({ origin }) => origin === "own").map(({ source }) => source));
  const filed = rows.filter(({ source }) => own.has(source));
  if (filed.length === 0) return "";
  const sum = (key: "read" | "tooLong" | "asked" | "sft"): number =>
    filed.reduce((total, row) => total + row[key], 0);
  const asked = sum("asked");
  const solved = texts.filter((row) => own.has(row.source) && textOutcome(row) === null).length;
  const verdict =
    solved < 0.2 * asked
      ? "**The Teacher fails most of them:** they are beyond what it was trained on."
      : "The Teacher is of use for them.";
  return (
    `**Your own files:** ${sum("read")} rows read, ${sum("tooLong")} too long for this model, ${asked} ` +
    `asked ` +
    `of the Teacher, ${solved} answered correctly, ${sum("sft")} in the training rows. ${verdict}`
  );
}

/** What became of the texts to some questions: a row each. */
export function fates(
  details: readonly FilterDetail[],
  questions: readonly { id: string }[],
): { id: string; kept: string; reason: string | null; message: string }[] {
  return details
    .filter(({ id }) => questions.some((one) => one.id === id))
    .map(({ id, layer, reason, message }) => ({
      ...{ id, kept: reason === null ? "yes" : `no: ${layer}`, reason, message },
    }));
}

/** What the Judge dropped of what the rules had passed on. */
export function caught({ seen, dropped, right }: JudgeCaught): string {
  if (seen === 0) return "No Judge was asked: `filter.useJudge` is false, or nothing was left to judge.";
  if (dropped === 0) return `The Judge saw ${counted(seen, "text")} and dropped none.`;
  return (
    `The Judge saw **${formatCount(seen)}** texts, a request each, and dropped **${dropped}**: ` +
    `**${right}** with a ` +
    "right answer, the others where the rules could not decide. A dropped text with a right answer is " +
    "a catch if its reasoning is unsound, and a false alarm if it is not: some are below to read."
  );
}

/** Whether moving the pass mark would change anything. */
export function passMark(details: readonly Pick<FilterDetail, "points">[], mark: number, most = 20): string {
  const points_ = details.flatMap(({ points }) => points ?? []);
  if (points_.length === 0) return "No verdict could be read: there is no score to put a mark on.";
  const keeps = (at: number): number => points_.filter((n) => n >= at).length;
  let [low, high] = [mark, mark];
  while (low > 0 && keeps(low - 1) === keeps(mark)) low--;
  while (high < most && keeps(high + 1) === keeps(mark)) high++;
  const same =
    high > low
      ? `**Every mark from ${low} to ${high} keeps the same texts**`
      : `Moving the mark of ${mark} by one point, up or down, changes what is kept`;
  const top = keeps(most);
  const full =
    `${formatShare(top, points_.length)} of the ${counted(points_.length, "verdict")} give ` +
    `the full ${most} points`;
  const fine =
    2 * top > points_.length ? "this Judge says yes or no rather than grading" : "the scores are spread out";
  return `${same}. ${full}: ${fine}.`;
}

/** What the Judge is worth on made texts against the texts it meets at work. */
export function judgeWorth(sets: readonly SetCard[], made: readonly string[]): string {
  const [easy, real] = [
    sets.filter(({ name }) => made.includes(name)),
    sets.filter(({ name }) => !made.includes(name)),
  ];
  const lets = (set: SetCard): number | null => set.badPassed?.value ?? null;
  const [most] = real.filter((set) => lets(set) !== null).sort((a, b) => lets(b)! - lets(a)!);
  const least = easy.flatMap((set) => lets(set) ?? []);
  if (!most || least.length === 0)
    return "Only made texts were judged: what the Judge does at work is not measured here.";
  const best = Math.max(...least);
  const [low, high] = [most.badPassed!.low, most.badPassed!.high];
  if (low > best)
    return (
      `**The exam flatters the Judge:** of the made texts it lets at most ${points(best)} % of the bad ` +
      `ones pass, ` +
      `of ${most.name} ${points(lets(most)!)} % [${points(low)}, ${points(high)}].`
    );
  if (high < best)
    return (
      `On ${most.name} the Judge lets fewer bad texts pass than on made ones: ` +
      `${points(lets(most)!)} % against ${points(best)} %.`
    );
  return `Made texts and ${most.name} give the same picture, within their intervals.`;
}

/** Whether the five layouts of the prompt differ for this Judge. */
export function layouts(cards: readonly LayoutCard[]): string {
  const errors = cards.flatMap(({ layout, n, errorRate }) =>
    errorRate ? [{ layout, n, ...errorRate }] : [],
  );
  if (errors.length < 2) return "The layouts were not compared.";
  const best = errors.reduce((a, b) => (b.value < a.value ? b : a));
  const worst = errors.reduce((a, b) => (b.value > a.value ? b : a));
  if (best.value === worst.value)
    return (
      `**The layout makes no difference to this Judge**: the same share of errors in each (n = ` +
      `${best.n}).`
    );
  if (best.high < worst.low)
    return (
      `**The layout matters to this Judge**: ${best.layout} errs less than ${worst.layout}, and ` +
      `their intervals are apart.`
    );
  return `All intervals overlap: ${counted(best.n, "text")} cannot tell these layouts apart for this Judge.`;
}

type Rows = readonly { type: string }[];

/** For a table: the rows of each file, a row a type. */
export function rowsByType({
  stats,
  sft,
  rl,
  test,
}: Record<"sft" | "rl" | "test", Rows> & { stats: Pick<FilterStats, "layers"> }): {
  type: string;
  sft: number;
  rl: number;
  test: number;
}[] {
  const count = (rows: Rows, kind: string): number => rows.filter(({ type }) => type === kind).length;
  return Object.keys(stats.layers[0]?.byType ?? {}).map((type) => ({
    ...{ type, sft: count(sft, type), rl: count(rl, type), test: count(test, type) },
  }));
}

/** That no test question was trained on, or that some was. */
export function overlap({ copies, copiesWithin, train, test, ngram }: OverlapReport): string {
  const kept = copiesWithin.train + copiesWithin.test;
  const runs =
    ngram.meanShare === null
      ? ""
      : ` On average a test question shares ${formatShare(ngram.meanShare, 1)} of its runs of ` +
        `${ngram.n} words or ` +
        "characters with some training question: questions of one kind share their wording, not their " +
        "values.";
  const head =
    copies.length === 0
      ? `**No test question has a near-copy in training** (${counted(test, "question")} against ` +
        `${formatCount(train)}).`
      : `**${copies.length} of ${counted(test, "test question")} have a near-copy in training: the ` +
        `test is not fair.**`;
  const beside =
    kept === 0
      ? ""
      : ` ${counted(kept, "near-copy").replace("copys", "copies")} stayed together on one side.`;
  return `${head}${beside}${runs}`;
}
