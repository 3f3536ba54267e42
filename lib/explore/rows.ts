/** What a stage has made, as rows to explore: one text, one answer or one change of a verdict a row. Pure. */
import { extractAnswer, scoreCompletion } from "../answer/index.ts";
import { textOutcome } from "../distill/outcome.ts";
import type { ArmPair } from "../evaluate/ablate.ts";
import type { ArmDetails } from "../figures/evaluate.ts";
import type { FilterDetail } from "../filter/record.ts";
import { answerPlace, reasonMarks } from "../filter/samples.ts";
import { isLeftOpen } from "../records.ts";
import type { Distilled, EvalDetail } from "../records.ts";
import type { SamplesEvent } from "../run/events.ts";
import { styleOf } from "../view/arms.ts";
import type { TextMark } from "./data.ts";

interface Asked {
  id: string;
  prompt: string;
  gold_answer: string;
  type?: string;
  source?: string | undefined;
  kind?: string | undefined;
}

/** What `explore` takes. */
export type Explored =
  | readonly object[]
  | { texts: readonly Distilled[]; details?: readonly FilterDetail[] }
  | { samples: readonly Pick<SamplesEvent, "step" | "samples">[]; questions: readonly Asked[] }
  | { arms: readonly ArmDetails[]; questions: readonly Asked[] }
  | {
      pairs: readonly Pick<ArmPair, "a" | "b" | "regressions" | "gains">[];
      questions: readonly Asked[];
    };

type Row = Record<string, unknown>;

/** The rows of any of these, in the order given. */
export function rowsOf(what: Explored): Row[] {
  if ("texts" in what) return textRows(what.texts, what.details);
  if ("samples" in what) return completionRows(what.samples, what.questions);
  if ("arms" in what) return answerRows(what.arms, what.questions);
  if ("pairs" in what) return changeRows(what.pairs, what.questions);
  return what.map((row) => ({ ...row }));
}

/**
 * The Teacher's texts: by the rules alone, or with the layer each ended in and why. `key` is what a corrected
 * verdict names.
 */
function textRows(texts: readonly Distilled[], details?: readonly FilterDetail[]): Row[] {
  const fates = details && new Map(details.map((detail) => [detail.key, detail]));
  return texts.map((row) => {
    const fate = fates?.get(row.key);
    const text = row.response ?? row.teacher_output;
    return {
      id: row.id,
      type: plainType(row.type),
      kind: row.kind ?? null,
      source: row.source,
      ...(fate ? fateOf(fate) : ruled(row)),
      tokens: row.completion_tokens,
      sample: row.sample + 1,
      "training text": row.assembly?.replaceAll("_", " ") ?? null,
      question: row.question,
      gold: row.gold_answer,
      text,
      marks:
        text === null ? [] : fate ? reasonMarks(fate, text) : answerMarks(text, textOutcome(row) === null),
      key: row.key,
    };
  });
}

const GOOD_ALL_THE_SAME = new Set(["best_of_k", "size"]);

function fateOf({ layer, reason, message, points }: FilterDetail): Row {
  const verdict = reason === null ? "kept" : GOOD_ALL_THE_SAME.has(layer) ? "good, not needed" : "dropped";
  return { verdict, layer: reason === null ? "kept" : layer, reason, points, message };
}

function ruled(row: Distilled): Row {
  const outcome = textOutcome(row);
  const { question, gold_answer: gold, response: completion } = row;
  const message = completion === null ? null : scoreCompletion({ question, gold, completion }).strict.message;
  const verdict = outcome === null ? "right" : outcome === "undecided" ? "undecided" : "wrong";
  return { verdict: completion === null ? "no text" : verdict, reason: outcome, message };
}

/** What a GRPO run wrote, step by step, with what was paid for it. */
function completionRows(
  steps: readonly Pick<SamplesEvent, "step" | "samples">[],
  questions: readonly Asked[],
): Row[] {
  const asked = new Map(questions.map((row) => [row.id, row]));
  return steps.flatMap(({ step, samples }) =>
    samples.map((sample) => {
      const { accuracy } = sample.rewards;
      return {
        step,
        ...askedOf(sample.id, asked),
        verdict: accuracy === undefined ? "not judged" : accuracy === 1 ? "right" : "wrong",
        reward: rounded(sample.reward),
        advantage: rounded(sample.advantage),
        tokens: sample.tokens,
        ...Object.fromEntries(
          Object.entries(sample.rewards).map(([part, value]) => [`paid: ${part}`, rounded(value)]),
        ),
        ...questionOf(sample.id, asked),
        text: sample.completion,
        marks: answerMarks(sample.completion, accuracy === undefined ? null : accuracy === 1),
      };
    }),
  );
}

/** The answers of the arms, read leniently. */
function answerRows(arms: readonly ArmDetails[], questions: readonly Asked[]): Row[] {
  const asked = new Map(questions.map((row) => [row.id, row]));
  return arms.flatMap(({ name, details }, i) =>
    details.map((row) => ({
      ...askedOf(row.id, asked),
      arm: styleOf(name, i).label,
      mode: row.mode,
      sample: row.sample + 1,
      verdict: row.lenient ? "right" : isLeftOpen(row.reason) ? "undecided" : "wrong",
      reason: row.reason,
      format: row.format ? "kept" : "broken",
      judge: row.judge,
      tokens: row.tokens,
      message: row.message,
      "answer read": clipped(extractAnswer(row.completion, "lenient")),
      ...questionOf(row.id, asked),
      text: row.completion,
      marks: answerMarks(row.completion, row.lenient ? true : isLeftOpen(row.reason) ? null : false),
    })),
  );
}

/** Greedy answers whose verdict changed from one arm to another; regressions first. */
function changeRows(
  pairs: readonly Pick<ArmPair, "a" | "b" | "regressions" | "gains">[],
  questions: readonly Asked[],
): Row[] {
  const asked = new Map(questions.map((row) => [row.id, row]));
  return pairs.flatMap(({ a, b, regressions, gains }) => {
    const arm = `${styleOf(a, 0).label} → ${styleOf(b, 0).label}`;
    const rowOf = (change: string) => (changed: { id: string; before: EvalDetail; after: EvalDetail }) => ({
      ...askedOf(changed.id, asked),
      arm,
      change,
      reason: (change === "gain" ? changed.before : changed.after).reason,
      message: (change === "gain" ? changed.before : changed.after).message,
      ...questionOf(changed.id, asked),
      before: changed.before.completion,
      after: changed.after.completion,
    });
    return [...regressions.map(rowOf("regression")), ...gains.map(rowOf("gain"))];
  });
}

function askedOf(id: string, asked: ReadonlyMap<string, Asked>): Row {
  const { type, kind, source } = asked.get(id) ?? {};
  return {
    id,
    type: type === undefined ? null : plainType(type),
    kind: kind ?? null,
    source: source ?? null,
  };
}

function questionOf(id: string, asked: ReadonlyMap<string, Asked>): Row {
  const row = asked.get(id);
  return { question: row?.prompt ?? null, gold: row?.gold_answer ?? null };
}

/**
 * The answer's place, right or wrong (null: not judged); without an answer block there is nothing to mark.
 */
function answerMarks(text: string, isRight: boolean | null): TextMark[] {
  const place = answerPlace(text);
  if (place === null) return [];
  const kind = isRight === null ? "note" : isRight ? "good" : "bad";
  return [{ ...place, kind, label: isRight === null ? "the answer" : isRight ? "right" : "wrong" }];
}

const plainType = (type: string): string => type.replace("financial_", "");
const clipped = (answer: string | null): string | null => answer && answer.slice(0, 120);
const rounded = (value: number): number => Math.round(1000 * value) / 1000;
