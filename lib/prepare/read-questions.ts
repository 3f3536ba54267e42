/** The questions of one file, and what is wrong with its other rows. */
import { basename, extname } from "node:path";
import { typeQuestion } from "./classify.ts";
import { Correction, isCorrection } from "./corrections.ts";
import { LabError } from "../errors.ts";
import { countBy } from "../stats/stats.ts";
import { fieldProblem, shorten } from "../store/field-problem.ts";
import { QuestionType } from "../records.ts";
import type { OwnPlace, Question } from "../records.ts";
import { readSourceRows } from "./read-rows.ts";
import type { SourceRow } from "./read-rows.ts";
import { takeRow } from "./row-forms.ts";

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
