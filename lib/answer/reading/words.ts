/** Latin words, Chinese words and signs as tokens. */
import { digitAt, latinAt, isDigit } from "./characters.ts";
import type { Role } from "./lexicon.ts";
import { LATIN_WORDS, PHRASES } from "./lexicon.ts";
import { findEntry } from "./lexicon-zh.ts";
import { isChineseDigit, scanChineseNumeral, scanScale } from "../../question/chinese-numerals.ts";
import type { Token } from "./token.ts";
import { numberToken, otherToken, roleToken } from "./token.ts";

/** One letter that is a unit only where it touches its number; "5.2 m" and "3 K" are scales. */
const ONLY_ADJACENT = new Set(["x", "h", "p"]);

export function pushLatin(text: string, start: number, out: Token[]): number {
  const sign = text.charCodeAt(start) <= 90 ? currencySign(text, start) : null;
  if (sign) {
    out.push(sign);
    return sign.end;
  }
  let end = wordEnd(text, start);
  const word = text.slice(start, end).toLowerCase();
  const phrase = findPhrase(text, end, word);
  if (phrase) {
    out.push(roleToken(phrase.role, start, phrase.end));
    return phrase.end;
  }
  const isApart = word.length === 1 && ONLY_ADJACENT.has(word) && !touchesNumber(text, start);
  const role = isApart ? undefined : LATIN_WORDS.get(word);
  if (role && (!digitAt(text, end) || role.role === "currency" || role.role === "fiscal")) {
    out.push(roleToken(role, start, end));
    return end;
  }
  while (digitAt(text, end) || latinAt(text, end)) end++;
  const name = text.slice(start, end);
  // COVID-19: the hyphen belongs to the word.
  if (text[end] === "-" && digitAt(text, end + 1) && !role)
    while (text[end] === "-" || digitAt(text, end)) end++;
  out.push(otherToken("unknown", name, start, end));
  return end;
}

const touchesNumber = (text: string, start: number): boolean =>
  start > 0 && (digitAt(text, start - 1) || text[start - 1] === ")");

/** US$, HK$, A$ */
function currencySign(text: string, start: number): Token | null {
  const entry = findEntry(text, start, () => true);
  return entry ? roleToken(entry.role, start, start + entry.word.length) : null;
}

/** The longest phrase that begins with `word`, which ends at `end`. */
function findPhrase(text: string, end: number, word: string): { role: Role; end: number } | null {
  const longest = PHRASES.get(word) ?? 0;
  let phrase = word;
  let best: { role: Role; end: number } | null = null;
  for (let k = 1, stop = end; k < longest && text[stop] === " " && latinAt(text, stop + 1); k++) {
    const from = stop + 1;
    stop = wordEnd(text, from);
    phrase += " " + text.slice(from, stop).toLowerCase();
    const role = LATIN_WORDS.get(phrase);
    if (role) best = { role, end: stop };
  }
  return best;
}

function wordEnd(text: string, start: number): number {
  let end = start + 1;
  while (latinAt(text, end) || ((text[end] === "'" || text[end] === "’") && latinAt(text, end + 1))) end++;
  return end;
}

/**
 * Some words mean something only right after a number (成, 以上), some only right before an amount (跌5%).
 */
function fitsHere(role: Role, text: string, end: number, previous: Token | undefined): boolean {
  switch (role.role) {
    case "tenths":
      return previous?.type === "number";
    case "counter":
    case "bound":
      return previous?.type === "number" || previous?.type === "role";
    case "direction": {
      if (!role.adjacent) return true;
      const c = text.charCodeAt(text[end] === " " ? end + 1 : end);
      return isDigit(c) || c === 45 || c === 36 || text[end] === "约" || text[end] === "百";
    }
    default:
      return true;
  }
}

export function pushOther(text: string, start: number, out: Token[]): number {
  const c = text.charCodeAt(start);
  const previous = out.length > 0 ? out[out.length - 1] : undefined;
  if (
    c > 0x2e80 &&
    previous !== undefined &&
    (previous.type === "number"
      ? !previous.chinese || previous.decimals > 0
      : previous.type === "sign" && previous.text === ")")
  ) {
    const scale = scanScale(text, start);
    if (scale.power > 0) {
      out.push(roleToken({ role: "scale", power: scale.power }, start, scale.end));
      return scale.end;
    }
  }
  const entry = findEntry(text, start, (role, end) => fitsHere(role, text, end, previous));
  if (entry) {
    const { word, role } = entry;
    const end = start + word.length;
    out.push(role.role === "plain" ? otherToken("unknown", word, start, end) : roleToken(role, start, end));
    return end;
  }
  return c > 0x2e80 ? pushChinese(text, start, c, previous, out) : pushSign(text, start, out);
}

function pushSign(text: string, start: number, out: Token[]): number {
  out.push(otherToken("sign", text[start]!, start, start + 1));
  return start + 1;
}

function pushChinese(
  text: string,
  start: number,
  c: number,
  previous: Token | undefined,
  out: Token[],
): number {
  if (c >= 0x3000 && c <= 0x303f && c !== 0x3007) return pushSign(text, start, out);
  const numeral = scanChineseNumeral(text, start);
  if (numeral) {
    const { mantissa, decimals, wellFormed, single: weak, end } = numeral;
    const isDigits = isChineseDigit(text.charCodeAt(start + 1)) && isChineseDigit(text.charCodeAt(start + 3));
    const fourDigits = decimals === 0 && end - start === 4 && isDigits;
    out.push(numberToken(start, end, { mantissa, decimals, wellFormed, weak, chinese: true, fourDigits }));
    return numeral.end;
  }
  if (previous?.type === "unknown" && previous.end === start && previous.text.charCodeAt(0) > 0x2e80)
    previous.end = start + 1;
  else out.push(otherToken("unknown", text[start]!, start, start + 1));
  return start + 1;
}
