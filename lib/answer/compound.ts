/** Two or more numbers that make one value: ranges, ratios, fractions, inequalities. */
import type { Exact } from "./exact.ts";
import { abs, shift } from "./exact.ts";
import type { Before, Parsed } from "./quantity.ts";
import { isSign, parseQuantity, roleAt } from "./quantity.ts";
import type { NumberToken, Token } from "./tokens.ts";
import type { Quantity, Value } from "./value.ts";

interface Clause {
  before: Before;
  inequality: string | null;
  between: boolean;
}

const plainBefore = (minus: boolean, currency: Before["currency"]): Before => ({ minus, plus: false, direction: 0, currency, per: null, parts: null, bracket: false });

/** Pushes what starts at token `at`, whose first number is already parsed; returns the index after it. */
export function pushCompound(tokens: Token[], at: number, first: Parsed, clause: Clause, text: string, push: (value: Value, end: number, weak: boolean) => void, malformed: () => void): number {
  let i = first.next;
  let q = first.quantity;
  const endOf = (next: number) => tokens[next - 1]!.end;
  // 三分之一
  if (roleAt(tokens, i)?.role === "denominator" && tokens[i + 1]?.type === "number") {
    const top = tokens[i + 1] as NumberToken;
    if (q.value.n === 0n) return malformed(), i + 2;
    push({ kind: "number", number: { ...q, value: ratio(shiftOf(top), q.value), step: null, dress: "fraction" } }, endOf(i + 2), false);
    return i + 2;
  }
  const mixed = mixedNumber(tokens, at, q, text);
  if (mixed) {
    push({ kind: "number", number: mixed.number }, endOf(mixed.next), false);
    return mixed.next;
  }
  if (isSign(tokens[i], "/") && tokens[i + 1]?.type === "number" && isBare(q)) {
    const below = parseQuantity(tokens, i + 1, plainBefore(false, null));
    if (below.quantity.value.n === 0n || isSign(tokens[below.next], "/")) return malformed(), below.next;
    q = { ...below.quantity, value: scaleLike(ratio(q.value, bareValue(tokens[i + 1] as NumberToken)), below.quantity, tokens[i + 1] as NumberToken), step: null, dress: below.quantity.dress === "plain" ? "fraction" : below.quantity.dress, sign: q.sign, currency: q.currency ?? below.quantity.currency };
    i = below.next;
    if (clause.before.bracket && !first.closed && isSign(tokens[i], ")")) i++;
  }
  const ratioParts = readRatio(tokens, i, q);
  if (ratioParts) {
    push(ratioParts.value, endOf(ratioParts.next), false);
    return ratioParts.next;
  }
  const range = readRange(tokens, i, q, clause, text);
  if (range) {
    push(range.value, endOf(range.next), false);
    return range.next;
  }
  const bound = roleAt(tokens, i);
  const op = clause.inequality ?? (bound?.role === "bound" ? bound.op : isSign(tokens[i], "+") && tokens[i]!.start === endOf(i) ? "≥" : null);
  if (bound?.role === "bound" || (op === "≥" && clause.inequality === null)) i++;
  if (op === "±") return malformed(), i;
  push(op === null ? { kind: "number", number: q } : { kind: "inequality", op, number: q }, endOf(i), first.weak && i === first.next);
  return i;
}

/** 2 1/2: a whole number, one space, a proper fraction. */
function mixedNumber(tokens: Token[], at: number, whole: Quantity, text: string): { number: Quantity; next: number } | null {
  const top = tokens[at + 1];
  const below = tokens[at + 3];
  if (top?.type !== "number" || below?.type !== "number" || !isSign(tokens[at + 2], "/") || !isBare(whole) || whole.step !== 0 || whole.value.d !== 1n) return null;
  const plain = (t: NumberToken) => t.wellFormed && t.decimals === 0 && t.exponent === 0;
  if (top.start !== tokens[at]!.end + 1 || text[tokens[at]!.end] !== " " || !plain(top) || !plain(below) || top.mantissa >= below.mantissa) return null;
  const last = parseQuantity(tokens, at + 3, plainBefore(false, null));
  const sign = whole.value.n < 0n ? -1n : 1n;
  const value: Exact = { n: whole.value.n * below.mantissa + sign * top.mantissa, d: below.mantissa };
  return { number: { ...last.quantity, value: scaleLike(value, last.quantity, below), step: null, dress: last.quantity.dress === "plain" ? "fraction" : last.quantity.dress, sign: whole.sign, currency: whole.currency ?? last.quantity.currency }, next: last.next };
}

const isBare = (q: Quantity) => q.dress === "plain" && q.unit === null && !q.spelled && !q.scaled;
const bareValue = (t: NumberToken): Exact => shift({ n: t.mantissa, d: 1n }, t.exponent - t.decimals);
const shiftOf = bareValue;

function ratio(a: Exact, b: Exact): Exact {
  const sign = b.n < 0n ? -1n : 1n;
  return { n: a.n * b.d * sign, d: a.d * abs(b.n) };
}

/** Scale and percent that follow a fraction belong to all of it: 1/2 million. */
function scaleLike(value: Exact, below: Quantity, token: NumberToken): Exact {
  const bare = token.exponent - token.decimals;
  return shift(value, (below.step ?? bare) - bare);
}

/** 3:2, 3比2, 3:2:1. */
function readRatio(tokens: Token[], from: number, first: Quantity): { value: Value; next: number } | null {
  const parts = [first];
  let i = from;
  while (isColon(tokens[i]) && tokens[i + 1]?.type === "number" && (tokens[i + 1] as NumberToken).wellFormed && parts.length < 8) {
    const more = parseQuantity(tokens, i + 1, plainBefore(false, null));
    if (!isBare(first) || !isBare(more.quantity)) return null;
    parts.push(more.quantity);
    i = more.next;
  }
  if (parts.length < 2) return null;
  if (parts.length > 2) return { value: { kind: "parts", parts }, next: i };
  const second = parts[1]!;
  if (second.value.n === 0n) return null;
  return { value: { kind: "number", number: { ...first, value: ratio(first.value, second.value), step: null, dress: "ratio" } }, next: i };
}

function isColon(t: Token | undefined): boolean {
  return isSign(t, ":") || (t?.type === "unknown" && t.text === "比");
}

/** 3%-5%, 3–5%, 3 to 5 million, between 3 and 5; a unit that stands once holds for both ends. */
function readRange(tokens: Token[], from: number, low: Quantity, clause: Clause, text: string): { value: Value; next: number } | null {
  const joint = tokens[from];
  if (joint === undefined) return null;
  const role = roleAt(tokens, from);
  const joins = isSign(joint, "-") || role?.role === "join" || (role?.role === "and" && clause.between);
  if (!joins) return null;
  let i = from + 1;
  let minus = false;
  let currency = clause.before.currency;
  for (; ; i++) {
    const t = tokens[i];
    const r = roleAt(tokens, i);
    if (isSign(t, "-")) minus = true;
    else if (r?.role === "negative") minus = true;
    else if (r?.role === "currency") currency = { code: r.code, power: r.power };
    else break;
  }
  const number = tokens[i];
  if (number?.type !== "number" || !number.wellFormed) return null;
  const parsed = parseQuantity(tokens, i, plainBefore(minus, currency));
  const high = parsed.quantity;
  if (parsed.weak) return null;
  const word = text.slice(joint.start, joint.end).toLowerCase();
  const ratioLike = word === "to" && isBare(low) && isBare(high) && low.currency === null;
  return { value: { kind: "range", low: share(low, high), high: share(high, low), ratioLike }, next: parsed.next };
}

/** `a` with the scale, percent, unit and currency of `b` where it has none of its own. */
function share(a: Quantity, b: Quantity): Quantity {
  if (!isBare(a) || (b.dress === "plain" && !b.scaled && b.unit === null && !b.spelled) || a.step === null || b.step === null) return a;
  const power = b.step + b.decimals - (a.step + a.decimals);
  return { ...b, value: shift(a.value, power), step: a.step + power, decimals: a.decimals, sign: a.sign, currency: b.currency ?? a.currency };
}
