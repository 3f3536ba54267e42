/**
 * The notebooks on a reader's own questions alone, asked of models behind URLs that know nothing of our tags.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { workspacePaths } from "../../lib/config/paths.ts";
import { languageOf } from "../../lib/question/language.ts";
import { Question, SftRow } from "../../lib/records.ts";
import { readJsonl } from "../../lib/store/jsonl.ts";
import type { ForeignStyle } from "../../lib/testing/foreign-answers.ts";
import { chineseQuestions, englishQuestions } from "../../lib/testing/foreign-questions.ts";
import type { OwnQuestion } from "../../lib/testing/foreign-questions.ts";
import { startForeign } from "../../lib/testing/foreign-server.ts";
import { notebookFiles } from "../pipeline/options.ts";
import { runNotebooks } from "./notebooks.ts";
import { nonsenseIn, shownBelow } from "./shown.ts";
import { runProgram } from "./suite.ts";
import type { Count, Suite } from "./suite.ts";

interface Case {
  name: string;
  /** Numbers of notebooks; all of them unless told. */
  only?: string;
  questions: OwnQuestion[];
  /** How Teacher and Base write. */
  style: ForeignStyle;
  /** What the executed notebooks must say. */
  says: RegExp[];
}

const oneType = (row: OwnQuestion): OwnQuestion => ({ ...row, type: "financial_calculation" });

const CASES: readonly Case[] = [
  {
    name: "all notebooks on own questions, an Instruct model",
    questions: [...englishQuestions(60), ...chineseQuestions(60)],
    style: "instruct",
    says: [
      /All questions are your own/,
      /No question came with a type/,
      /0 traps; the rest practises on \d+ questions/,
      /Your rows: 120 read/,
    ],
  },
  {
    name: "01 to 03, English only, of one type, an R1",
    only: "01,02,03",
    questions: englishQuestions(60).map(oneType),
    style: "r1",
    says: [/All questions are your own/],
  },
  {
    name: "01 to 03, Chinese only, an R1 with a reasoning field",
    only: "01,02,03",
    questions: chineseQuestions(60),
    style: "r1-field",
    says: [/All questions are your own/, /No question came with a type/],
  },
];

/** No question is ours; Teacher, Judge and Base are asked at a URL; what is trained is the tiny Base. */
const SETTINGS = [
  "prepare.generated=0",
  "prepare.handwritten=false",
  "models.teacher=foreign/teacher-7b",
  "models.judge=foreign/judge-7b",
  "filter.sftMaxRows=40",
  "grpo.maxTokens=64",
  "evaluate.maxTokens=64",
  "evaluate.maxQuestions=20",
];

/**
 * Share of the training side's questions that must become training rows: the Teacher is right on three in
 * four.
 */
const KEPT_SHARE = 0.4;

export function ownQuestions(workspace: string): Suite[] {
  if (notebookFiles().length === 0) return [];
  return CASES.map((one, i) => ({ name: one.name, run: () => runCase(one, `${workspace}-${i + 1}`) }));
}

async function runCase({ only, questions, style, says }: Case, workspace: string): Promise<Count> {
  rmSync(workspace, { recursive: true, force: true });
  mkdirSync(workspace, { recursive: true });
  const file = join(workspace, "mine.jsonl");
  writeFileSync(file, questions.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const server = await startForeign(questions, style);
  try {
    const urls = ["url", "teacherUrl", "judgeUrl"].map((key) => `serving.${key}=${server.url}`);
    const set = [...SETTINGS, ...urls].flatMap((setting) => ["--set", setting]);
    const options = [...(only ? ["--only", only] : []), "--source", file, ...set];
    const status = await runProgram(process.execPath, runNotebooks(workspace, options));
    const ended = [`the notebooks ended with status ${status}`];
    const problems = status === 0 ? problemsOf(workspace, questions, says) : ended;
    for (const problem of problems) console.log(problem);
    const checks = status === 0 ? says.length + 5 : 1;
    return { passed: checks - problems.length, failed: problems.length, skipped: 0, failures: problems };
  } finally {
    await server.close();
  }
}

/** What is wrong with what a run left behind, a line each. */
function problemsOf(workspace: string, questions: readonly OwnQuestion[], says: readonly RegExp[]): string[] {
  const paths = workspacePaths(workspace);
  const raw = readJsonl(paths.raw, Question);
  const sft = readJsonl(paths.sft, SftRow);
  const shown = shownBelow(join(paths.reports, "notebooks"));
  const isSaid = (text: RegExp) => shown.some(({ texts }) => texts.some((said) => text.test(said)));
  const problems = says.filter((text) => !isSaid(text)).map((text) => `no notebook says ${text}`);
  const nonsense = nonsenseIn(shown);
  if (nonsense.length > 0) problems.push(`the notebooks show nonsense:\n${nonsense.join("\n")}`);
  if (raw.length !== questions.length)
    problems.push(`${raw.length} of ${questions.length} questions are left`);
  if (raw.some((row) => row.kind !== undefined)) problems.push("a question has a kind that nobody gave it");
  const wanted = Math.min(40, KEPT_SHARE * 0.8 * questions.length);
  if (sft.length < wanted) problems.push(`${sft.length} training rows, fewer than ${wanted}`);
  const mixed = sft.filter((row) => languageOf(row.prompt) !== languageOf(row.response));
  if (mixed.length > 0)
    problems.push(`${mixed.length} training rows do not answer in their question's language`);
  return problems;
}
