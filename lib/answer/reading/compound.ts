/** Two or more numbers that make one value: fractions, ratios, ranges, inequalities. */
import type { Exact } from "./exact.ts";
import { add, decimal, divide, isNegative, isZero, negate, shift } from "./exact.ts";
import type { Before, Parsed } from "./quantity.ts";
import { nothingBefore, parseQuantity } from "./quantity.ts";
import { isSign, roleAt } from "./suffix.ts";
import type { Token } from "./token.ts";
import type { Quantity, Value } from "./value.ts";
import { numberValue } from "./value.ts";

/** What the clause has said before the first number. */
export interface Lead {
  before: Before;
  inequality: string | null;
  between: boolean;
}

export interface Compound {
  /** null where the tokens make no value: a zero denominator, a tolerance. */
  value: Value | null;
  next: number;
  weak: boolean;
}

/** The value that starts at token `at`, whose first number is already parsed. */
export function readCompound(tokens: Token[], at: number, first: Parsed, lead: Lead, text: string): Compound {
  const follow = tokens[first.next];
  if (lead.inequality === null && (follow === undefined || !mayJoin(follow)))
    return { value: numberValue(first.quantity), next: first.next, weak: first.weak };
  const fraction = readFraction(tokens, at, first, lead, text);
  if (fraction !== null && fraction.number === null) return { value: null, next: fraction.next, weak: false };
  const number = fraction?.number ?? first.quantity;
  const next = fraction?.next ?? first.next;
  const joined = readRatio(tokens, next, number) ?? readRange(tokens, next, number, lead, text);
  if (joined) return { ...joined, weak: false };
  const bound = boundAt(tokens, next);
  const op = lead.inequality ?? bound;
  const end = bound === null ? next : next + 1;
  if (op === "±") return { value: null, next: end, weak: false };
  return {
    value: op === null ? numberValue(number) : { kind: "inequality", op, number },
    next: end,
    weak: first.weak && end === first.next,
  };
}

/** Nothing else after a number makes one value with it. */
function mayJoin(t: Token): boolean {
  if (t.role === null)
    return t.type === "number" || isColon(t) || t.text === "/" || t.text === "-" || t.text === "+";
  const { role } = t.role;
  return role === "join" || role === "and" || role === "bound" || role === "denominator";
}

/** 以上, "or more", "5+" */
function boundAt(tokens: Token[], i: number): string | null {
  const role = roleAt(tokens, i);
  if (role?.role === "bound") return role.op;
  return isSign(tokens[i], "+") && tokens[i]!.start === tokens[i - 1]!.end ? "≥" : null;
}

/** 1/3, 三分之一, 2 1/2; `number` is null for a zero denominator. */
function readFraction(
  tokens: Token[],
  at: number,
  first: Parsed,
  lead: Lead,
  text: string,
): { number: Quantity | null; next: number } | null {
  const i = first.next;
  const q = first.quantity;
  const mixed = mixedNumber(tokens, at, q, text);
  if (mixed) return mixed;
  const second = tokens[i + 1];
  if (second?.type !== "number" || !second.wellFormed) return null;
  if (roleAt(tokens, i)?.role === "denominator") {
    if (isZero(q.value)) return { number: null, next: i + 2 };
    return {
      number: { ...q, value: divide(bareValue(second), q.value), step: null, dress: "fraction" },
      next: i + 2,
    };
  }
  if (!isSign(tokens[i], "/") || !isBare(q)) return null;
  const below = parseQuantity(tokens, i + 1, nothingBefore());
  if (isZero(below.quantity.value) || isSign(tokens[below.next], "/"))
    return { number: null, next: below.next };
  const closes = lead.before.bracket && !first.closed && isSign(tokens[below.next], ")");
  return {
    number: overQuantity(divide(q.value, bareValue(second)), q, below.quantity, second),
    next: below.next + (closes ? 1 : 0),
  };
}

/** 2 1/2: a whole number, one space, a proper fraction. */
function mixedNumber(
  tokens: Token[],
  at: number,
  whole: Quantity,
  text: string,
): { number: Quantity; next: number } | null {
  const top = tokens[at + 1];
  const below = tokens[at + 3];
  if (
    top?.type !== "number" ||
    below?.type !== "number" ||
    !isSign(tokens[at + 2], "/") ||
    !isBare(whole) ||
    !isWhole(tokens[at]!)
  )
    return null;
  if (
    top.start !== tokens[at]!.end + 1 ||
    text[tokens[at]!.end] !== " " ||
    !isWhole(top) ||
    !isWhole(below) ||
    top.mantissa >= below.mantissa
  )
    return null;
  const last = parseQuantity(tokens, at + 3, nothingBefore());
  const part = divide(bareValue(top), bareValue(below));
  const value = add(whole.value, isNegative(whole.value) ? negate(part) : part);
  return { number: overQuantity(value, whole, last.quantity, below), next: last.next };
}

const isWhole = (t: Token) => t.wellFormed && t.decimals === 0 && t.exponent === 0;
const isBare = (q: Quantity) => q.dress === "plain" && q.unit === null && !q.spelled && !q.scaled;
const bareValue = (t: Token): Exact => decimal(t.mantissa, t.exponent - t.decimals);

/** Scale, percent and unit that follow the denominator belong to all of the fraction: 1/2 million. */
function overQuantity(value: Exact, top: Quantity, below: Quantity, denominator: Token): Quantity {
  const bare = denominator.exponent - denominator.decimals;
  return {
    ...below,
    value: shift(value, (below.step ?? bare) - bare),
    step: null,
    dress: below.dress === "plain" ? "fraction" : below.dress,
    sign: top.sign,
    currency: top.currency ?? below.currency,
  };
}

/** 3:2, 3比2, 3:2:1. */
function readRatio(tokens: Token[], from: number, first: Quantity): { value: Value; next: number } | null {
  if (!isColon(tokens[from]) || !isBare(first)) return null;
  const parts = [first];
  let i = from;
  while (
    isColon(tokens[i]) &&
    tokens[i + 1]?.type === "number" &&
    tokens[i + 1]!.wellFormed &&
    parts.length < 8
  ) {
    const more = parseQuantity(tokens, i + 1, nothingBefore());
    if (!isBare(more.quantity)) return null;
    parts.push(more.quantity);
    i = more.next;
  }
  const second = parts[1];
  if (second === undefined || isZero(second.value)) return null;
  if (parts.length > 2) return { value: { kind: "parts", parts }, next: i };
  return {
    value: numberValue({ ...first, value: divide(first.value, second.value), step: null, dress: "ratio" }),
    next: i,
  };
}

const isColon = (t: Token | undefined): boolean =>
  t !== undefined && (t.text === ":" || t.text === "比" || t.text === "∶");

/** 3%-5%, 3–5%, 3 to 5 million, between 3 and 5; a unit that stands once holds for both ends. */
function readRange(
  tokens: Token[],
  from: number,
  low: Quantity,
  lead: Lead,
  text: string,
): { value: Value; next: number } | null {
  const joint = tokens[from];
  const role = roleAt(tokens, from);
  if (
    joint === undefined ||
    !(isSign(joint, "-") || role?.role === "join" || (role?.role === "and" && lead.between))
  )
    return null;
  const before = nothingBefore();
  before.currency = lead.before.currency;
  before.currencyPower = lead.before.currencyPower;
  let i = from + 1;
  for (; i < tokens.length; i++) {
    const r = roleAt(tokens, i);
    if (isSign(tokens[i], "-") || r?.role === "negative") before.minus = true;
    else if (r?.role === "currency") [before.currency, before.currencyPower] = [r.code, r.power];
    else if (r?.role === "partsOf") before.parts = r.power;
    else break;
  }
  const number = tokens[i];
  if (number?.type !== "number" || !number.wellFormed) return null;
  const parsed = parseQuantity(tokens, i, before);
  if (parsed.weak) return null;
  const high = parsed.quantity;
  const ratioLike =
    isBare(low) &&
    isBare(high) &&
    low.currency === null &&
    text.slice(joint.start, joint.end).toLowerCase() === "to";
  return {
    value: { kind: "range", low: share(low, high), high: share(high, low), ratioLike },
    next: parsed.next,
  };
}

/** `a` with the scale, percent, unit and currency of `b` where it has none of its own. */
function share(a: Quantity, b: Quantity): Quantity {
  if (
    !isBare(a) ||
    (b.dress === "plain" && !b.scaled && b.unit === null && !b.spelled) ||
    a.step === null ||
    b.step === null
  )
    return a;
  const power = b.step + b.decimals - (a.step + a.decimals);
  return {
    ...b,
    value: shift(a.value, power),
    step: a.step + power,
    decimals: a.decimals,
    sign: a.sign,
    currency: b.currency ?? a.currency,
  };
}
