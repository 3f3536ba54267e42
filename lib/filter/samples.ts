/** Accepted and rejected texts side by side, with the place marked that the reason speaks of. Pure. */
import type { FilterDetail } from "./record.ts";
import { createRandom } from "../stats/random.ts";
import type { Distilled } from "../records.ts";
import type { Mark, ShownText } from "../view/sample-view.ts";

export interface FilterSamples {
  accepted: ShownText[];
  /** Every layer, then as many different reasons as there is room for, each once before any comes twice. */
  rejected: ShownText[];
}

export interface SampleOptions {
  seed?: number;
  /** A question's English, as `glosses` gives it; the titles are then the questions, not their ids. */
  gloss?: (row: { id: string; question: string }) => string | undefined;
}

/** Layers that say nothing about the text itself: a held-out question, a shorter sibling, a full file. */
const NOT_ABOUT_THE_TEXT = new Set(["split", "best_of_k", "size"]);

/**
 * `count` accepted and `count` rejected texts, drawn with `seed`; fewer where there are fewer. Titles are the
 * questions' ids (with `gloss` the questions), `message` holds the reason in words, `facts` the gold answer,
 * how the training text was made ("as written", "put together: boxed", "none") and the Judge's points. Shown
 * is the training text; where there is none, what the Teacher wrote.
 */
export function filterSamples(
  details: readonly FilterDetail[],
  texts: readonly Distilled[],
  count = 5,
  { seed = 42, gloss }: SampleOptions = {},
): FilterSamples {
  const byKey = new Map(texts.map((row) => [row.key, row]));
  const shuffled = createRandom(`samples/${seed}`)
    .shuffle(details)
    .filter(
      (detail) => byKey.has(detail.key) && (detail.reason === null || !NOT_ABOUT_THE_TEXT.has(detail.layer)),
    );
  const view = (detail: FilterDetail): ShownText => {
    const row = byKey.get(detail.key)!;
    const sample = sampleOf(detail, row);
    return gloss ? { ...sample, title: row.question.slice(0, 300), gloss: gloss(row) } : sample;
  };
  return {
    accepted: shuffled
      .filter((detail) => detail.reason === null)
      .slice(0, count)
      .map(view),
    rejected: everyReasonFirst(shuffled.filter((detail) => detail.reason !== null))
      .slice(0, count)
      .map(view),
  };
}

/** Every layer once, then every reason once, then the rest. */
function everyReasonFirst(details: readonly FilterDetail[]): FilterDetail[] {
  const layers = new Map<string, Map<string, number>>();
  const ranked = details.map((detail) => {
    const reasons = layers.get(detail.layer) ?? new Map<string, number>();
    layers.set(detail.layer, reasons);
    const again = reasons.get(detail.reason!) ?? 0;
    const known = reasons.size;
    reasons.set(detail.reason!, again + 1);
    return { detail, again, known: again === 0 ? known : 0 };
  });
  return ranked.sort((x, y) => x.again - y.again || x.known - y.known).map(({ detail }) => detail);
}

function sampleOf(detail: FilterDetail, row: Distilled): ShownText {
  const kept = detail.reason === null;
  const text = row.response ?? row.teacher_output;
  return {
    title: `${detail.id}${detail.sample > 0 ? ` · text ${detail.sample + 1}` : ""}`,
    text,
    ok: kept,
    reason: kept ? "kept" : `${detail.layer}: ${detail.reason}`,
    message: detail.message,
    facts: {
      type: detail.type.replace("financial_", ""),
      gold: row.gold_answer,
      ...madeFact(row),
      "Judge's points": detail.points,
    },
    marks: text === null ? [] : reasonMarks(detail, text),
  };
}

/** Nothing where the text was not to be put together. */
function madeFact({ response, assembly }: Distilled): Record<string, string> {
  if (assembly === null) return {};
  return {
    text:
      response === null
        ? "none"
        : assembly === "as_written"
          ? "as written"
          : `put together: ${assembly.replaceAll("_", " ")}`,
  };
}

/**
 * Where the reason shows: the answer for the answer layer, what stands outside the blocks for the format, the
 * reasoning for the Judge.
 */
export function reasonMarks(
  detail: Pick<FilterDetail, "layer" | "reason" | "message">,
  text: string,
): Mark[] {
  const label = detail.reason ?? "right";
  const answer = answerPlace(text);
  if (detail.reason === null) return answer ? [{ ...answer, label: "right answer", kind: "good" }] : [];
  if (detail.layer === "answer") return answer ? [{ ...answer, label, kind: "bad" }] : [];
  if (detail.layer === "judge") {
    const reasoning = between(text, "<think>", "</think>");
    return reasoning ? [{ ...reasoning, label: detail.message, kind: "note" }] : [];
  }
  // A cut text broke off in its last line, and there a text should have stated its answer.
  if (detail.layer === "teacher" || detail.layer === "assemble")
    return text === ""
      ? []
      : [
          {
            start: text.lastIndexOf("\n", text.trimEnd().length - 1) + 1,
            end: text.length,
            label,
            kind: "bad",
          },
        ];
  if (detail.layer !== "format") return [];
  const end = text.indexOf("</answer>");
  const from = end === -1 ? text.length : end + "</answer>".length;
  if (text.slice(from).trim() !== "") return [{ start: from, end: text.length, label, kind: "bad" }];
  const start = text.search(/<think>|<answer>/);
  if (start > 0 && text.slice(0, start).trim() !== "") return [{ start: 0, end: start, label, kind: "bad" }];
  // Blocks that are missing, open, nested or blank: the fault is in the whole.
  return text === "" ? [] : [{ start: 0, end: text.length, label, kind: "bad" }];
}

/** Where the answer stands that a strict reading takes; null when there is no block or it is blank. */
export function answerPlace(text: string): { start: number; end: number } | null {
  return between(text, "<answer>", "</answer>");
}

/**
 * The content of the last such block, white space around it left out; null when there is none or it is blank.
 */
function between(text: string, open: string, close: string): { start: number; end: number } | null {
  const at = text.lastIndexOf(open);
  if (at === -1) return null;
  const from = at + open.length;
  const close_ = text.indexOf(close, from);
  const inner = text.slice(from, close_ === -1 ? text.length : close_);
  const start = from + inner.length - inner.trimStart().length;
  const end = start + inner.trim().length;
  return end > start ? { start, end } : null;
}
