/** How many decimals a question asks for. */
import { chineseDigit } from "../../question/chinese-numerals.ts";
import { digitAt, wordsOf } from "../reading/characters.ts";

const COUNTS = ["no", "one", "two", "three", "four", "five", "six"];
const NEAREST = new Map([
  ...["whole", "integer", "dollar", "unit", "percent"].map((word): [string, number] => [word, 0]),
  ["tenth", 1],
  ["hundredth", 2],
  ["cent", 2],
  ["thousandth", 3],
]);
const TO_A_WHOLE = wordsOf("保留整数|取整|到整数|到个位|整数位");

/** "two", "2", 两; null for any other word. */
function count(word: string): number | null {
  if (word.length === 1) return digitAt(word, 0) ? Number(word) : chineseDigit(word);
  const at = COUNTS.indexOf(word);
  return at >= 0 ? at : null;
}

/**
 * "two decimals", 保留两位小数, "nearest cent", 精确到0.01: how many decimals are asked for; null when none
 * is said.
 */
export function askedDecimals(text: string, words: string[]): number | null {
  for (let i = 1; i < words.length; i++) {
    if (words[i]!.startsWith("decimal")) return count(words[i - 1]!);
    if (words[i] === "nearest") {
      const place = words.slice(i + 1, i + 3).find((next) => NEAREST.has(next));
      if (place !== undefined) return NEAREST.get(place)!;
    }
  }
  const at = text.indexOf("位小数");
  if (at > 0) return count(text[at - 1]!);
  const after = text.indexOf("小数点后");
  if (after >= 0) {
    const said = Array.from(text.slice(after + 4, after + 8), count).find((n) => n !== null);
    if (said !== undefined) return said;
  }
  if (words.some((w, i) => (w === "whole" && words[i + 1] === "number") || w === "integer")) return 0;
  if (TO_A_WHOLE.some((word) => text.includes(word))) return 0;
  const exact = /精确到0\.(0*)1/.exec(text);
  return exact ? exact[1]!.length + 1 : null;
}
