/**
 * The filter's decisions, layer by layer, on Teacher texts and on questions. Pure: judging and files are
 * filter.ts's.
 */
import { checkFormat, goldProblem, scoreCompletion } from "../answer/index.ts";
import type { FilterDetail, QuestionFate, TextLayer } from "./record.ts";
import { textLanguage } from "./assembly-stats.ts";
import { formatMessage } from "../judge/gate.ts";
import type { Judgement } from "../judge/vote.ts";
import type { CorrectedVerdict } from "../prepare/corrections.ts";
import type { Distilled, Question } from "../records.ts";
import { inDrawnOrder } from "../prepare/sample.ts";
import { BEST_OF, selectBest } from "./select.ts";
import type { BestOf } from "./select.ts";
import { largestRemainder } from "../prepare/split.ts";

/** What the filter knows of a question before it looks at any text. */
export type Side = "train" | "test" | "set_aside";

export interface Sorted {
  ended: FilterDetail[];
  passed: Distilled[];
}

/** Why no training text could be made, in words. */
const NOT_ASSEMBLED: Record<string, string> = {
  no_answer: "no rule finds an answer in the text",
  no_reasoning: "there is an answer and no reasoning",
  repeats_answer: "the reasoning only says the answer again",
};

/** The reader's word on texts, by key. */
export type Corrected = ReadonlyMap<string, CorrectedVerdict>;

/**
 * The layers that need no model: split, teacher, assemble, format, answer. With the Judge on, an answer the
 * rules cannot decide goes on to it; without, it ends here as "undecided". What a reader has corrected stands
 * for what the rules say of the answer; a text must still be whole and in form.
 */
export function applyRules(
  texts: readonly Distilled[],
  side: ReadonlyMap<string, Side>,
  useJudge: boolean,
  corrected: Corrected = new Map(),
): Sorted {
  const sorted: Sorted = { ended: [], passed: [] };
  for (const row of texts) {
    const end = ruleEnd(row, side.get(row.id), useJudge, corrected.get(row.key));
    if (end) sorted.ended.push(detailOf(row, ...end));
    else sorted.passed.push(row);
  }
  return sorted;
}

function ruleEnd(
  row: Distilled,
  side: Side | undefined,
  useJudge: boolean,
  corrected: CorrectedVerdict | undefined,
): [TextLayer, string, string] | null {
  if (side === undefined)
    return ["split", "unknown_question", "raw.jsonl holds no question of this id any more"];
  if (side === "test") return ["split", "test_question", "held out for the test"];
  if (side === "set_aside")
    return ["split", "unreadable_gold", "no answer can be checked against this gold answer"];
  // A cut text is kept for people to read; it is no whole text.
  if (row.failure !== null || row.teacher_output === null)
    return [
      "teacher",
      row.failure ?? "no_text",
      row.failure === "length" ? "cut at distill.maxTokens" : "the Teacher gave no usable text",
    ];
  if (row.response === null)
    return [
      "assemble",
      row.assembly ?? "not_assembled",
      NOT_ASSEMBLED[row.assembly ?? ""] ?? "the file is of an older version: run 02_distill again",
    ];
  const format = checkFormat(row.response);
  if (!format.ok) return ["format", format.reason, formatMessage(format.reason)];
  if (corrected)
    return corrected.verdict === "right" ? null : ["answer", "corrected", sayCorrected(corrected)];
  const { strict } = scoreCompletion({
    question: row.question,
    gold: row.gold_answer,
    completion: row.response,
  });
  if (strict.verdict === "right") return null;
  if (strict.verdict !== "judge") return ["answer", strict.reason, strict.message];
  return useJudge ? null : ["answer", "undecided", strict.message];
}

function sayCorrected({ verdict, note }: CorrectedVerdict): string {
  return `${verdict}, says a reader${note === null ? "" : `: ${note}`}`;
}

/** A text and the layer it ended in; with `judgement` what the Judge made of it on the way. */
function detailOf(
  row: Distilled,
  layer: TextLayer,
  reason: string | null,
  message: string,
  judgement?: Judgement,
): FilterDetail {
  return {
    key: row.key,
    id: row.id,
    sample: row.sample,
    type: row.type,
    source: row.source,
    ...(row.kind === undefined ? {} : { kind: row.kind }),
    layer,
    reason,
    message,
    assembly: row.assembly,
    language: textLanguage(row.question, row.response ?? row.teacher_output),
    tokens: row.completion_tokens,
    points: judgement?.points ?? null,
    scores: judgement?.scores ?? null,
    votePoints: judgement && judgement.votePoints.length > 0 ? judgement.votePoints : null,
  };
}

/** How the layers after the Judge choose. */
export interface Selection {
  bestOf: BestOf;
  maxRows: number;
  seed: number;
}

/**
 * The layers after the rules: judge (`judgements` by key; null: switched off), best of k, size. Every text
 * gets its detail. A text that a reader calls right needs no Judge.
 */
export function applyJudge(
  passed: readonly Distilled[],
  judgements: ReadonlyMap<string, Judgement> | null,
  { bestOf, maxRows, seed }: Selection,
  corrected: Corrected = new Map(),
): { details: FilterDetail[]; kept: Distilled[] } {
  const judgement = (row: Distilled): Judgement | undefined => judgements?.get(row.key);
  const passes = (row: Distilled): boolean =>
    judgements === null || corrected.has(row.key) || judgement(row)?.status === "passed";
  const good = passed.filter(passes);
  const best = selectBest(
    good.map((row) => ({
      ...row,
      tokens: row.completion_tokens,
      text: row.response!,
      points: judgement(row)?.points ?? null,
    })),
    bestOf,
  );
  const bestKeys = new Set(best.map((row) => row.key));
  const keptKeys = new Set(takeStratified(best, maxRows, seed).map((row) => row.key));
  const details = passed.map((row): FilterDetail => {
    const judged = judgement(row);
    if (!passes(row))
      return detailOf(row, "judge", judged?.reason ?? "not_judged", judged?.message ?? "", judged);
    if (!bestKeys.has(row.key))
      return detailOf(row, "best_of_k", BEST_OF[bestOf].reason, BEST_OF[bestOf].message, judged);
    if (!keptKeys.has(row.key))
      return detailOf(row, "size", "over_max_rows", `sftMaxRows is ${maxRows}`, judged);
    const word = corrected.get(row.key);
    const message = word ? sayCorrected(word) : (judged?.message ?? "right by the rules");
    return detailOf(row, "size", null, message, judged);
  });
  return { details, kept: passed.filter((row) => keptKeys.has(row.key)) };
}

/**
 * At most `max` rows, every type with its share of the whole (largest remainders), drawn with `seed`; in the
 * order given.
 */
function takeStratified<T extends { id: string; type: string }>(
  rows: readonly T[],
  max: number,
  seed: number,
): T[] {
  if (rows.length <= max) return rows.slice();
  const groups = Map.groupBy(rows, (row) => row.type);
  const quotas = largestRemainder(
    new Map([...groups].map(([type, group]) => [type, (max * group.length) / rows.length])),
    max,
  );
  const taken = new Set(
    [...groups].flatMap(([type, group]) => inDrawnOrder(group, seed).slice(0, quotas.get(type))),
  );
  return rows.filter((row) => taken.has(row));
}

/**
 * Every question's way to rl.jsonl: gold readable, not in the test, checkable by rules, asked for by
 * `rlSource`.
 */
export function questionFates(
  questions: readonly Question[],
  side: ReadonlyMap<string, Side>,
  kept: ReadonlySet<string>,
  rlSource: "kept" | "rejected" | "all",
): QuestionFate[] {
  return questions.map((question) => {
    const { id, type, source } = question;
    const fate = (layer: QuestionFate["layer"], reason: string | null, message: string): QuestionFate => ({
      id,
      type,
      source,
      layer,
      reason,
      message,
    });
    const gold = goldProblem(question);
    if (gold?.unreadable) return fate("gold", gold.reason, gold.message);
    if (side.get(id) === "test") return fate("split", "test_question", "held out for the test");
    if (gold) return fate("checkable", gold.reason, gold.message);
    if (rlSource === "kept" && !kept.has(id))
      return fate("rl_source", "not_kept", "rlSource is kept, and no text of this question is in sft.jsonl");
    if (rlSource === "rejected" && kept.has(id))
      return fate("rl_source", "kept", "rlSource is rejected, and this question is in sft.jsonl");
    return fate("rl_source", null, "in rl.jsonl");
  });
}
