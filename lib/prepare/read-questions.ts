/** Questions from files of the user's own, of DianJin's form, and the hand-written ones. */
import { existsSync, readdirSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { z } from "zod";
import { goldOfOutput } from "./boxed.ts";
import { typeQuestion } from "./classify.ts";
import { Correction, isCorrection } from "./corrections.ts";
import { LabError } from "../errors.ts";
import { countBy } from "../stats/stats.ts";
import { fieldProblem, shorten } from "../store/field-problem.ts";
import { REPO_ROOT } from "../config/paths.ts";
import { QuestionType } from "../records.ts";
import type { OwnPlace, Question } from "../records.ts";
import { readSourceRows } from "./read-rows.ts";
import type { SourceRow } from "./read-rows.ts";

/** A row that is not taken, and why. */
export interface SetAside {
  file: string;
  /** Where the row starts; null for rows that no file holds. */
  line: number | null;
  source: string;
  id: string | null;
  /**
   * Stable code: encoding, json, csv, field, duplicate_id, no_answer_block, no_boxed, unbalanced_boxed,
   * empty_boxed, …
   */
  reason: string;
  field: string;
  expected: string;
  found: string;
  /** Of a row of the reader's own: where it stands, and what it asks as far as that could be read. */
  own?: OwnPlace | undefined;
  question?: string | undefined;
  gold_answer?: string | undefined;
}

/** A correction and the line it stands on. */
export interface PlacedCorrection {
  line: number;
  row: Correction;
}

export type Place = Pick<SetAside, "file" | "line">;

export interface SourceReading {
  questions: Question[];
  setAside: SetAside[];
  /** Rows that speak of a question, of this file or another: the reader's corrections. */
  corrections: PlacedCorrection[];
  /** Id → rule that gave the type (`classify`). */
  rules: Map<string, string>;
  /** Id → where the row stands. */
  places: Map<string, Place>;
}

const number = z.number().transform(String);
const text = z.string().refine((s) => s.trim() !== "", "must not be blank");
const blankToAbsent = (value: unknown) =>
  value === null || (typeof value === "string" && value.trim() === "") ? undefined : value;

/** A row of the user's own. Numbers may stand for texts; other fields are ignored. */
const OwnRow = z.object({
  id: z.preprocess(blankToAbsent, z.union([z.string(), number], "a text or a number").optional()).optional(),
  question: text,
  gold_answer: z.union([text, number], "a text or a number"),
  type: z.unknown().optional(),
  source: z.preprocess(blankToAbsent, z.string().optional()).optional(),
  kind: z.preprocess(blankToAbsent, z.string().optional()).optional(),
  reasoning: z.preprocess(blankToAbsent, z.string().optional()).optional(),
});
const DianjinRow = z.object({ instruction: text, output: text });

/**
 * The questions of one file: JSONL, JSON or CSV with `question` and `gold_answer` (and `id`, `type`,
 * `source`, `reasoning` where known), or DianJin's form with `instruction` and `output`, whose gold is the
 * last `\boxed{}` in the answer block.
 *
 * Missing ids become `<file stem>_<n>`, n counting all rows of the file from 0; a missing source becomes the
 * file's stem. A type that is one of ours stays, any other is classified anew; so are all of a file whose
 * types are mostly not ours, because a name they share with us then means something else. Rows with a field
 * `correction` are what a reader has corrected in an explorer. Bad rows are set aside with line, field,
 * expected and found. Throws LabError when the file cannot be read (missing, empty,
 * wrong encoding, broken JSON document) and when none of its rows is good.
 */
export function readQuestions(
  path: string,
  options: { source?: string; idPrefix?: string } = {},
): SourceReading {
  const stem = basename(path, extname(path));
  const source = options.source ?? stem;
  const prefix = options.idPrefix ?? stem;
  const lineOf = new Map<string, number>();
  const reading: SourceReading = {
    ...{ questions: [], setAside: [], corrections: [] },
    ...{ rules: new Map(), places: new Map() },
  };
  const rows = readSourceRows(path);
  const givenIds = new Set(rows.flatMap((row) => givenId(row) ?? []));
  const trustsTypes = typesAreOurs(rows);
  rows.forEach((row, n) => {
    const aside = (
      reason: string,
      problem: { field?: string; expected: string; found: string },
      id: string | null = null,
    ) =>
      reading.setAside.push({
        file: path,
        line: row.line,
        source,
        id,
        reason,
        field: problem.field ?? "",
        expected: problem.expected,
        found: problem.found,
      });
    if ("reason" in row) return void aside(row.reason, row);
    if (isCorrection(row.value)) {
      const { data, error } = Correction.safeParse(row.value);
      if (error) return void aside("field", fieldProblem(error, row.value));
      return void reading.corrections.push({ line: row.line, row: data });
    }
    const taken = takeRow(row.value);
    if ("problem" in taken) return void aside(taken.reason, taken.problem, taken.id);
    const id = taken.row.id?.trim() || freeId(`${prefix}_${n}`, givenIds);
    if (lineOf.has(id))
      return void aside(
        "duplicate_id",
        {
          field: "id",
          expected: "another id for each row",
          found: `${shorten(id)}, as on line ${lineOf.get(id)}`,
        },
        id,
      );
    lineOf.set(id, row.line);
    const { question, gold_answer, type: given, reasoning, kind } = taken.row;
    const { type, rule } = typeQuestion(
      trustsTypes && typeof given === "string" ? given : undefined,
      question,
      gold_answer,
    );
    reading.rules.set(id, rule);
    reading.places.set(id, { file: path, line: row.line });
    reading.questions.push({
      id,
      question,
      gold_answer,
      type,
      source: taken.row.source ?? source,
      ...(kind ? { kind } : {}),
      ...(reasoning ? { reasoning } : {}),
    });
  });
  if (reading.questions.length + reading.corrections.length === 0) throw allBad(path, reading.setAside);
  return reading;
}

/** At least nine in ten of the types given are names of ours; the tenth may be a slip. */
function typesAreOurs(rows: readonly SourceRow[]): boolean {
  const given = rows.flatMap((row) =>
    "value" in row &&
    typeof row.value === "object" &&
    row.value !== null &&
    "type" in row.value &&
    typeof row.value.type === "string"
      ? [row.value.type]
      : [],
  );
  return 10 * given.filter((type) => QuestionType.safeParse(type).success).length >= 9 * given.length;
}

type Taken =
  | { row: z.infer<typeof OwnRow> }
  | { reason: string; problem: { field?: string; expected: string; found: string }; id: string | null };

function takeRow(value: unknown): Taken {
  const isDianjin =
    typeof value === "object" && value !== null && "instruction" in value && !("question" in value);
  const idOf = () => (typeof value === "object" && value !== null && "id" in value ? String(value.id) : null);
  if (!isDianjin) {
    const parsed = OwnRow.safeParse(value);
    return parsed.success
      ? { row: parsed.data }
      : { reason: "field", problem: fieldProblem(parsed.error, value), id: idOf() };
  }
  const parsed = DianjinRow.safeParse(value);
  if (!parsed.success) return { reason: "field", problem: fieldProblem(parsed.error, value), id: idOf() };
  const { instruction, output } = parsed.data;
  const gold = goldOfOutput(output);
  if ("reason" in gold)
    return {
      reason: gold.reason,
      problem: { field: "output", expected: "\\boxed{…} inside <answer>…</answer>", found: gold.found },
      id: idOf(),
    };
  const extra = value as { id?: unknown; type?: unknown };
  return {
    row: {
      id: extra.id === undefined ? undefined : String(extra.id),
      question: instruction,
      gold_answer: gold.gold,
      type: extra.type,
      source: undefined,
      kind: undefined,
      reasoning: gold.reasoning ?? undefined,
    },
  };
}

/** The id that a row brings along, whatever else is wrong with it. */
function givenId(row: SourceRow): string | null {
  if (!("value" in row) || typeof row.value !== "object" || row.value === null) return null;
  const { id } = row.value as { id?: unknown };
  return typeof id === "string" || typeof id === "number" ? String(id).trim() : null;
}

function freeId(wanted: string, used: ReadonlySet<string>): string {
  let id = wanted;
  while (used.has(id)) id += "_";
  return id;
}

function allBad(path: string, setAside: readonly SetAside[]): LabError {
  const first = setAside[0];
  if (!first)
    return new LabError({
      what: "A file holds no rows",
      where: path,
      expected: "rows with question and gold_answer",
      found: "none",
    });
  const counts = countBy(setAside, ({ reason }) => reason);
  const found =
    `${first.found}; all ${setAside.length} rows are bad ` +
    `(${[...counts].map(([reason, n]) => `${reason}: ${n}`).join(", ")})`;
  return new LabError({
    what: "A file holds no question that can be used",
    where: `${path}, line ${first.line}${first.field ? `, field ${first.field}` : ""}`,
    expected: first.expected,
    found,
    todo:
      'Write one row a line: {"question": "…", "gold_answer": "…"}; or a CSV with these two ' +
      "columns; or DianJin's instruction and output.",
  });
}

const HANDWRITTEN = join(REPO_ROOT, "data", "handwritten");

/** The files of hand-written questions, in order; none when the folder is absent. */
export function handwrittenFiles(folder: string = HANDWRITTEN): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  return names.sort().map((name) => join(folder, name));
}

/**
 * The hand-written questions that come with the repository, every file of data/handwritten. None when the
 * folder is absent. Throws on any bad row.
 */
export function readHandwritten(folder: string = HANDWRITTEN): SourceReading {
  const all: SourceReading = {
    ...{ questions: [], setAside: [], corrections: [] },
    ...{ rules: new Map(), places: new Map() },
  };
  for (const file of handwrittenFiles(folder)) {
    const { questions, setAside, rules, places } = readQuestions(file, { source: "handwritten" });
    const bad = setAside[0];
    if (bad)
      throw new LabError({
        what: "A hand-written question cannot be used",
        where: `${bad.file}, line ${bad.line}, field ${bad.field}`,
        expected: bad.expected,
        found: bad.found,
      });
    for (const question of questions) all.questions.push(question);
    for (const [id, rule] of rules) all.rules.set(id, rule);
    for (const [id, place] of places) all.places.set(id, place);
  }
  return all;
}

/**
 * Files as they come in real life, each row with a fault or beside one: what notebook 1 tries its promises
 * on. Made by `scripts/messy-rows.ts`.
 */
export function messyFiles(): string[] {
  const folder = join(REPO_ROOT, "data", "messy");
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}
