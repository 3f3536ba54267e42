/** Stage 8: what each stage of training bought. */
import type { AblationSummary, Arm, Estimate } from "../records.ts";
import { table, type View } from "../view/table.ts";
import { formatCount, formatEstimate } from "../view/numbers.ts";
import { armBars, errorBars, whiskerLook } from "./bars.ts";
import { emptyFigure, type Figure, makeFigure } from "./theme.ts";
import { styleOf } from "../view/arms.ts";

const METRICS = [
  { key: "accuracyLenient", name: "accuracy, greedy,<br>read leniently" },
  { key: "accuracy", name: "accuracy, greedy,<br>strict" },
  { key: "accuracySampledLenient", name: "accuracy, sampled,<br>read leniently" },
  { key: "accuracySampled", name: "accuracy, sampled,<br>strict" },
  { key: "format", name: "format" },
] as const;

/**
 * The outcome in one figure: every arm's accuracy (greedy and sampled, strict and lenient) and format, with
 * 95 % intervals.
 */
export function ablation(summary: Pick<AblationSummary, "n" | "seeds" | "profile" | "arms">): Figure {
  const title = "What each stage of training bought";
  if (summary.arms.length === 0 || summary.n === 0)
    return emptyFigure(title, "No arm has been evaluated yet.");
  const metrics = METRICS.filter(({ key }) => summary.arms.some((arm) => arm[key] !== null));
  const data = summary.arms.map((arm, i) => {
    const style = styleOf(arm.name, i);
    const values = metrics.map(({ key }): Estimate | null => arm[key]);
    const each = (pick: (e: Estimate) => unknown) => values.map((e) => (e === null ? null : pick(e)));
    return {
      ...armBars(style.colour, summary.arms.length),
      name: style.label,
      x: metrics.map(({ name }) => name),
      y: each((e) => e.value),
      text: each((e) => e.value.toFixed(2)),
      customdata: each(formatEstimate),
      error_y: errorBars(values, whiskerLook(style.colour)),
      hovertemplate: "%{customdata}<extra>%{fullData.name}</extra>",
    };
  });
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(summary.n)} test questions${sampledOf(summary)} · profile ${summary.profile} · ` +
      `${summary.seeds.length === 1 ? `seed ${summary.seeds[0]}` : `${summary.seeds.length} seeds`} ` +
      "· whiskers: 95 % intervals",
    data,
    x: { title: { text: "" } },
    y: { title: { text: "share of answers" }, range: [0, 1.02], tickformat: ".1f" },
    layout: { barmode: "group", bargap: 0.22 },
  });
}

/** How many of the questions stand behind the sampled bars and a majority's, where not all do. */
function sampledOf({ n, arms }: Pick<AblationSummary, "n" | "arms">): string {
  const sampled = Math.max(0, ...arms.map(({ sampledN = 0 }) => sampledN));
  if (sampled === 0 || sampled >= n) return "";
  const vote = arms.some(({ name }) => name === "base_majority") ? " and put to the vote" : "";
  return `, ${formatCount(sampled)} of them sampled${vote}`;
}

/** Questions that an arm answered greedily; a majority of samples answers only where there are samples. */
function questionsOf({ byType }: Arm): number {
  return Object.values(byType).reduce((sum, { n }) => sum + n, 0);
}

/**
 * The same as a table; the first arm is the baseline row. `arms` may be the reports of any models that were
 * asked the same questions.
 */
export function ablationTable(
  summary: Pick<AblationSummary, "n" | "arms">,
  { caption = "Ablation: value [95 % interval]" }: { caption?: string } = {},
): View {
  const rows = summary.arms.map((arm, i) => ({
    arm: styleOf(arm.name, i).label,
    n: questionsOf(arm) || summary.n,
    drawn: arm.sampledN && arm.sampledN < (questionsOf(arm) || summary.n) ? arm.sampledN : null,
    format: arm.format,
    lenient: arm.accuracyLenient,
    strict: arm.accuracy,
    sampledLenient: arm.accuracySampledLenient,
    sampled: arm.accuracySampled,
    judge: arm.judge,
    tokens: arm.tokensPerAnswer && Math.round(arm.tokensPerAnswer),
  }));
  const columns = [
    "arm",
    "n",
    "format",
    { key: "lenient", label: "greedy, lenient" },
    { key: "strict", label: "greedy, strict" },
    { key: "drawn", label: "n sampled", optional: true },
    { key: "sampledLenient", label: "sampled, lenient" },
    { key: "sampled", label: "sampled, strict" },
    { key: "judge", label: "Judge" },
    { key: "tokens", label: "tokens an answer" },
  ];
  return table(rows, columns, { caption });
}
