/**
 * What stage 1 left behind, read again to be explored: the questions with what is known of each, and the rows
 * set aside.
 */
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { readGold } from "../answer/index.ts";
import type { AnswerKind } from "../answer/index.ts";
import { classify } from "./classify.ts";
import { languageOf } from "../question/language.ts";
import type { Language } from "../question/language.ts";
import { LabError } from "../errors.ts";
import { goldProblem } from "../answer/index.ts";
import { readJsonl } from "../store/jsonl.ts";
import type { Lab } from "../config/lab.ts";
import { reportPath, setAsidePath } from "./prepare.ts";
import { PrepareReport } from "./report.ts";
import { OwnPlace, Question } from "../records.ts";
import type { QuestionType } from "../records.ts";
import type { SetAside } from "./read-questions.ts";

const SetAsideRow = z.object({
  file: z.string(),
  line: z.number().nullable(),
  source: z.string(),
  id: z.string().nullable(),
  reason: z.string(),
  field: z.string(),
  expected: z.string(),
  found: z.string(),
  own: OwnPlace.optional(),
  question: z.string().optional(),
  gold_answer: z.string().optional(),
}) satisfies z.ZodType<SetAside>;

/**
 * Questions of `raw.jsonl`, rows of `set_aside.jsonl`, which may hold none, and the report. Throws LabError
 * when stage 1 has not run, or a row does not fit.
 */
export function readPrepared(lab: Pick<Lab, "paths">): {
  questions: Question[];
  setAside: SetAside[];
  report: PrepareReport;
} {
  const questions = readJsonl(lab.paths.raw, Question, "Run 01_prepare first.");
  const path = setAsidePath(lab);
  const isEmpty = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0;
  return {
    questions,
    setAside: isEmpty ? [] : readJsonl(path, SetAsideRow),
    report: readReport(reportPath(lab)),
  };
}

function readReport(path: string): PrepareReport {
  try {
    return PrepareReport.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (cause) {
    throw new LabError(
      {
        what: "The report of the preparation cannot be read",
        where: path,
        found: (cause as Error).message.slice(0, 300),
        todo: "Run 01_prepare again with FTMODEL_FORCE=1.",
      },
      { cause },
    );
  }
}

/** A question as a row to filter, group and sort by. */
export interface QuestionFacts {
  id: string;
  type: QuestionType;
  /** Whether the source gave the type; else the rules did. */
  typeGiven: boolean;
  source: string;
  /** Kind of the generated world; "–" for others. */
  kind: string;
  language: Language;
  /** Kind of answer, derived from the gold: a property of its own, apart from the type. */
  answer: AnswerKind;
  /** Whether rules alone can say that an answer is right: what RL needs. */
  checkable: boolean;
  /** Prompt tokens, chat template included; null when the report does not hold the question. */
  tokens: number | null;
  /** The rule by which `classify` would type the question, and its type. */
  rule: string;
  typeByRules: QuestionType;
  question: string;
  gold: string;
}

/** One row a question, in the order given. */
export function questionFacts(
  questions: readonly Question[],
  tokens: PrepareReport["tokens"],
): QuestionFacts[] {
  const counted = new Map(tokens.map((row) => [row.id, row]));
  return questions.map((row): QuestionFacts => {
    const byRules = classify(row.question, row.gold_answer);
    return {
      id: row.id,
      type: row.type,
      typeGiven: counted.get(row.id)?.typeGiven ?? false,
      source: row.source,
      kind: row.kind ?? "–",
      language: languageOf(row.question),
      answer: readGold(row.question, row.gold_answer).kind,
      checkable: goldProblem(row) === null,
      tokens: counted.get(row.id)?.tokens ?? null,
      rule: byRules.rule,
      typeByRules: byRules.type,
      question: row.question,
      gold: row.gold_answer,
    };
  });
}
