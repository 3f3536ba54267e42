/** What became of the reader's own rows, from the files that the stages have left so far. Pure. */
import { extractAnswer, goldProblem } from "../answer/index.ts";
import { applyRules } from "../filter/rules.ts";
import type { Side } from "../filter/rules.ts";
import type { FilterDetail } from "../filter/record.ts";
import type { SetAside } from "../prepare/read-questions.ts";
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
  const { questions, setAside, side, sft, rl, test } = files;
  const index: Index = {
    side,
    texts: Map.groupBy(files.texts ?? [], ({ id }) => id),
    details: new Map((files.details ?? []).map((detail) => [detail.key, detail])),
    lines: { sft: linesOf(sft), rl: linesOf(rl), test: linesOf(test) },
    isFiltered: test !== null,
  };
  const kept = questions.flatMap((row) => (row.own ? [keptFate(row, row.own, index)] : []));
  const left = setAside.flatMap((row) => (row.own ? [setAsideFate(row, row.own)] : []));
  const order = (a: OwnFate, b: OwnFate): number =>
    a.place.file.localeCompare(b.place.file) || a.place.line - b.place.line;
  return [...kept, ...left].sort(order);
}

interface Index {
  side: StageFiles["side"];
  /** By the question's id. */
  texts: ReadonlyMap<string, Distilled[]>;
  /** By the text's key. */
  details: ReadonlyMap<string, FilterDetail>;
  lines: Record<"sft" | "rl" | "test", ReadonlyMap<string, number>>;
  isFiltered: boolean;
}

/** A row by what it is and what it asks: a file may be older than the questions. */
const keyOf = (id: string, question: string): string => JSON.stringify([id, question]);

const linesOf = (rows: readonly { id: string; prompt: string }[] | null): Map<string, number> =>
  new Map((rows ?? []).map(({ id, prompt }, i) => [keyOf(id, prompt), i + 1]));

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

function keptFate(row: Question, place: OwnPlace, index: Index): OwnFate {
  const text = textOf(row, index);
  const key = keyOf(row.id, row.question);
  const found = Object.entries(index.lines).flatMap(([name, lines]) =>
    lines.has(key) ? [`${name}.jsonl, line ${lines.get(key)}`] : [],
  );
  const unchecked = goldProblem(row)?.message ?? null;
  const { sft, rl, test } = index.lines;
  return {
    place,
    row,
    question: row.question,
    gold: row.gold_answer,
    unchecked,
    teacher: text && answerOf(text),
    verdict: text && verdictOn(text, index),
    ended: found.length > 0 ? found.join("; ") : noFile(row, unchecked, text, index),
    in: { sft: sft.has(key), rl: rl.has(key), test: test.has(key) },
  };
}

function noFile(
  { id }: Question,
  unchecked: string | null,
  text: Distilled | null,
  { side, details, isFiltered }: Index,
): string {
  if (!isFiltered) return side.get(id) === "test" ? "held out for the test" : "on the training side";
  if (unchecked !== null) return `in no file: ${unchecked}`;
  if (text && details.has(text.key))
    return "in no file: its text was dropped, and filter.rlSource does not take it for RL";
  return "in no file yet: run 02_distill and 03_filter";
}

/** The text that became a training row, else the first one. */
function textOf({ id, question }: Question, { texts, details }: Index): Distilled | null {
  const own = (texts.get(id) ?? []).filter((text) => text.question === question);
  return own.find(({ key }) => details.get(key)?.reason === null) ?? own[0] ?? null;
}

function answerOf({ response, teacher_output }: Distilled): string | null {
  const text = response ?? teacher_output;
  return text === null ? null : (extractAnswer(text, "lenient")?.trim() ?? null);
}

/** As the filter said it; before the filter, what its rules will say. */
function verdictOn(text: Distilled, { details, side }: Index): string {
  const said = details.get(text.key);
  if (said && said.reason !== null) return `${said.layer.replace(/_/g, " ")}: ${said.message}`;
  if (said) return said.points === null ? said.message : `kept, with ${said.points} points of the Judge`;
  const [end] = applyRules([text], side, false).ended;
  return end ? `${end.layer}: ${end.message}` : "right by the rules";
}
