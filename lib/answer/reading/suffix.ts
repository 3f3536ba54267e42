/** What follows a number and belongs to it: scale, percent, unit, currency, per. */
import type { Role } from "./lexicon.ts";
import type { Token } from "./token.ts";
import type { Dress } from "./value.ts";

export interface Suffix {
  /** Power of ten of scale and percent together. */
  power: number;
  scaled: boolean;
  dress: Dress;
  currency: string | null;
  /** Of a currency's small unit: cents, pence. */
  currencyPower: number;
  spelled: boolean;
  unit: string | null;
  per: string | null;
  any: boolean;
}

const BARE = { power: 0, scaled: false, dress: "plain", currency: null, currencyPower: 0 } as const;
/** A number with nothing behind it. */
export const NO_SUFFIX: Suffix = { ...BARE, spelled: false, unit: null, per: null, any: false };

export const isSign = (t: Token | undefined, text: string): boolean =>
  t !== undefined && t.type === "sign" && t.text === text;
export const roleAt = (tokens: Token[], i: number): Role | null =>
  i < tokens.length ? tokens[i]!.role : null;

/**
 * Scales, percent, units, currency, per: whatever follows without another word between. The index after it.
 */
export function takeSuffix(tokens: Token[], from: number, s: Suffix): number {
  let i = from;
  for (; i < tokens.length; i++) {
    const role = tokens[i]!.role;
    if (role === null) break;
    if (role.role === "per" && role.unit === null) {
      const of = roleAt(tokens, i + 1);
      if (of?.role !== "unit") break;
      s.per = of.unit;
      i++;
    } else if (role.role === "during" && roleAt(tokens, i + 1)?.role === "scale" && !s.scaled)
      continue; // 1,234 in thousands
    else if (!apply(role, s)) break;
  }
  // $2.4/share, 12元 / 股
  if (i < tokens.length && isSign(tokens[i], "/")) {
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
      if (s.dress !== "plain" || s.unit !== null) return false;
      s.dress = "percent";
      s.power += role.power;
      break;
    case "point":
    case "bp":
    case "multiple":
    case "tenths":
      if (s.dress !== "plain" || s.unit !== null) return false;
      s.dress = role.role === "tenths" ? "percent" : role.role;
      s.power -= role.role === "point" ? 2 : role.role === "bp" ? 4 : role.role === "tenths" ? 1 : 0;
      break;
    case "currency":
      if (s.spelled) return false;
      // "$5 HKD": the exact name wins over the sign.
      s.currency = role.code;
      s.currencyPower = role.power;
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
      if (role.unit !== null && s.unit === null && !s.spelled && s.dress === "plain") s.unit = role.unit;
      break;
    default:
      return false;
  }
  s.any = true;
  return true;
}

/**
 * "1,234 (in thousands)", "800（万元）": a bracket that holds nothing but scale, unit and currency. The index
 * after it.
 */
export function takeBracketed(tokens: Token[], from: number, s: Suffix): number {
  if (!isSign(tokens[from], "(")) return from;
  const trial: Suffix = { ...s };
  let i = from + 1;
  let useful = false;
  for (; i < tokens.length && !isSign(tokens[i], ")"); i++) {
    const t = tokens[i]!;
    if (t.role?.role === "during" || t.role?.role === "hedge" || t.text === "单位" || t.text === ":")
      continue;
    if (t.role ? apply(t.role, trial) : applyScaleWord(t.text, trial)) useful = true;
    else return from;
  }
  if (!useful || i >= tokens.length) return from;
  Object.assign(s, trial);
  return i + 1;
}

/** 万 away from a number is an unknown word. */
const SCALE_WORDS: Record<string, number> = { 千: 3, 万: 4, 百万: 6, 千万: 7, 亿: 8, 十亿: 9 };
function applyScaleWord(text: string, s: Suffix): boolean {
  const power = Object.hasOwn(SCALE_WORDS, text) ? SCALE_WORDS[text] : undefined;
  return power !== undefined && apply({ role: "scale", power }, s);
}
