/**
 * The most common answers, read without tokens: "-1,234.5", "$29.00", "约12.5%。", "答案：5.2亿元", "The answer is
 * $5 million." Says exactly what the whole grammar says, and nothing where it is not sure.
 */
import type { Characters } from "./characters.ts";
import { decimal, negate } from "./exact.ts";
import { LATIN_WORDS } from "./lexicon.ts";
import { scanNumeral } from "./numeral.ts";
import type { Quantity } from "./value.ts";

const MINUS = 45;
const DOLLAR = 36;
const PERCENT = 37;
const SPACE = 32;
const POINT = 46;
const STOP = "。".charCodeAt(0);
const WAN = "万".charCodeAt(0);
const YI = "亿".charCodeAt(0);
const YUAN = "元".charCodeAt(0);

/** Said before an answer without changing it, longest first. */
const LEADS = [
  "The answer is ",
  "approximately ",
  "Answer: ",
  "about ",
  "答案是",
  "答案为",
  "答案:",
  "大约",
  "约为",
  "约",
  "= ",
  "=",
  "≈",
  "~",
];
const STARTS_LEAD = new Set(LEADS.map((lead) => lead.charCodeAt(0)));

const isDigit = (c: number) => c >= 48 && c <= 57;
const isLatin = (c: number) => (c >= 97 && c <= 122) || (c >= 65 && c <= 90);

function endOfLead(text: Characters): number {
  if (!STARTS_LEAD.has(text.code(0))) return 0;
  for (const lead of LEADS)
    if (text.startsWith(lead, 0)) return text.code(lead.length) === SPACE ? lead.length + 1 : lead.length;
  return 0;
}

/** The text without a full stop at its end. */
function endOfText(text: Characters): number {
  const last = text.code(text.length - 1);
  return last === POINT || last === STOP ? text.length - 1 : text.length;
}

/** The quantity when `text` is one plain number and nothing else, null otherwise. */
export function readPlainNumber(text: Characters): Quantity | null {
  let i = isDigit(text.code(0)) ? 0 : endOfLead(text);
  const minus = text.code(i) === MINUS;
  if (minus) i++;
  const dollar = text.code(i) === DOLLAR;
  if (dollar) i++;
  if (!isDigit(text.code(i))) return null;
  const n = scanNumeral(text, i);
  if (!n.wellFormed) return null;
  const stop = endOfText(text);
  let at = n.end;
  let power = 0;
  let percent = false;
  let yuan = false;
  if (at < stop) {
    const c = text.code(at);
    if (c === PERCENT) {
      percent = true;
      at++;
    } else if (c === WAN || c === YI || c === YUAN) {
      if (c !== YUAN) power = text.code(at++) === WAN ? 4 : 8;
      yuan = text.code(at) === YUAN;
      if (yuan) at++;
    } else if (isLatin(c) || (c === SPACE && isLatin(text.code(at + 1)))) {
      const role = LATIN_WORDS.get(text.slice(c === SPACE ? at + 1 : at, stop).toLowerCase());
      if (role?.role !== "scale") return null;
      power = role.power;
      at = stop;
    }
  }
  if (at !== stop || (dollar && yuan)) return null;
  const step = power - n.decimals - (percent ? 2 : 0);
  const value = decimal(n.mantissa, step);
  return {
    value: minus ? negate(value) : value,
    step,
    decimals: n.decimals,
    dress: percent ? "percent" : "plain",
    scaled: power !== 0,
    sign: minus ? "minus" : "none",
    currency: yuan ? "CNY" : dollar ? "dollar" : null,
    spelled: yuan,
    unit: null,
    per: null,
  };
}
