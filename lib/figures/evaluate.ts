/** Stage 6: who is right where, with intervals. */
import { proportion } from "../evaluate/eval-summary.ts";
import type { Estimate, EvalDetail } from "../records.ts";
import { armBars, whiskerLook } from "./bars.ts";
import { type Choice, updateMenu } from "./menu.ts";
import { countBy } from "../stats/stats.ts";
import { formatCount, formatEstimate } from "../view/numbers.ts";
import { orderTypes } from "./prepare.ts";
import { emptyFigure, type Figure, makeFigure, titleOf } from "./theme.ts";
import { axisLabels } from "../view/labels.ts";
import { styleOf } from "../view/arms.ts";

/** An arm's answers: the rows of `eval_details_*.jsonl`. */
export interface ArmDetails {
  name: string;
  details: readonly EvalDetail[];
}

/**
 * Accuracy by type, one bar an arm, with 95 % intervals. The menu changes greedy to sampled, lenient to
 * strict, types to sources, and narrows to one source.
 */
export function accuracyByType(arms: readonly ArmDetails[]): Figure {
  const title = "Accuracy by type";
  const drawn = arms.filter((arm) => arm.details.length > 0);
  const all = drawn.flatMap((arm) => arm.details);
  if (all.length === 0) return emptyFigure(title, "No answers have been evaluated yet.");
  const modes = (["greedy", "sampled"] as const).filter((mode) => all.some((row) => row.mode === mode));
  const sources = [...countBy(all, (row) => row.source ?? "").keys()].filter((source) => source !== "");
  const slices: Slice[] = [
    ...modes.flatMap((mode) =>
      (["lenient", "strict"] as const).map(
        (reading): Slice => ({ name: `${mode}, ${reading}`, mode, reading, by: "type", source: null }),
      ),
    ),
    ...(sources.length > 1
      ? modes.map(
          (mode): Slice => ({
            name: `${mode}, lenient, by source`,
            mode,
            reading: "lenient",
            by: "source",
            source: null,
          }),
        )
      : []),
    ...(sources.length > 1
      ? sources.slice(0, 12).map(
          (source): Slice => ({
            name: `${modes[0]}, lenient, only ${source}`,
            mode: modes[0]!,
            reading: "lenient",
            by: "type",
            source,
          }),
        )
      : []),
  ];
  const views = slices.map((slice) => viewOf(slice, drawn));
  const choices = slices.map(
    (slice, i): Choice => ({
      label: slice.name,
      traces: views[i]!.traces,
      layout: { "title.text": titleOf(title, views[i]!.subtitle).text },
    }),
  );
  const data = drawn.map((arm, i) => {
    const style = styleOf(arm.name, i);
    const trace = Object.fromEntries(
      Object.entries(views[0]!.traces).map(([key, values]) => [key, values[i]]),
    );
    const { "error_y.array": array, "error_y.arrayminus": arrayminus, ...rest } = trace;
    return {
      ...armBars(style.colour, drawn.length),
      name: style.label,
      ...rest,
      error_y: { type: "data", symmetric: false, array, arrayminus, ...whiskerLook(style.colour), width: 4 },
      hovertemplate: "%{x}: %{customdata}<extra>%{fullData.name}</extra>",
    };
  });
  return makeFigure({
    title,
    subtitle: views[0]!.subtitle,
    data,
    x: { title: { text: "" }, type: "category" },
    y: { title: { text: "share of right answers" }, range: [0, 1.02], tickformat: ".1f" },
    layout: { barmode: "group", bargap: 0.25, ...menuBeside(drawn.length, choices) },
  });
}

/** The menu beside the legend; above it, with room of its own, where the legend takes the whole line. */
function menuBeside(arms: number, choices: readonly Choice[]): Record<string, unknown> {
  const menu = updateMenu(choices);
  if (arms <= 3) return { updatemenus: [menu] };
  return { updatemenus: [{ ...menu, pad: { t: 0, b: 34 } }], margin: { l: 64, r: 24, t: 134, b: 56 } };
}

/** Over fewer questions a whisker crosses the number at a bar's foot, and hundredths say nothing. */
const FEW = 5;

interface Slice {
  name: string;
  mode: EvalDetail["mode"];
  reading: "strict" | "lenient";
  by: "type" | "source";
  source: string | null;
}

function viewOf(
  slice: Slice,
  arms: readonly ArmDetails[],
): { traces: Record<string, unknown[]>; subtitle: string } {
  const rows = arms.map((arm) =>
    arm.details.filter(
      (row) => row.mode === slice.mode && (slice.source === null || row.source === slice.source),
    ),
  );
  const key = (row: EvalDetail) => (slice.by === "type" ? row.type : (row.source ?? "unknown"));
  const names =
    slice.by === "type" ? orderTypes(rows.flat().map(key)) : [...countBy(rows.flat(), key).keys()];
  const groups = [null, ...names];
  const questions = groups.map(
    (group) =>
      new Set(
        rows
          .flat()
          .filter((row) => group === null || key(row) === group)
          .map((row) => row.id),
      ).size,
  );
  const x = ["all", ...axisLabels(names, 22)].map(
    (name, i) => `${name}<br>n = ${formatCount(questions[i]!)}`,
  );
  const inGroup = (group: string | null) => (row: EvalDetail) => group === null || key(row) === group;
  const values = rows.map((details) =>
    groups.map((group) => proportion(details.filter(inGroup(group)), (row) => row[slice.reading])),
  );
  const each = (pick: (e: Estimate) => unknown) =>
    values.map((estimates) => estimates.map((e) => (e === null ? null : pick(e))));
  const answers = rows[0]!.length / Math.max(1, new Set(rows[0]!.map((row) => row.id)).size);
  return {
    traces: {
      x: arms.map(() => x),
      y: each((e) => e.value),
      text: values.map((estimates) =>
        estimates.map((e, i) => (e === null ? null : questions[i]! < FEW ? "" : e.value.toFixed(2))),
      ),
      customdata: each(formatEstimate),
      "error_y.array": each((e) => e.high - e.value),
      "error_y.arrayminus": each((e) => e.value - e.low),
    },
    subtitle:
      `n = ${formatCount(questions[0]!)} ` +
      `questions${answers > 1 ? ` × ${Math.round(answers)} answers` : ""} · ${slice.name} · ` +
      "whiskers: 95 % intervals",
  };
}
