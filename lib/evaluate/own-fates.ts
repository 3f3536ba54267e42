/** What became of the reader's own rows, from the files that the stages have left so far. Pure. */
import { extractAnswer, goldProblem } from "../answer/index.ts";
import { applyRules } from "../filter/filter-rules.ts";
import type { Side } from "../filter/filter-rules.ts";
import type { FilterDetail } from "../filter/filter-record.ts";
import type { SetAside } from "../prepare/sources.ts";
import type { Distilled, OwnPlace, Question, RlRow, SftRow } from "../records.ts";

/** The files of a workspace, as far as they are there: null for one that is not. */
export interface StageFiles {
  questions: readonly Question[];
  setAside: readonly SetAside[];
  /** Id → side of the split. */
  side: ReadonlyMap<string, Side>;
  texts: readonly Distilled[] | null;
  details: readonly FilterDetail[] | null;
  sft: readonly SftRow[] | null;
  rl: readonly RlRow[] | null;
  test: readonly RlRow[] | null;
}

/** One row of the reader's. */
export interface OwnFate {
  place: OwnPlace;
  /** What it asks; null for a row that is set aside. */
  row: Question | null;
  question: string | null;
  gold: string | null;
  /** Why no rule can check an answer against this gold; null when rules can. */
  unchecked: string | null;
  /** The final answer of the Teacher's text; null where the Teacher was not asked or gave none. */
  teacher: string | null;
  /** What rules and Judge say of that text, in a sentence; null where there is no text. */
  verdict: string | null;
  /** The files of notebook 03 that hold the row; else the side it is on, or why it is set aside. */
  ended: string;
  in: { sft: boolean; rl: boolean; test: boolean };
}

/** A fate for each row of the reader's own files that was read, in the order of files and lines. */
export function ownFates(files: StageFiles): OwnFate[] {
  const kept = files.questions.flatMap((row) => (row.own ? [keptFate(row, row.own, files)] : []));
  const left = files.setAside.flatMap((row) => (row.own ? [setAsideFate(row, row.own)] : []));
  const order = (a: OwnFate, b: OwnFate): number =>
    a.place.file.localeCompare(b.place.file) || a.place.line - b.place.line;
  return [...kept, ...left].sort(order);
}

function setAsideFate(
  { reason, expected, found, question, gold_answer }: SetAside,
  place: OwnPlace,
): OwnFate {
  return {
    place,
    row: null,
    question: question ?? null,
    gold: gold_answer ?? null,
    unchecked: null,
    teacher: null,
    verdict: null,
    ended: `set aside: ${reason.replace(/_/g, " ")}; expected ${expected}, found ${found}`,
    in: { sft: false, rl: false, test: false },
  };
}

function keptFate(row: Question, place: OwnPlace, files: StageFiles): OwnFate {
  const text = textOf(row, files);
  const lineIn = (rows: readonly { id: string; prompt: string }[] | null): number =>
    (rows ?? []).findIndex(({ id, prompt }) => id === row.id && prompt === row.question) + 1;
  const lines = { sft: lineIn(files.sft), rl: lineIn(files.rl), test: lineIn(files.test) };
  const found = Object.entries(lines).flatMap(([name, line]) =>
    line > 0 ? [`${name}.jsonl, line ${line}`] : [],
  );
  const unchecked = goldProblem(row)?.message ?? null;
  const isFiltered = files.test !== null;
  return {
    place,
    row,
    question: row.question,
    gold: row.gold_answer,
    unchecked,
    teacher: text && answerOf(text),
    verdict: text && verdictOn(text, files),
    ended: found.length > 0 ? found.join("; ") : isFiltered ? nowhere(unchecked) : sideOf(row, files),
    in: { sft: lines.sft > 0, rl: lines.rl > 0, test: lines.test > 0 },
  };
}

const nowhere = (unchecked: string | null): string =>
  unchecked === null ? "in no file yet: run 02_distill and 03_filter" : `in no file: ${unchecked}`;

const sideOf = ({ id }: Question, { side }: StageFiles): string =>
  side.get(id) === "test" ? "held out for the test" : "on the training side";

/** The text that became a training row, else the first one. */
function textOf({ id, question }: Question, { texts, details }: StageFiles): Distilled | null {
  const own = (texts ?? []).filter((text) => text.id === id && text.question === question);
  const kept = new Set((details ?? []).filter(({ reason }) => reason === null).map(({ key }) => key));
  return own.find(({ key }) => kept.has(key)) ?? own[0] ?? null;
}

function answerOf({ response, teacher_output }: Distilled): string | null {
  const text = response ?? teacher_output;
  return text === null ? null : (extractAnswer(text, "lenient")?.trim() ?? null);
}

/** As the filter said it; before the filter, what its rules will say. */
function verdictOn(text: Distilled, { details, side }: StageFiles): string {
  const said = (details ?? []).find(({ key }) => key === text.key);
  if (said && said.reason !== null) return `${said.layer.replace(/_/g, " ")}: ${said.message}`;
  if (said) return said.points === null ? said.message : `kept, with ${said.points} points of the Judge`;
  const [end] = applyRules([text], side, false).ended;
  return end ? `${end.layer}: ${end.message}` : "right by the rules";
}
