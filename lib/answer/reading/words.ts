/** Latin words, Chinese words and signs as tokens. */
import { digitAt, isDigit, latinAt, wordsOf } from "./characters.ts";
import type { Role } from "./lexicon.ts";
import { inOneShape, LATIN_WORDS, latinWord } from "./lexicon.ts";
import { entriesAt, matches } from "./lexicon-zh.ts";
import { isChineseDigit, scanChineseNumeral, scanScale } from "../../question/chinese-numerals.ts";
import type { Token } from "./token.ts";
import { otherToken, roleToken } from "./token.ts";

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
  const known = latinWord(word);
  const phrase =
    known === undefined || known.phrase === 0 ? null : findPhrase(text, start, end, word, known.phrase);
  if (phrase) {
    out.push(phrase);
    return phrase.end;
  }
  const role =
    known === undefined || (word.length === 1 && ONLY_ADJACENT.has(word) && !touchesNumber(text, start))
      ? null
      : known.role;
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

const SCALES: Role[] = [];
/** 万, 百万, 万亿: made once for each power. */
const scaleRole = (power: number): Role => (SCALES[power] ??= inOneShape({ role: "scale", power }));

const touchesNumber = (text: string, start: number): boolean =>
  start > 0 && (digitAt(text, start - 1) || text[start - 1] === ")");

/** US$, HK$, A$ */
function currencySign(text: string, start: number): Token | null {
  for (const entry of entriesAt(text, start) ?? [])
    if (matches(entry, text, start)) return roleToken(entry.role, start, start + entry.word.length);
  return null;
}

function findPhrase(text: string, start: number, end: number, word: string, longest: number): Token | null {
  let phrase = word;
  let stop = end;
  let best: Token | null = null;
  for (let k = 1; k < longest && text[stop] === " " && latinAt(text, stop + 1); k++) {
    const from = stop + 1;
    stop = wordEnd(text, from);
    phrase += " " + text.slice(from, stop).toLowerCase();
    const found = LATIN_WORDS.get(phrase);
    if (found) best = roleToken(found, start, stop);
  }
  return best;
}

function wordEnd(text: string, start: number): number {
  let end = start + 1;
  while (latinAt(text, end) || ((text[end] === "'" || text[end] === "’") && latinAt(text, end + 1))) end++;
  return end;
}

/** Some words mean something only right after a number (成, 以上), some only right before an amount (跌5%). */
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
      out.push(roleToken(scaleRole(scale.power), start, scale.end));
      return scale.end;
    }
  }
  const entries = entriesAt(text, start);
  if (entries !== undefined) {
    for (const entry of entries) {
      const { word, role } = entry;
      if (!matches(entry, text, start) || !fitsHere(role, text, start + word.length, previous)) continue;
      out.push(
        role.role === "plain"
          ? otherToken("unknown", word, start, start + word.length)
          : roleToken(role, start, start + word.length),
      );
      return start + word.length;
    }
  }
  return c > 0x2e80 ? pushChinese(text, start, c, previous, out) : pushSign(text, start, out);
}

/** One string for each, as signs are compared again and again. */
const WIDE_SIGNS = new Map(wordsOf("。|、|≈|≒|≅|±|√|∶|×").map((sign) => [sign.charCodeAt(0), sign]));

function pushSign(text: string, start: number, out: Token[]): number {
  const c = text.charCodeAt(start);
  out.push(
    otherToken("sign", c < 128 ? text[start]! : (WIDE_SIGNS.get(c) ?? text[start]!), start, start + 1),
  );
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
    const number = otherToken("unknown", "", start, numeral.end);
    number.type = "number";
    number.mantissa = numeral.mantissa;
    number.decimals = numeral.decimals;
    number.wellFormed = numeral.wellFormed;
    number.weak = numeral.single;
    number.chinese = true;
    number.fourDigits =
      numeral.decimals === 0 &&
      numeral.end - start === 4 &&
      isChineseDigit(text.charCodeAt(start + 1)) &&
      isChineseDigit(text.charCodeAt(start + 3));
    out.push(number);
    return numeral.end;
  }
  if (previous?.type === "unknown" && previous.end === start && previous.text.charCodeAt(0) > 0x2e80)
    previous.end = start + 1;
  else out.push(otherToken("unknown", text[start]!, start, start + 1));
  return start + 1;
}
