/** How many decimals a question asks for. */

const isDigit = (c: string) => c >= "0" && c <= "9";

const COUNTS: Record<string, number> = {
  no: 0,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  零: 0,
  一: 1,
  两: 2,
  二: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
};
const NEAREST: Record<string, number> = {
  whole: 0,
  integer: 0,
  dollar: 0,
  unit: 0,
  percent: 0,
  tenth: 1,
  hundredth: 2,
  cent: 2,
  thousandth: 3,
};

const own = (word: string): number | undefined => (Object.hasOwn(COUNTS, word) ? COUNTS[word] : undefined);

/**
 * "two decimals", 保留两位小数, "nearest cent", 精确到0.01: how many decimals are asked for; null when none is said.
 */
export function askedDecimals(text: string, words: string[]): number | null {
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    const count = words[i - 1]!;
    if (word.startsWith("decimal"))
      return own(count) ?? (count.length === 1 && isDigit(count) ? Number(count) : null);
    if (word === "nearest") {
      for (const next of words.slice(i + 1, i + 3)) if (Object.hasOwn(NEAREST, next)) return NEAREST[next]!;
    }
  }
  const at = text.indexOf("位小数");
  if (at > 0) return own(text[at - 1]!) ?? (isDigit(text[at - 1]!) ? Number(text[at - 1]) : null);
  const after = text.indexOf("小数点后");
  if (after >= 0) {
    for (const c of text.slice(after + 4, after + 8))
      if (Object.hasOwn(COUNTS, c) || isDigit(c)) return COUNTS[c] ?? Number(c);
  }
  if (words.some((w, i) => (w === "whole" && words[i + 1] === "number") || w === "integer")) return 0;
  for (const word of ["保留整数", "取整", "到整数", "到个位", "整数位"]) if (text.includes(word)) return 0;
  const exact = text.indexOf("精确到0.");
  if (exact >= 0) {
    let end = exact + 5;
    while (text[end] === "0") end++;
    if (text[end] === "1") return end - exact - 4;
  }
  return null;
}
