/** All values a text states, in order. */
import { isWide } from "./characters.ts";
import type { Clause } from "./clause.ts";
import { newClause, takeRole, takeSign, takeUnknown } from "./clause.ts";
import { readCompound } from "./compound.ts";
import type { ReadDate } from "./date.ts";
import { isOrdinalDay, readDate, readYears } from "./date.ts";
import { nothingBefore, parseQuantity } from "./quantity.ts";
import type { Token } from "./token.ts";
import { tokenise } from "./tokens.ts";
import { MAX_ANSWER, normalise } from "./normalise.ts";
import type { Quantity, Reading, Value } from "./value.ts";

/** More values than this are a list whatever they are. */
const MAX_FOUND = 64;

/** Reads a normalised text. Linear in its length. */
export function readValues(text: string): Reading {
  const tokens = tokenise(text);
  const reading: Reading = { found: [], malformed: 0, wordsBefore: 0, wordsAfter: 0 };
  let clause = newClause(0);
  let ordinal = false;
  for (let i = 0; i < tokens.length; ) {
    const t = tokens[i]!;
    const isOrdinal = ordinal;
    ordinal = false;
    switch (t.type) {
      case "number":
        // 第3: a place, not a value.
        i = isOrdinal ? i + 1 : readNumber(tokens, i, text, clause, reading);
        break;
      case "unknown": {
        const date = isOrdinalDay(t) ? readDate(tokens, i, text) : null;
        if (date) i = pushDate(reading, tokens, i, date, clause, text);
        else {
          countWords(reading, t.text);
          takeUnknown(clause);
          i++;
        }
        break;
      }
      case "sign":
        clause = takeSign(tokens, i, text, clause, reading.found);
        i++;
        break;
      case "role": {
        const role = t.role!.role;
        ordinal = role === "ordinal";
        const date =
          role === "month" || role === "fiscal" || role === "during" ? readDate(tokens, i, text) : null;
        if (date) i = pushDate(reading, tokens, i, date, clause, text);
        else {
          takeRole(tokens, i, text, clause, reading.found);
          i++;
        }
      }
    }
  }
  return reading;
}

function push(
  reading: Reading,
  value: Value,
  start: number,
  end: number,
  negated: boolean,
  weak: boolean,
): void {
  if (reading.found.length < MAX_FOUND) reading.found.push({ value, start, end, negated, weak });
  reading.wordsAfter = 0;
}

/** The index after the date, or after the years that it begins. */
function pushDate(
  reading: Reading,
  tokens: Token[],
  at: number,
  date: ReadDate,
  clause: Clause,
  text: string,
): number {
  const { value, next } = readYears(tokens, date, text) ?? date;
  push(reading, value, tokens[at]!.start, tokens[next - 1]!.end, clause.negated, false);
  return next;
}

function countWords(reading: Reading, word: string): void {
  const n = isWide(word.charCodeAt(0)) ? word.length / 2 : 1;
  if (reading.found.length === 0) reading.wordsBefore += n;
  else reading.wordsAfter += n;
}

/** A date or a value that starts with the number at `at`; the index after it. */
function readNumber(tokens: Token[], at: number, text: string, clause: Clause, reading: Reading): number {
  const { before, negated } = clause;
  const { start, wellFormed } = tokens[at]!;
  const date = before.currency !== null || before.minus ? null : readDate(tokens, at, text);
  if (date) {
    clause.before = nothingBefore();
    return pushDate(reading, tokens, at, date, clause, text);
  }
  if (!wellFormed) {
    reading.malformed++;
    return at + 1;
  }
  const { value, next, weak } = readCompound(tokens, at, parseQuantity(tokens, at, before), clause, text);
  if (value) push(reading, value, start, tokens[next - 1]!.end, negated, weak);
  else reading.malformed++;
  clause.before = nothingBefore();
  clause.inequality = null;
  clause.between = false;
  return next;
}

/** The one number that `text` consists of, with few words around it; null where it is anything else. */
export function readSingle(text: string): Quantity | null {
  if (text.length > MAX_ANSWER) return null;
  const reading = readValues(normalise(text));
  if (reading.malformed > 0 || reading.found.length !== 1 || reading.wordsBefore + reading.wordsAfter > 4)
    return null;
  const only = reading.found[0]!;
  return only.value.kind === "number" && !only.negated && !only.weak ? only.value.number : null;
}
