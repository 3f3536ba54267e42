/** All values a text states, in order: the grammar above the single number. */
import { decimal } from "./exact.ts";
import { pushCompound } from "./compound.ts";
import { readDate } from "./date.ts";
import type { Before } from "./quantity.ts";
import { isSign, parseQuantity, roleAt } from "./quantity.ts";
import type { Token } from "./tokens.ts";
import { tokenise } from "./tokens.ts";
import type { Found, Quantity, Reading } from "./value.ts";

const nothing = (): Before => ({ minus: false, plus: false, direction: 0, currency: null, per: null, parts: null, bracket: false });

/** State of the clause that is being read. */
interface Clause {
  before: Before;
  negated: boolean;
  inequality: string | null;
  between: boolean;
  /** Values that stood before this clause: an equals sign drops those after. */
  first: number;
}

/** Reads a normalised text. Linear in its length. */
export function readValues(text: string): Reading {
  const tokens = tokenise(text);
  const reading: Reading = { found: [], malformed: 0, wordsBefore: 0, wordsAfter: 0 };
  let clause: Clause = { before: nothing(), negated: false, inequality: null, between: false, first: 0 };
  let skipOrdinal = false;
  let i = 0;
  while (i < tokens.length) {
    const t = tokens[i]!;
    if (t.type === "number") {
      if (!t.wellFormed) {
        const date = readDate(tokens, i, text);
        if (!date) {
          reading.malformed++;
          i++;
          continue;
        }
      }
      if (skipOrdinal) {
        skipOrdinal = false;
        i++;
        continue;
      }
      const found = readOne(tokens, i, text, clause, reading);
      i = found;
      reading.wordsAfter = 0;
      continue;
    }
    skipOrdinal = false;
    if (t.type === "unknown") {
      count(reading, t.text);
      clause.inequality = null;
      clause.before.currency = null;
      clause.before.minus = false;
      clause.before.parts = null;
      clause.before.bracket = false;
    } else if (t.type === "sign") clause = takeSign(t.text, tokens, i, text, clause, reading.found);
    else if (t.type === "role") {
      if (t.role.role === "ordinal") skipOrdinal = true;
      if (t.role.role === "month" || t.role.role === "fiscal" || t.role.role === "during") {
        const date = readDate(tokens, i, text);
        if (date) {
          push(reading.found, { value: date.value, start: t.start, end: tokens[date.next - 1]!.end, negated: clause.negated, weak: false });
          reading.wordsAfter = 0;
          i = date.next;
          continue;
        }
      }
      takeRole(tokens, i, text, clause, reading.found);
    }
    i++;
  }
  return reading;
}

function push(found: Found[], one: Found): void {
  if (found.length < 64) found.push(one);
}

function count(reading: Reading, word: string): void {
  const n = word.charCodeAt(0) >= 0x2e80 ? word.length / 2 : 1;
  if (reading.found.length === 0) reading.wordsBefore += n;
  else reading.wordsAfter += n;
}

/** A date, a ratio, a range, a fraction or a plain number that starts at `at`; the index after it. */
function readOne(tokens: Token[], at: number, text: string, clause: Clause, reading: Reading): number {
  const { before } = clause;
  const date = before.currency || before.minus ? null : readDate(tokens, at, text);
  const negated = clause.negated;
  const start = tokens[at]!.start;
  if (date) {
    push(reading.found, { value: date.value, start, end: tokens[date.next - 1]!.end, negated, weak: false });
    clause.before = nothing();
    return date.next;
  }
  const parsed = parseQuantity(tokens, at, before);
  const next = pushCompound(tokens, at, parsed, clause, text, (value, end, weak) => push(reading.found, { value, start, end, negated, weak }), () => reading.malformed++);
  clause.before = nothing();
  clause.inequality = null;
  clause.between = false;
  return next;
}

function takeSign(sign: string, tokens: Token[], i: number, text: string, clause: Clause, found: Found[]): Clause {
  const fresh = (): Clause => ({ before: nothing(), negated: false, inequality: null, between: false, first: found.length });
  switch (sign) {
    case ",": case ";": case "。": case "\n": case "、": case "!": case "?":
      return fresh();
    case ".":
      return tokens[i]!.end === text.length || text[tokens[i]!.end] === " " || text[tokens[i]!.end] === "\n" ? fresh() : clause;
    case ":":
      return { ...fresh(), first: clause.first };
    case "=": case "≈": case "≒": case "≅":
      if (found.length > clause.first) found.length = clause.first;
      return { ...fresh(), first: clause.first };
    case "-":
      clause.before.minus = isMinus(tokens, i, text);
      return clause;
    case "+":
      clause.before.plus = true;
      return clause;
    case "(":
      clause.before.bracket = !isRestatement(tokens, i, found);
      return clause;
    case "±":
      clause.inequality = "±";
      return clause;
    default:
      return clause;
  }
}

/** A hyphen is a sign unless it hangs between a Latin word and the number ("COVID-19"). */
function isMinus(tokens: Token[], i: number, text: string): boolean {
  const next = tokens[i + 1];
  if (next === undefined) return false;
  const previous = text.charCodeAt(tokens[i]!.start - 1);
  const latin = (previous >= 97 && previous <= 122) || (previous >= 65 && previous <= 90);
  return !latin || tokens[i - 1]?.type === "role";
}

/** A bracket right after a value restates it ("12.5% (0.125)"); elsewhere it is an accounting negative. */
function isRestatement(tokens: Token[], i: number, found: Found[]): boolean {
  const last = found.at(-1);
  return last !== undefined && i > 0 && last.end === tokens[i - 1]!.end;
}

function takeRole(tokens: Token[], i: number, text: string, clause: Clause, found: Found[]): void {
  const role = roleAt(tokens, i)!;
  const { before } = clause;
  switch (role.role) {
    case "currency":
      before.currency = { code: role.code, power: role.power };
      break;
    case "per":
      before.per = role.unit;
      break;
    case "partsOf":
      before.parts = role.power;
      break;
    case "negative":
      before.minus = true;
      break;
    case "negation":
      clause.negated = true;
      break;
    case "but":
      clause.negated = false;
      break;
    case "inequality":
      clause.inequality = role.op;
      break;
    case "between":
      clause.between = true;
      break;
    case "level":
      before.direction = 0;
      break;
    case "direction":
      takeDirection(tokens, i, role.sign, clause, found);
      break;
    case "join": {
      const next = tokens[i + 1];
      const mark = text[tokens[i]!.start]!;
      if ((mark === "–" || mark === "—") && next?.start === tokens[i]!.end) before.minus = true;
      // "fell to 5%", "降至5%": the level, not the change.
      else if (mark !== "~") before.direction = 0;
      break;
    }
  }
}

/** Before its number (下降5.2%, decreased by 5.2%) or right after it (a 5.2% decrease). */
function takeDirection(tokens: Token[], i: number, sign: 1 | -1, clause: Clause, found: Found[]): void {
  const last = found.at(-1);
  const previous = tokens[i - 1];
  const next = tokens[i + 1];
  const trailing = last !== undefined && previous !== undefined && found.length > clause.first && (last.end === previous.end || (roleAt(tokens, i - 1)?.role === "hedge" && last.end === tokens[i - 2]?.end));
  const leads = next?.type === "number" || roleAt(tokens, i + 1)?.role === "hedge" || isSign(next, "-") || roleAt(tokens, i + 1)?.role === "currency";
  if (trailing && !leads && last.value.kind === "number") {
    const q: Quantity = last.value.number;
    if (q.sign === "none") {
      q.sign = sign === 1 ? "up" : "down";
      if (sign === -1) q.value = { n: -q.value.n, d: q.value.d };
    }
    return;
  }
  if (sign === -1 || clause.before.direction === 0) clause.before.direction = sign;
}

export const ZERO = decimal(0n, 0);
