/** What stage 1 did, in sentences: markdown that is computed from this run. Pure. */
import type { PrepareReport } from "../prepare/report.ts";
import type { QuestionFacts } from "../prepare/prepared.ts";
import { wilson } from "../stats/stats.ts";
import { formatCount } from "../view/numbers.ts";
import { counted, listed, points, shareOf } from "./words.ts";

/** How many rows of all sources are kept, and what became of the others. */
export function sources(report: Pick<PrepareReport, "sources">): string {
  const read = report.sources.reduce((sum, row) => sum + row.read, 0);
  const kept = report.sources.reduce((sum, row) => sum + row.kept, 0);
  if (read === 0) return "No row was read.";
  const reasons: Record<string, number> = {};
  for (const { setAside } of report.sources)
    for (const [reason, n] of Object.entries(setAside)) reasons[reason] = (reasons[reason] ?? 0) + n;
  const head = `**${formatCount(kept)} of ${counted(read, "row")} are kept.**`;
  if (kept === read) return `${head} Nothing was set aside.`;
  const tooLong = reasons.too_long ?? 0;
  const most =
    2 * tooLong > read
      ? " Most rows are too long for this model: bring shorter ones, or a model with a longer window."
      : "";
  return `${head} Set aside: ${listed(reasons)}.${most}`;
}

/** How far the visible rules agree with the types that sources give, and what that is good for. */
export function rules(facts: readonly QuestionFacts[]): string {
  const known = facts.filter(({ typeGiven }) => typeGiven);
  if (known.length === 0)
    return "No question came with a type: the rules gave all of them, and nothing here tests the rules.";
  const agree = ({ typeByRules, type }: QuestionFacts): boolean => typeByRules === type;
  const right = known.filter(agree).length;
  const byRule = [...Map.groupBy(known, ({ rule }) => rule)]
    .map(([rule, rows]) => ({ rule, n: rows.length, share: rows.filter(agree).length / rows.length }))
    .filter(({ n }) => n >= 10)
    .sort((a, b) => a.share - b.share || b.n - a.n);
  const [weakest] = byRule;
  const weak =
    weakest && weakest.share < 0.5
      ? ` The weakest, “${weakest.rule}”, agrees in ${points(weakest.share)} % of ${weakest.n}.`
      : "";
  const use =
    wilson(right, known.length)!.low > 0.9
      ? "For a file without types they can stand in for a person."
      : `For a file without types they are a rough guide: ${shifted(known)}.`;
  return (
    `The rules give the type that the source gave in ${shareOf(right, known.length)} ` +
    `questions.${weak} ${use}`
  );
}

/** The type whose share the rules change most, in words. */
function shifted(known: readonly QuestionFacts[]): string {
  const shares = [...new Set(known.flatMap(({ type, typeByRules }) => [type!, typeByRules]))].map((type) => {
    const share = (key: "type" | "typeByRules") =>
      points(known.filter((row) => row[key] === type).length / known.length);
    return { name: type.replace("financial_", ""), by: share("typeByRules"), given: share("type") };
  });
  const off = ({ by, given }: (typeof shares)[number]) => Math.abs(Number(by) - Number(given));
  const most = shares.reduce((a, b) => (off(b) > off(a) ? b : a));
  return off(most) === 0
    ? "the mix is about right, the single row often is not"
    : `by them ${most.by} % are ${most.name}, by the source ${most.given} %`;
}

/** How close the kept questions come to the mix that was asked for. */
export function mix(report: Pick<PrepareReport, "sources" | "sample" | "types">): string {
  if (!report.sources.some(({ origin }) => origin !== "own"))
    return "All questions are your own: none was sampled, and no mix was asked for.";
  const kept = report.types.reduce((sum, row) => sum + row.kept, 0);
  if (kept === 0) return "No question is kept.";
  const off = report.types.map((row) => {
    const wanted = report.sample.types[row.type as keyof typeof report.sample.types]?.share ?? 0;
    return { type: row.type.replace("financial_", ""), by: row.kept / kept - wanted };
  });
  const worst = off.reduce((a, b) => (Math.abs(b.by) > Math.abs(a.by) ? b : a));
  if (Math.abs(worst.by) < 0.01)
    return "**The kept questions have the mix that was asked for**, to within one point.";
  const way = worst.by > 0 ? "more" : "less";
  return (
    `**The mix is off:** ${worst.type} has ${points(Math.abs(worst.by))} points ${way} than asked for. ` +
    "Files of your own are kept whole, and a type that runs short is filled up from the others."
  );
}

/** How many questions are too long, and the room that is left for an answer to the others. */
export function lengths(
  { tokens, limits }: Pick<PrepareReport, "tokens" | "limits">,
  window: number,
): string {
  const { maxPromptTokens: limit, overMaxPromptTokens: over } = limits;
  const longest = tokens.reduce((most, row) => Math.max(most, row.tokens), 0);
  const room =
    `The window of ${formatCount(window)} tokens leaves at least ` +
    `${formatCount(window - limit)} for thinking and answer.`;
  if (tokens.length === 0) return "No question was measured.";
  if (over === 0)
    return (
      `**All ${counted(tokens.length, "question")} fit**: the longest has ${formatCount(longest)} tokens, ` +
      `${formatCount(limit)} are allowed. ${room}`
    );
  return (
    `**${formatCount(over)} of ${counted(tokens.length, "question")} need more than ${formatCount(limit)} ` +
    `tokens** (the longest ${formatCount(longest)}) and are set aside. ${room}`
  );
}

/** How many near-copies went, and how many of them contradicted the row that stayed. */
export function copies(duplicates: PrepareReport["duplicates"]): string {
  if (duplicates.length === 0) return "no question of these sources occurs twice.";
  const differ = duplicates.filter(({ goldDiffers }) => goldDiffers).length;
  const warn =
    differ === 0
      ? "their gold answers agree."
      : `**${differ} of them ${differ === 1 ? "has" : "have"} another gold answer** than the row that ` +
        `stayed: ` +
        "at least one of each two is wrong, so look them up.";
  return `${counted(duplicates.length, "near-copy").replace("copys", "copies")} removed; ${warn}`;
}

/** Whether the questions that travel are those chosen for what happens to them in the default run. */
export function chosen(few: readonly { why?: string }[]): string {
  const known = few.filter(({ why }) => why !== undefined).length;
  if (few.length === 0) return "No question here can be checked by rules, so none travels.";
  if (known === few.length)
    return "They were chosen for what happens to them in the default run; *chosen as* gives it away.";
  const others = few.length - known;
  return (
    `${known === 0 ? "None" : `${known} of ${few.length}`} of these ${known === 1 ? "is" : "are"} among ` +
    "those that were chosen for what happens to them in the default run: with other data or another seed " +
    `${counted(others, "question")} ${others === 1 ? "stands" : "stand"} in, ` +
    "and what becomes of them is open."
  );
}

/** The last row of each reason, in the order in which the reasons came. */
export function oneOfEach<Row extends { reason: string }>(setAside: readonly Row[]): Row[] {
  return [...new Map(setAside.map((row) => [row.reason, row])).values()];
}
