/** One number with everything that belongs to it. */
import { add, decimal, negate, shift } from "./exact.ts";
import type { Suffix } from "./suffix.ts";
import { isSign, NO_SUFFIX, roleAt, takeBracketed, takeSuffix } from "./suffix.ts";
import type { Token } from "./token.ts";
import type { Quantity } from "./value.ts";

/** What stood before the number. */
export interface Before {
  minus: boolean;
  plus: boolean;
  direction: 1 | -1 | 0;
  /** The direction rests on a noun that may itself rise or fall (loss, growth). */
  noun: boolean;
  currency: string | null;
  currencyPower: number;
  per: string | null;
  /** 百分之: −2 */
  parts: number | null;
  /** An opening bracket right before: an accounting negative, if a bracket closes right after. */
  bracket: boolean;
}

export const nothingBefore = (): Before => ({
  minus: false,
  plus: false,
  direction: 0,
  noun: false,
  currency: null,
  currencyPower: 0,
  per: null,
  parts: null,
  bracket: false,
});

export interface Parsed {
  quantity: Quantity;
  next: number;
  /** The bracket that made it negative was closed. */
  closed: boolean;
  weak: boolean;
}

/** Reads the number at token `at` and what follows it. */
export function parseQuantity(tokens: Token[], at: number, before: Before): Parsed {
  const number = tokens[at]!;
  const { currency, currencyPower, per } = before;
  const s: Suffix = { ...NO_SUFFIX, currency, currencyPower, per };
  let i = takeSuffix(tokens, at + 1, s);
  let step = number.exponent - number.decimals + s.power;
  let value = decimal(number.mantissa, step);
  let decimals = number.exponent < 0 ? number.decimals - number.exponent : number.decimals;
  // 1亿2000万, 三成五, 100元5角: lower places follow.
  for (let more = lowerPlace(tokens, at, i, s); more !== null; more = lowerPlace(tokens, at, i, s)) {
    value = add(value, decimal(tokens[i]!.mantissa, more.power));
    step = Math.min(step, more.power);
    decimals = Math.max(decimals, more.decimals);
    i = takeSuffix(tokens, more.next, s);
    s.power = more.scale;
  }
  let closed = false;
  if (before.bracket && i < tokens.length && isSign(tokens[i], ")")) {
    closed = true;
    const power = s.power;
    i = takeSuffix(tokens, i + 1, s);
    ({ value, step } = moved(value, step, s.power - power));
  } else if (!before.bracket && i < tokens.length && isSign(tokens[i], "(")) {
    const power = s.power;
    i = takeBracketed(tokens, i, s);
    ({ value, step } = moved(value, step, s.power - power));
  }
  ({ value, step } = moved(value, step, (before.parts ?? 0) + s.currencyPower));
  const down = before.direction === -1;
  if (before.minus || closed || down) value = negate(value);
  const quantity: Quantity = {
    value,
    step,
    decimals,
    dress: before.parts !== null ? "percent" : s.dress,
    scaled: s.scaled,
    sign: signOf(before, closed),
    currency: s.currency,
    spelled: s.spelled,
    unit: s.unit,
    per: s.per,
  };
  return { quantity, next: i, closed, weak: number.weak && !s.any && before.parts === null };
}

function signOf({ minus, plus, direction }: Before, closed: boolean): Quantity["sign"] {
  if (minus || closed) return "minus";
  if (direction === -1) return "down";
  return plus ? "plus" : direction === 1 ? "up" : "none";
}

function moved(
  value: Quantity["value"],
  step: number,
  power: number,
): { value: Quantity["value"]; step: number } {
  return power === 0 ? { value, step } : { value: shift(value, power), step: step + power };
}

interface Lower {
  power: number;
  decimals: number;
  next: number;
  /** What `Suffix.power` is from now on. */
  scale: number;
}

/** The number at token `i`, when it continues the one before it a place lower down; null when it does not. */
function lowerPlace(tokens: Token[], at: number, i: number, s: Suffix): Lower | null {
  const more = tokens[i];
  if (more?.type !== "number" || more.start !== tokens[i - 1]!.end || !more.wellFormed) return null;
  const after = roleAt(tokens, i + 1);
  if (
    after?.role === "scale" &&
    s.scaled &&
    s.dress === "plain" &&
    !s.spelled &&
    after.power < s.power &&
    more.chinese === tokens[at]!.chinese
  ) {
    return {
      power: after.power + more.exponent - more.decimals,
      decimals: more.decimals,
      next: i + 2,
      scale: after.power,
    };
  }
  // 12万5000: as many digits as the scale has zeros
  if (
    s.scaled &&
    s.dress === "plain" &&
    !s.spelled &&
    !tokens[at]!.chinese &&
    !more.chinese &&
    more.decimals === 0 &&
    after?.role !== "scale" &&
    more.end - more.start === s.power
  ) {
    return { power: 0, decimals: 0, next: i + 1, scale: 0 };
  }
  if (
    after?.role === "subunit" &&
    s.spelled &&
    s.currency === "CNY" &&
    s.dress === "plain" &&
    more.decimals === 0 &&
    more.mantissa < 100
  ) {
    return { power: after.power, decimals: -after.power, next: i + 2, scale: s.power };
  }
  if (
    roleAt(tokens, at + 1)?.role === "tenths" &&
    i === at + 2 &&
    more.chinese &&
    more.weak &&
    more.mantissa < 10
  ) {
    return { power: s.power - 1, decimals: 1, next: i + 1, scale: s.power };
  }
  return null;
}
