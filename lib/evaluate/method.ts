/** How an answer to a generated question came about: by which method, and did its sums hold? Pure. */
import { findTags, stripTags } from "../answer/completion/tags.ts";
import { createRandom } from "../stats/random.ts";
import { drawQuestion, KINDS, solve } from "../world/index.ts";
import type { Kind } from "../world/index.ts";
import { readSums } from "./sums.ts";

/**
 * `right_method`: the kind's right method, and the right answer. `sum_slip`: the right method, but a sum that
 * does not hold, and a wrong answer. `copy_slip`: the right method and sums that hold, but a number or an
 * option's letter was taken over wrongly. `misconception`: one that the kind names, whatever came of it.
 * `no_method`: the steps name none of the kind's methods, or more than one.
 */
export const METHOD_OUTCOMES = [
  "right_method",
  "sum_slip",
  "copy_slip",
  "misconception",
  "no_method",
] as const;
export type MethodOutcome = (typeof METHOD_OUTCOMES)[number];

export interface MethodReading {
  outcome: MethodOutcome;
  /** Name of the method or misconception, as its kind has it; null where the steps name none. */
  method: string | null;
  /** The first sum that does not hold, as it stands; null where all hold, or none is written out. */
  wrongSum: string | null;
}

interface Answer {
  completion: string;
  /** Of the world; see `Question.kind`. */
  kind?: string | undefined;
  /** Right as read leniently. */
  lenient: boolean;
}

/**
 * Reads the method of one answer. null where the question is of no kind of the world.
 *
 * A method is recognized by its telling lines: worded steps that, numbers aside, no other method of the kind
 * writes in either language ("equity is 152" belongs to dividing by equity). Steps in a model's own words are
 * therefore `no_method`: this is a reading for models that learnt the world's style, above all the tiny ones.
 *
 * @example
 * const completion = "debt ratio=liabilities/equity\nequity is 96\n…";
 * methodOf({ kind: "debt_ratio", completion, lenient: false })
 */
export function methodOf({ completion, kind: name, lenient }: Answer): MethodReading | null {
  const kind = KINDS.find((one) => one.name === name);
  if (!kind) return null;
  const text = stepsOf(completion);
  const wrongSum = readSums(text).find(({ holds }) => !holds)?.text ?? null;
  const telling = tellingLines(kind);
  const named = new Set(
    text.split("\n").flatMap((line) => telling.get(plainLine(line)) ?? telling.get(shapeOf(line)) ?? []),
  );
  const method = named.size === 1 ? [...named][0]! : null;
  if (method === null) return { outcome: "no_method", method, wrongSum };
  if (method !== kind.right.name) return { outcome: "misconception", method, wrongSum };
  return { outcome: lenient ? "right_method" : wrongSum ? "sum_slip" : "copy_slip", method, wrongSum };
}

/** What stands before the answer block, or all of it: the tags are no part of the steps. */
function stepsOf(completion: string): string {
  const answer = findTags(completion).findLast(({ name, isClosing }) => name === "answer" && !isClosing);
  return stripTags(answer ? completion.slice(0, answer.start) : completion);
}

/** A line with none of what typing makes of it: width, case, blanks. */
const plainLine = (line: string): string => line.normalize("NFKC").toLowerCase().replace(/\s+/g, "");

/** The same without its numbers. */
const shapeOf = (line: string): string => plainLine(line).replace(/\d+(?:\.\d+)?/g, "#");

/** Enough for each text that a kind's tables hold to be drawn, with both directions of every comparison. */
const DRAWS = 400;
const known = new Map<string, Map<string, string>>();

/**
 * Worded line → the one method of the kind that writes it: its shape or, where a method always writes the
 * same ("1 bp=0.01%"), the line itself. Drawn once a kind, then kept.
 */
function tellingLines(kind: Kind): Map<string, string> {
  const kept = known.get(kind.name);
  if (kept) return kept;
  const random = createRandom(`method/${kind.name}`);
  const writers = new Map<string, Set<string>>();
  const add = (line: string, method: string) =>
    writers.set(line, (writers.get(line) ?? new Set()).add(method));
  const methods = [kind.right, ...kind.misconceptions].flatMap((method) =>
    (["en", "zh"] as const).map((language) => ({ method, language, always: null as Set<string> | null })),
  );
  for (let i = 0; i < DRAWS; i++) {
    const drawn = drawQuestion(random, kind, "corpus");
    for (const writer of methods) {
      const lines = solve({ ...drawn, language: writer.language }, writer.method)
        .steps.map(plainLine)
        .filter((line) => /\p{L}/u.test(line));
      for (const line of lines) add(shapeOf(line), writer.method.name);
      writer.always = new Set(lines.filter((line) => writer.always?.has(line) ?? true));
    }
  }
  for (const { method, always } of methods) for (const line of always ?? []) add(line, method.name);
  const telling = new Map(
    [...writers].filter(([, names]) => names.size === 1).map(([line, names]) => [line, [...names][0]!]),
  );
  known.set(kind.name, telling);
  return telling;
}
