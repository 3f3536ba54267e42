/** Questions and Teacher texts for tests of the filter, a lab that holds them, and a Judge to run it with. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { openLab } from "../config/lab.ts";
import type { Lab } from "../config/lab.ts";
import { QUESTION_TYPES } from "../records.ts";
import type { Distilled, Question, QuestionType } from "../records.ts";
import { filter } from "../filter/filter.ts";
import type { Filtered } from "../filter/filter.ts";
import { textOf } from "./judge-rows.ts";
import { perfectVerdict, startStubJudge, stubJudge } from "./stub-judge.ts";
import type { StubJudge } from "./stub-judge.ts";

/** "What is i + i?", the types and two sources in turn. */
export const question = (
  i: number,
  type: QuestionType = QUESTION_TYPES[i % 4]!,
  over: Partial<Question> = {},
): Question => ({
  id: `q${i}`,
  question: `What is ${i} + ${i}?`,
  gold_answer: String(2 * i),
  type,
  source: i % 2 ? "basics" : "mine",
  ...over,
});

/** A Teacher's text as it would be without `distill.assemble`; null is one that was cut. */
export const distilled = (
  q: Question,
  completion: string | null,
  sample = 0,
  tokens: number | null = 20,
  failure: string | null = completion === null ? "length" : null,
): Distilled => ({
  ...q,
  key: `${q.id}/${sample}`,
  sample,
  teacher_output: completion,
  teacher_reasoning: null,
  response: failure === null ? (completion?.trim() ?? null) : null,
  assembly: null,
  failure,
  completion_tokens: tokens,
  model: "teacher",
});

/** A right text with this reasoning; "fault: padding" is a fault that the stub Judge finds. */
export const right = (q: Question, reasoning = "we add"): string => textOf(reasoning, q.gold_answer);

export const twenty = Array.from({ length: 20 }, (_, i) => question(i + 1));

/** A lab in `folder` whose raw and distilled files hold these rows; nothing is generated unless told. */
export function labWith(
  folder: string,
  questions: readonly Question[],
  texts: readonly Distilled[],
  overrides: Record<string, unknown> = {},
): Lab {
  const settings = { "serving.concurrency": 8, "prepare.generated": 0, ...overrides };
  const lab = openLab(settings, { FTMODEL_WORKSPACE: folder });
  const put = (path: string, rows: readonly object[]) => (
    mkdirSync(dirname(path), { recursive: true }),
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""))
  );
  put(lab.paths.raw, questions);
  put(lab.paths.distilled, texts);
  return lab;
}

export interface FilterBench {
  /** The workspace. */
  folder: string;
  /** The Judge that is asked: a perfect one, unless the test puts another here. */
  stub: StubJudge;
  run(
    questions: readonly Question[],
    texts: readonly Distilled[],
    overrides?: Record<string, unknown>,
  ): Promise<Filtered>;
}

/** To be called once in a test file: a workspace and a Judge for each test. */
export function filterBench(): FilterBench {
  const bench = {
    run: (questions, texts, overrides = {}) =>
      filter(labWith(bench.folder, questions, texts, overrides), { judge: stubJudge(bench.stub.url) }),
  } as FilterBench;
  beforeEach(async () => {
    bench.folder = mkdtempSync(join(tmpdir(), "filter-"));
    bench.stub = await startStubJudge(({ prompt }) => perfectVerdict(prompt));
  });
  afterEach(async () => {
    await bench.stub.close();
    rmSync(bench.folder, { recursive: true, force: true });
  });
  return bench;
}
