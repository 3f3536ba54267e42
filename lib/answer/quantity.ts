/** One number with everything that belongs to it: scale, percent, unit, currency, per; the tokens after the numeral. */
import { decimal, negate, pow10 } from "./exact.ts";
import type { Role } from "./lexicon.ts";
import type { NumberToken, Token } from "./tokens.ts";
import type { Quantity } from "./value.ts";

/** What stood before the number. */
export interface Before {
  minus: boolean;
  plus: boolean;
  direction: 1 | -1 | 0;
  currency: { code: string; power: number } | null;
  per: string | null;
  /** 百分之 */
  parts: number | null;
  /** An opening bracket right before: an accounting negative, if a bracket closes right after. */
  bracket: boolean;
}

export interface Parsed {
  quantity: Quantity;
  next: number;
  /** The bracket that made it negative was closed. */
  closed: boolean;
  weak: boolean;
}

export const isSign = (t: Token | undefined, text: string): boolean => t !== undefined && t.type === "sign" && t.text === text;
export const roleAt = (tokens: Token[], i: number): Role | null => {
  const t = tokens[i];
  return t !== undefined && t.type === "role" ? t.role : null;
};

interface Suffix {
  power: number;
  scaled: boolean;
  dress: Quantity["dress"];
  currency: { code: string; power: number } | null;
  spelled: boolean;
  unit: string | null;
  per: string | null;
  any: boolean;
}

/** Reads the number at token `at` and what follows it. `text` decides about white space. */
export function parseQuantity(tokens: Token[], at: number, before: Before): Parsed {
  const number = tokens[at] as NumberToken;
  let mantissa = number.mantissa;
  let exponent = number.exponent - number.decimals;
  let decimals = number.exponent < 0 ? number.decimals - number.exponent : number.decimals;
  const s: Suffix = { power: 0, scaled: false, dress: "plain", currency: before.currency, spelled: false, unit: null, per: before.per, any: false };
  let i = takeSuffix(tokens, at + 1, s);
  // 1亿2000万, 3万5千: smaller scales add up.
  while (s.scaled && s.dress === "plain" && tokens[i]?.type === "number" && tokens[i]!.start === tokens[i - 1]!.end && !s.currency?.code && roleAt(tokens, i + 1)?.role === "scale") {
    const more = tokens[i] as NumberToken;
    const role = roleAt(tokens, i + 1) as { role: "scale"; power: number };
    if (role.power >= s.power || !more.wellFormed || number.chinese !== more.chinese) break;
    const low = Math.min(exponent + s.power, role.power - more.decimals);
    mantissa = mantissa * pow10(exponent + s.power - low) + more.mantissa * pow10(role.power - more.decimals - low);
    exponent = low - role.power;
    s.power = role.power;
    decimals = Math.max(decimals, more.decimals);
    i = takeSuffix(tokens, i + 2, s);
  }
  // 100元5角, 壹佰元伍角叁分
  for (let sub = roleAt(tokens, i + 1); sub?.role === "subunit" && s.spelled && s.currency?.code === "CNY" && tokens[i]?.type === "number" && tokens[i]!.start === tokens[i - 1]!.end; sub = roleAt(tokens, i + 1)) {
    const more = tokens[i] as NumberToken;
    if (more.decimals > 0 || more.mantissa > 99n || s.dress !== "plain") break;
    const low = Math.min(exponent + s.power, sub.power);
    mantissa = mantissa * pow10(exponent + s.power - low) + more.mantissa * pow10(sub.power - low);
    exponent = low - s.power;
    decimals = Math.max(decimals, -sub.power);
    i = takeSuffix(tokens, i + 2, s);
  }
  // 三成五: the digit after 成 is one place down.
  if (roleAt(tokens, at + 1)?.role === "tenths") {
    const tail = tokens[i];
    if (tail?.type === "number" && tail.chinese && tail.weak && tail.mantissa < 10n && tail.start === tokens[i - 1]!.end) {
      mantissa = mantissa * 10n + tail.mantissa;
      exponent -= 1;
      decimals += 1;
      i++;
    }
  }
  let closed = false;
  if (before.bracket && isSign(tokens[i], ")")) {
    closed = true;
    i = takeSuffix(tokens, i + 1, s);
  } else if (!before.bracket) i = takeBracketed(tokens, i, s);
  const percent = before.parts ?? 0;
  const shift = s.power + percent + (s.currency?.power ?? 0);
  let value = decimal(mantissa, exponent + shift);
  const down = before.direction === -1;
  const negative = before.minus || closed || down;
  if (negative) value = negate(value);
  const quantity: Quantity = {
    value,
    step: exponent + shift,
    decimals,
    dress: before.parts !== null ? "percent" : s.dress,
    scaled: s.scaled,
    sign: before.minus || closed ? "minus" : down ? "down" : before.plus ? "plus" : before.direction === 1 ? "up" : "none",
    currency: s.currency?.code ?? null,
    spelled: s.spelled,
    unit: s.unit,
    per: s.per,
  };
  return { quantity, next: i, closed, weak: number.weak && !s.any && before.parts === null };
}

/** Scales, percent, units, currency, per: whatever follows without another word between. */
function takeSuffix(tokens: Token[], from: number, s: Suffix): number {
  let i = from;
  for (; ; i++) {
    const role = roleAt(tokens, i);
    const of = roleAt(tokens, i + 1);
    if (role?.role === "per" && role.unit === null && of?.role === "unit") {
      s.per = of.unit;
      i++;
    } else if (!role || !apply(role, s)) break;
  }
  // $2.4/share, 12元 / 股
  if (isSign(tokens[i], "/")) {
    const role = roleAt(tokens, i + 1);
    if (role?.role === "unit") {
      s.per = role.unit;
      i += 2;
    }
  }
  return i;
}

function apply(role: Role, s: Suffix): boolean {
  switch (role.role) {
    case "scale":
      if (s.dress !== "plain" || s.unit !== null) return false;
      s.power += role.power;
      s.scaled = true;
      break;
    case "percent":
    case "point":
    case "bp":
    case "multiple":
    case "tenths":
      if (s.dress !== "plain" || s.unit !== null) return false;
      s.dress = role.role === "tenths" ? "percent" : role.role;
      s.power += role.role === "percent" ? role.power : role.role === "point" ? -2 : role.role === "bp" ? -4 : role.role === "tenths" ? -1 : 0;
      break;
    case "currency":
      if (s.spelled) return false;
      // "$5 HKD": the exact name wins over the sign.
      s.currency = { code: role.code, power: role.power };
      s.spelled = true;
      break;
    case "unit":
      if (s.unit !== null || s.dress !== "plain") return false;
      s.unit = role.unit;
      break;
    case "per":
      if (role.unit === null) return false;
      s.per = role.unit;
      break;
    case "counter":
      break;
    default:
      return false;
  }
  s.any = true;
  return true;
}

/** "1,234 (in thousands)", "800（万元）": a bracket that holds nothing but scale, unit and currency. */
function takeBracketed(tokens: Token[], from: number, s: Suffix): number {
  if (!isSign(tokens[from], "(")) return from;
  const trial: Suffix = { ...s };
  let i = from + 1;
  let useful = false;
  for (; i < tokens.length && !isSign(tokens[i], ")"); i++) {
    const t = tokens[i]!;
    const role = roleAt(tokens, i);
    if (t.type === "unknown" && (t.text === "in" || t.text === "单位")) continue;
    if (role?.role === "hedge" || isSign(t, ":")) continue;
    // 万元 outside a number is two tokens of unknown text: see `scaleWord`.
    if (role && apply(role, trial)) useful = true;
    else if (t.type === "unknown" && applyScaleWord(t.text, trial)) useful = true;
    else return from;
  }
  if (!useful || i >= tokens.length) return from;
  Object.assign(s, trial);
  return i + 1;
}

const SCALE_WORDS: Record<string, number> = { 千: 3, 万: 4, 百万: 6, 千万: 7, 亿: 8, 十亿: 9 };
function applyScaleWord(text: string, s: Suffix): boolean {
  const power = SCALE_WORDS[text];
  return power !== undefined && apply({ role: "scale", power }, s);
}
