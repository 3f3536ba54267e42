/** A normalised answer as a row of tokens: numerals, known words, unknown words, signs. One pass, no pattern matching. */
import type { Role } from "./lexicon.ts";
import { LATIN_WORDS, PHRASE_STARTS } from "./lexicon.ts";
import { entriesAt } from "./lexicon-zh.ts";
import { readExponent, scanExponent, scanNumeral } from "./numeral.ts";
import { isChineseDigit, scanChineseNumeral, scanScale } from "./numeral-zh.ts";

export interface NumberToken {
  type: "number";
  mantissa: bigint;
  decimals: number;
  exponent: number;
  wellFormed: boolean;
  /** One Chinese character, which may be part of a word. */
  weak: boolean;
  chinese: boolean;
  /** Exactly four ungrouped digits. */
  fourDigits: boolean;
  start: number;
  end: number;
}
export interface RoleToken {
  type: "role";
  role: Role;
  start: number;
  end: number;
}
export interface OtherToken {
  type: "unknown" | "sign";
  text: string;
  start: number;
  end: number;
}
export type Token = NumberToken | RoleToken | OtherToken;

const isDigit = (c: number) => c >= 48 && c <= 57;
const isLatin = (c: number) => (c >= 97 && c <= 122) || (c >= 65 && c <= 90);
const MAX_EXPONENT = 400;
/** One letter is a scale or unit only where it touches its number, except m: "5.2 m". */
const ONLY_ADJACENT = new Set(["k", "b", "x", "h", "p"]);

export function tokenise(text: string): Token[] {
  const out: Token[] = [];
  let i = 0;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === 32) i++;
    else if (isDigit(c) || (c === 46 && isDigit(text.charCodeAt(i + 1)) && !isDigit(text.charCodeAt(i - 1)))) i = pushNumber(text, i, out);
    else if (isLatin(c)) i = pushLatin(text, i, out);
    else i = pushOther(text, i, out);
  }
  return out;
}

function pushNumber(text: string, start: number, out: Token[]): number {
  const next = text[start + 1];
  if (text[start] === "0" && next !== undefined && "xXbBoO".includes(next) && isHex(text.charCodeAt(start + 2))) {
    let end = start + 2;
    while (isHex(text.charCodeAt(end))) end++;
    out.push(numberToken(start, end, 0n, 0, 0, false, false));
    return end;
  }
  const n = scanNumeral(text, start);
  let { end } = n;
  let exponent = 0;
  if (text[end] === "^" && n.mantissa === 10n && n.decimals === 0) {
    const power = readExponent(text, end + 1);
    if (power) [exponent, end] = [power.exponent - 1, power.end];
  } else {
    const scientific = scanExponent(text, end);
    if (scientific) ({ exponent, end } = scientific);
  }
  const ok = n.wellFormed && Math.abs(exponent) <= MAX_EXPONENT;
  const token = numberToken(start, end, n.mantissa, n.decimals, ok ? exponent : 0, ok, !n.grouped && n.decimals === 0 && n.end - start === 4 && end === n.end);
  // "1st", "3D", "5xyz": no number at all unless the letters are a known suffix.
  if (isLatin(text.charCodeAt(end))) {
    let stop = end;
    while (isLatin(text.charCodeAt(stop))) stop++;
    if (!LATIN_WORDS.has(text.slice(end, stop).toLowerCase())) {
      while (isLatin(text.charCodeAt(stop)) || isDigit(text.charCodeAt(stop))) stop++;
      out.push({ type: "unknown", text: text.slice(start, stop), start, end: stop });
      return stop;
    }
  }
  out.push(token);
  return end;
}

function numberToken(start: number, end: number, mantissa: bigint, decimals: number, exponent: number, wellFormed: boolean, fourDigits: boolean): NumberToken {
  return { type: "number", mantissa, decimals, exponent, wellFormed, weak: false, chinese: false, fourDigits, start, end };
}

const isHex = (c: number) => isDigit(c) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70);

function pushLatin(text: string, start: number, out: Token[]): number {
  if (text.charCodeAt(start) <= 90) {
    // US$, HK$, A$
    for (const [word, role] of entriesAt(text, start) ?? []) {
      if (text.startsWith(word, start)) {
        out.push({ type: "role", role, start, end: start + word.length });
        return start + word.length;
      }
    }
  }
  let end = wordEnd(text, start);
  let word = text.slice(start, end).toLowerCase();
  const longest = PHRASE_STARTS.get(word);
  if (longest !== undefined) {
    let phrase = word;
    let stop = end;
    let best: [Role, number] | null = null;
    for (let k = 1; k < longest && text[stop] === " " && isLatin(text.charCodeAt(stop + 1)); k++) {
      const from = stop + 1;
      stop = wordEnd(text, from);
      phrase += " " + text.slice(from, stop).toLowerCase();
      const found = LATIN_WORDS.get(phrase);
      if (found) best = [found, stop];
    }
    if (best) {
      out.push({ type: "role", role: best[0], start, end: best[1] });
      return best[1];
    }
  }
  const touches = start > 0 && (isDigit(text.charCodeAt(start - 1)) || text[start - 1] === ")");
  const role = !touches && ONLY_ADJACENT.has(word) ? undefined : LATIN_WORDS.get(word);
  if (role && (!isDigit(text.charCodeAt(end)) || role.role === "currency" || role.role === "fiscal")) {
    out.push({ type: "role", role, start, end });
    return end;
  }
  while (isDigit(text.charCodeAt(end)) || isLatin(text.charCodeAt(end))) end++;
  word = text.slice(start, end);
  // COVID-19: the hyphen belongs to the word.
  if (text[end] === "-" && isDigit(text.charCodeAt(end + 1)) && !role) while (text[end] === "-" || isDigit(text.charCodeAt(end))) end++;
  out.push({ type: "unknown", text: word, start, end });
  return end;
}

function wordEnd(text: string, start: number): number {
  let end = start + 1;
  while (isLatin(text.charCodeAt(end)) || ((text[end] === "'" || text[end] === "’") && isLatin(text.charCodeAt(end + 1)))) end++;
  return end;
}

/** Roles that only make sense right after a number. */
const AFTER_NUMBER = new Set(["tenths", "counter", "bound"]);
/** Chinese words that are a direction only right before an amount: 跌5%. */
function fitsHere(role: Role, text: string, end: number, previous: Token | undefined): boolean {
  if (AFTER_NUMBER.has(role.role)) return previous !== undefined && (previous.type === "number" || previous.type === "role") && (role.role !== "tenths" || previous.type === "number");
  if (role.role === "direction" && role.adjacent) {
    const c = text.charCodeAt(end === text.length ? end : text[end] === " " ? end + 1 : end);
    return isDigit(c) || c === 45 || c === 36 || text[end] === "约" || text[end] === "百";
  }
  return true;
}

function pushOther(text: string, start: number, out: Token[]): number {
  const previous = out.at(-1);
  if (previous !== undefined && (previous.type === "number" ? !previous.chinese : previous.type === "sign" && previous.text === ")")) {
    const scale = scanScale(text, start);
    if (scale.power > 0) {
      out.push({ type: "role", role: { role: "scale", power: scale.power }, start, end: scale.end });
      return scale.end;
    }
  }
  for (const [word, role] of entriesAt(text, start) ?? []) {
    if (!text.startsWith(word, start) || !fitsHere(role, text, start + word.length, previous)) continue;
    out.push(role.role === "plain" ? { type: "unknown", text: word, start, end: start + word.length } : { type: "role", role, start, end: start + word.length });
    return start + word.length;
  }
  const numeral = scanChineseNumeral(text, start);
  if (numeral) {
    out.push({ type: "number", mantissa: numeral.mantissa, decimals: numeral.decimals, exponent: 0, wellFormed: true, weak: numeral.single, chinese: true, fourDigits: numeral.end - start === 4 && isChineseDigit(text[start + 1]!), start, end: numeral.end });
    return numeral.end;
  }
  const c = text.charCodeAt(start);
  if (c < 0x2e80 || (c >= 0x3000 && c <= 0x303f)) {
    out.push({ type: "sign", text: text[start]!, start, end: start + 1 });
    return start + 1;
  }
  if (previous?.type === "unknown" && previous.end === start && previous.text.charCodeAt(0) >= 0x2e80) {
    previous.end = start + 1;
    return start + 1;
  }
  out.push({ type: "unknown", text: text[start]!, start, end: start + 1 });
  return start + 1;
}
