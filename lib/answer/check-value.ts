/** Rules 1 and 9: a prediction's values against the gold's one value. */
import type { Agreement } from "./agree.ts";
import { agree } from "./agree.ts";
import type { Hints } from "./hints/hints.ts";
import { divide, isZero } from "./reading/exact.ts";
import { readValues } from "./reading/read-values.ts";
import type { Found, Quantity, Value } from "./reading/value.ts";
import { isWhen, isYear } from "./reading/value.ts";
import type { Decision } from "./verdict.ts";

export interface ValueDecision extends Decision {
  /** The value the answer was taken to state; null where it stated none or several. */
  answer: Value | null;
}

/** `text` is normalised. */
export function checkValue(gold: Value, text: string, hints: Hints): ValueDecision {
  const reading = readValues(text);
  const stated = relevant(reading.found, gold);
  if (stated.length === 0) {
    if (reading.found.length > 0) return { verdict: "wrong", reason: "negated_value", answer: null };
    return {
      verdict: "unreadable",
      reason: reading.malformed > 0 ? "malformed_number" : "no_value",
      answer: null,
    };
  }
  if (reading.malformed > 0) return { verdict: "wrong", reason: "malformed_number_beside", answer: null };
  const first = stated[0]!.value;
  if (stated.length === 1) {
    const { ok, reason } = compareValues(gold, first, hints);
    return { verdict: ok === null ? "judge" : ok ? "right" : "wrong", reason, answer: first };
  }
  return checkSeveral(gold, stated, hints);
}

/** Every form must state the gold, and no two may contradict each other. */
function checkSeveral(gold: Value, stated: Found[], hints: Hints): ValueDecision {
  const literal: Hints = { ...hints, percent: false, fall: false };
  const first = stated[0]!.value;
  for (const { value } of stated) {
    const { ok } = compareValues(gold, value, hints);
    if (ok === null) return { verdict: "judge", reason: "restated_in_doubt", answer: null };
    if (!ok) return { verdict: "wrong", reason: "several_values", answer: null };
    if (!compareValues(first, value, literal).ok && !compareValues(value, first, literal).ok)
      return { verdict: "wrong", reason: "restated_differently", answer: null };
  }
  return { verdict: "right", reason: "restated", answer: first };
}

/** Without denied values and doubtful numerals; without dates beside a value, unless dates are asked for. */
function relevant(found: Found[], gold: Value): Found[] {
  if (found.length === 1 && !found[0]!.negated) return found;
  const stated = found.filter((f) => !f.negated);
  if (stated.length < 2) return stated;
  const strong = stated.filter((f) => !f.weak);
  const values = strong.length > 0 ? strong : stated;
  if (isWhen(gold) || isYear(gold)) return values;
  const undated = values.filter((f) => !isWhen(f.value));
  return undated.length > 0 ? undated : values;
}

const no = (reason: string): Agreement => ({ ok: false, reason });

/** One value against one value, of whatever kinds. */
function compareValues(gold: Value, answer: Value, hints: Hints): Agreement {
  if (gold.kind === "number" && answer.kind === "number") return agree(gold.number, answer.number, hints);
  if (gold.kind === "date" || answer.kind === "date") return compareDates(gold, answer, hints);
  if (gold.kind === "parts" || answer.kind === "parts") return compareParts(gold, answer, hints);
  if (gold.kind === "range" && answer.kind === "range") {
    const low = agree(gold.low, answer.low, hints);
    return low.ok ? agree(gold.high, answer.high, hints) : low;
  }
  if (gold.kind === "inequality" && answer.kind === "inequality")
    return sameDirection(gold.op, answer.op)
      ? agree(gold.number, answer.number, hints)
      : no("inequality_turned");
  // "3 to 2" for 3:2
  if (gold.kind === "number" && gold.number.dress === "ratio" && answer.kind === "range" && answer.ratioLike)
    return agree(gold.number, asRatio(answer.low, answer.high), hints);
  if (answer.kind === "number" && answer.number.dress === "ratio" && gold.kind === "range" && gold.ratioLike)
    return agree(asRatio(gold.low, gold.high), answer.number, hints);
  if (gold.kind === "range") return no("one_value_for_range");
  if (answer.kind === "range") return no("range_for_one_value");
  if (gold.kind === "inequality") return no("inequality_dropped");
  return no("inequality_added");
}

/** > and ≥ differ; 以上 and "or more" leave it open. */
function sameDirection(a: string, b: string): boolean {
  if (a === b) return true;
  const loose = (x: string, y: string) => (x === "≥" && /^>/.test(y)) || (x === "≤" && /^</.test(y));
  return loose(a, b) || loose(b, a);
}

function asRatio(a: Quantity, b: Quantity): Quantity {
  return isZero(b.value) ? a : { ...a, value: divide(a.value, b.value), step: null, dress: "ratio" };
}

function compareDates(gold: Value, answer: Value, hints: Hints): Agreement {
  if (gold.kind === "date" && answer.kind === "date") {
    const g = gold.date;
    const a = answer.date;
    const same = (x: number | null, y: number | null) => x === y || x === null || y === null;
    if (g.year === a.year && g.month === a.month && g.day === a.day) return { ok: true, reason: "same_date" };
    return no(
      same(g.year, a.year) && same(g.month, a.month) && same(g.day, a.day) ? "date_incomplete" : "other_date",
    );
  }
  // 2019 against 2019年
  const date = gold.kind === "date" ? gold : answer.kind === "date" ? answer : null;
  const other = gold.kind === "date" ? answer : gold;
  if (
    date?.year &&
    other.kind === "number" &&
    other.number.dress === "plain" &&
    (other.number.unit === null || other.number.unit === "year")
  )
    return agree(other.number, date.year, { ...hints, scale: null, percent: false, tableScale: null });
  return no("not_a_date");
}

function compareParts(gold: Value, answer: Value, hints: Hints): Agreement {
  if (gold.kind !== "parts" || answer.kind !== "parts" || gold.parts.length !== answer.parts.length)
    return no("other_ratio");
  return gold.parts.every((q, i) => agree(q, answer.parts[i]!, hints).ok)
    ? { ok: true, reason: "same_ratio" }
    : no("other_ratio");
}
