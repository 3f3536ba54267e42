/**
 * The run on real models beside the reader's: what `npm run bench:real` wrote into reports/example, stage by
 * stage, as one folded block.
 */
import { basename } from "node:path";
import { table, type View } from "../view/table.ts";
import { inertHtml } from "../view/text-view.ts";
import { BESIDE } from "./real-beside.ts";
import { committedRuns, type RealRun } from "./real-result.ts";
import { REAL_STAGES, type RealStage, type StageResult } from "./real-stages.ts";

/**
 * What the real models did at a stage, folded under one line: what is as in the reader's run and what is not,
 * a table with a row a model or an arm, and sentences computed from it. `runs` are results of `bench:real`;
 * by default the two that are committed.
 *
 * Throws where a result is missing or is none.
 *
 * @example await show(realRun("sft"))
 */
export function realRun(stage: RealStage, runs: readonly RealRun[] = committedRuns()): View {
  const parts = once(runs.map((run) => ({ name: nameOf(run), ...REAL_STAGES[stage](run) })));
  const rows = parts.flatMap((part) => part.rows);
  const tables = [table(rows, undefined, { caption: "The same stage on real models" })];
  const steps = stepRows(parts);
  if (steps.length > 0) tables.push(table(steps, undefined, { caption: "What each step adds, in points" }));
  const said = parts.flatMap(({ name, lines }) => lines.map((line) => `${name}: ${line}`));
  const [first] = runs;
  const head = first
    ? `The same with real models (profile ${first.profile}, ${first.device}, measured ` +
      `${first.created.slice(0, 10)})`
    : "No run on real models is kept here.";
  const { same, other } = BESIDE[stage];
  const beside = `<p><i>The same:</i> ${inertHtml(same)} <i>Not the same:</i> ${inertHtml(other)}</p>`;
  const list = said.map((line) => `<li>${inertHtml(line)}</li>`).join("");
  const inside = [beside, ...tables.map(({ html }) => html), `<ul>${list}</ul>`].join("\n");
  return {
    html: `<details><summary><b>${inertHtml(head)}</b></summary>\n${inside}</details>`,
    text: [
      ...[`▸ ${head}`, `The same: ${same}`, `Not the same: ${other}`],
      ...tables.map(({ text }) => text),
      ...said.map((line) => `- ${line}`),
    ].join("\n"),
  };
}

/** A row a step and reading, a column a Base: its difference with the interval, p, and what that decides. */
function stepRows(parts: readonly Part[]): Record<string, string | number>[] {
  const all = parts.flatMap(({ name, steps = [] }) => steps.map((step) => ({ name, ...step })));
  const byStep = Map.groupBy(all, ({ step, metric }) => `${step}, ${metric}`);
  return [...byStep.values()].map((told) => {
    const { step, metric, n } = told[0]!;
    const cells = told.map(({ name, points, p, verdict }) => [name, `${points}, ${p}: ${verdict}`] as const);
    return { step, read: metric, n, ...Object.fromEntries(cells) };
  });
}

type Part = StageResult & { name: string };

/** Runs that differ in nothing but the Base, as two that share a Teacher's texts, become one. */
function once(parts: readonly Part[]): Part[] {
  const said = ({ rows, lines }: Part): string =>
    JSON.stringify([rows.map((row) => ({ ...row, Base: "" })), lines]);
  return [...Map.groupBy(parts, said).values()].map(([first, ...others]) => {
    const name = [first!, ...others].map((part) => part.name).join(", ");
    return others.length === 0
      ? first!
      : { ...first!, name, rows: first!.rows.map((row) => renamed(row, name)) };
  });
}

const renamed = (row: Record<string, unknown>, Base: string) => ("Base" in row ? { ...row, Base } : row);

const nameOf = ({ models }: RealRun): string => basename(models.base);
