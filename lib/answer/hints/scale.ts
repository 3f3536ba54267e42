/** The scales a question states: "in millions", "(USD mn)", 多少万元, 用亿元表示. */
import { latinAt, wordsOf } from "../reading/characters.ts";

const scalesOf = (listed: string): [word: string, power: number][] =>
  wordsOf(listed).map((pair) => [pair.split(" ")[0]!, Number(pair.split(" ")[1])]);
const ENGLISH_SCALES = scalesOf("thousand 3|million 6|billion 9|trillion 12");
/** Only after a currency: "in $mm", "(US$ bn)". */
const SHORT_SCALES = scalesOf("mm 6|mn 6|mln 6|m 6|bn 9|k 3");
const CURRENCIES = wordsOf("us$|hk$|$|€|£|¥|usd|rmb|cny|eur|hkd");
const CHINESE_SCALES = scalesOf("千万元 7|百万 6|万亿 12|千元 3|万 4|亿 8");
const CHINESE_LEADS = wordsOf("多少|几|单位:|单位：|单位|单位为|单位是|(|（|以|用|单位:人民币|单位：人民币");

/**
 * Every scale that is asked for or named as the unit, not those of the data ("5 million"). `text` is in lower
 * case.
 */
export function statedScales(text: string): Set<number> {
  const found = new Set<number>();
  for (const [word, power] of ENGLISH_SCALES) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length))
      if (namesUnit(withoutCurrency(leadOf(text, at)))) found.add(power);
  }
  addShortScales(text, found);
  for (let i = 0; i < text.length; i++) {
    if (!"千百万亿".includes(text[i]!)) continue;
    const hit = CHINESE_SCALES.find(([word]) => text.startsWith(word, i));
    if (!hit) continue;
    const lead = text.slice(Math.max(0, i - 7), i);
    if (CHINESE_LEADS.some((word) => lead.endsWith(word))) found.add(hit[1]);
    i += hit[0].length - 1;
  }
  return found;
}

function addShortScales(text: string, found: Set<number>): void {
  for (const currency of CURRENCIES) {
    for (let at = text.indexOf(currency); at >= 0; at = text.indexOf(currency, at + currency.length)) {
      let from = at + currency.length;
      if (text[from] === " ") from++;
      const hit = SHORT_SCALES.find(
        ([word]) => text.startsWith(word, from) && !latinAt(text, from + word.length),
      );
      if (hit && namesUnit(leadOf(text, at))) found.add(hit[1]);
    }
  }
}

const leadOf = (text: string, at: number): string => text.slice(Math.max(0, at - 12), at).trimEnd();
const namesUnit = (lead: string): boolean =>
  lead === "in" || wordsOf(" in|(in|(|many").some((word) => lead.endsWith(word));

function withoutCurrency(lead: string): string {
  const currency = CURRENCIES.find((word) => lead.endsWith(word));
  return currency ? lead.slice(0, -currency.length).trimEnd() : lead;
}
