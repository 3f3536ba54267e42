/** Stage 1: what came in, what the sample looks like, what would not fit. */
import type { RemovedDuplicate } from "../prepare/duplicates.ts";
import { QUESTION_TYPES } from "../records.ts";
import { table, type View } from "../view/table.ts";
import { countBy } from "../stats/stats.ts";
import { formatCount, formatShare } from "../view/numbers.ts";
import { DROPPED, emptyFigure, type Figure, KEPT, makeFigure } from "./theme.ts";
import { axisLabels, pretty } from "../view/labels.ts";

/** The four types first, in their order, then any other that occurs. */
export function orderTypes(types: Iterable<string>): string[] {
  const found = new Set(types);
  const known = QUESTION_TYPES.filter((type) => found.has(type)) as string[];
  return [...known, ...[...found].filter((type) => !known.includes(type))];
}

/** Questions kept and set aside by source: one bar a source, one colour a reason. */
export function sourceBars(
  kept: readonly { source: string }[],
  setAside: readonly { source: string; reason: string }[] = [],
): Figure {
  const title = "Questions by source";
  const n = kept.length + setAside.length;
  if (n === 0) return emptyFigure(title, "No questions yet.");
  const sources = [...countBy([...kept, ...setAside], (row) => row.source).keys()].reverse();
  const bar = (name: string, rows: readonly { source: string }[], color: string) => {
    const counts = countBy(rows, (row) => row.source);
    const x = sources.map((source) => counts.get(source) ?? 0);
    const text = x.map((count) => (count > n / 40 ? formatCount(count) : ""));
    return {
      type: "bar",
      orientation: "h",
      name,
      y: axisLabels(sources, 36),
      x,
      text,
      textposition: "inside",
      insidetextanchor: "middle",
      textangle: 0,
      marker: { color },
      hovertemplate: "%{y}: %{x:,}<extra>%{fullData.name}</extra>",
    };
  };
  const reasons = [...countBy(setAside, (row) => row.reason).keys()];
  const palette = ["#E69F00", "#CC79A7", "#56B4E9", "#8A7B00", "#D55E00", "#0072B2"];
  const dropped = reasons.slice(0, 5).map((reason, i) =>
    bar(
      `set aside: ${pretty(reason)}`,
      setAside.filter((row) => row.reason === reason),
      palette[i]!,
    ),
  );
  const others = setAside.filter((row) => reasons.indexOf(row.reason) >= 5);
  const more = reasons.length - 5;
  if (more > 0) dropped.push(bar(`set aside: ${more} other reason${more === 1 ? "" : "s"}`, others, DROPPED));
  return makeFigure({
    title,
    subtitle:
      `n = ${formatCount(n)} rows read, ${formatCount(kept.length)} kept ` +
      `(${formatShare(kept.length, n)})`,
    data: [bar("kept", kept, KEPT), ...dropped],
    x: { title: { text: "questions" } },
    y: { title: { text: "source" } },
    height: Math.max(320, 190 + 34 * sources.length),
    legend: dropped.length > 3 ? "right" : "top",
    layout: { barmode: "stack" },
  });
}

/**
 * The removed near-duplicates beside what was kept instead, so that a reader can judge the rule; first those
 * whose golds differ.
 */
export function duplicatesTable(
  removed: readonly RemovedDuplicate[],
  questions: readonly { id: string; question: string }[],
  maxRows = 10,
): View {
  const texts = new Map(questions.map(({ id, question }) => [id, question]));
  const rows = [...removed]
    .sort((a, b) => Number(b.goldDiffers) - Number(a.goldDiffers))
    .map(({ id, of, goldDiffers }) => ({
      kept: of,
      keptQuestion: texts.get(of) ?? null,
      removed: id,
      removedQuestion: texts.get(id) ?? null,
      goldDiffers,
    }));
  const columns = [
    "kept",
    { key: "keptQuestion", label: "question" },
    "removed",
    { key: "removedQuestion", label: "question" },
    { key: "goldDiffers", label: "golds differ" },
  ];
  return table(rows, columns, {
    maxRows,
    maxChars: 200,
    caption: `Near-duplicates removed: ${formatCount(removed.length)}`,
  });
}
