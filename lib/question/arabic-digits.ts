/**
 * Chinese numerals as Arabic digits, for comparing texts. Not for reading answers: it converts 一 in 一般 too,
 * in both texts alike.
 */

const PLAIN: Record<string, string> = {
  壹: "一",
  贰: "二",
  叁: "三",
  肆: "四",
  伍: "五",
  陆: "六",
  柒: "七",
  捌: "八",
  玖: "九",
  拾: "十",
  佰: "百",
  仟: "千",
  萬: "万",
  億: "亿",
  〇: "零",
  两: "二",
  兩: "二",
};
const DIGIT: Record<string, number> = {
  零: 0,
  一: 1,
  二: 2,
  三: 3,
  四: 4,
  五: 5,
  六: 6,
  七: 7,
  八: 8,
  九: 9,
};
const UNIT: Record<string, number> = { 十: 10, 百: 100, 千: 1000 };
const ZEROS: Record<string, number> = { 百: 2, 千: 3, 万: 4, 亿: 8 };

/**
 * The text with Chinese numerals written in digits: 二〇二三 → 2023, 一百二十万 → 1200000, 百分之十二点五 → 12.5%, 千分之五 → 5‰,
 * 二分之一 → 1/2, 1.5亿 → 150000000, 1亿2000万 → 120000000.
 *
 * A scale without a number (万科, 亿元) stays. Longer runs are read piece by piece. Linear in the text.
 */
export function arabicDigits(text: string): string {
  return text
    .replace(/[壹贰叁肆伍陆柒捌玖拾佰仟萬億〇两兩]/g, (c) => PLAIN[c]!)
    .replace(/[零一二三四五六七八九十百千万亿]{1,24}(?:点[零一二三四五六七八九]{1,12})?/g, readRun)
    .replace(/(?<![\d.])\d{1,9}(?:\.\d{1,9})?[百千万亿](?:零?\d{1,9}[百千万亿])+/g, addScales)
    .replace(
      /(?<!\d)(\d{1,20})(?:\.(\d{1,20}))?([百千万亿]{1,3})(?!分[之点])/g,
      (_, whole: string, fraction: string | undefined, scale: string) => shift(whole, fraction ?? "", scale),
    )
    .replace(/百分之(\d+(?:\.\d+)?)/g, "$1%")
    .replace(/千分之(\d+(?:\.\d+)?)/g, "$1‰")
    .replace(/(?<!\d)(\d{1,9})分之(\d{1,9})/g, "$2/$1");
}

function readRun(run: string): string {
  // 百分之 and 万分之 are words; the number stands behind them.
  const [whole = "", decimals] = run.split("点");
  const value = readWhole(whole);
  if (value === null) return run;
  return decimals === undefined ? value : `${value}.${[...decimals].map((c) => DIGIT[c]).join("")}`;
}

function readWhole(text: string): string | null {
  if (!/[十百千万亿]/.test(text)) return [...text].map((c) => DIGIT[c]).join("");
  if (/^[百千万亿]/.test(text)) return null;
  let total = 0,
    section = 0,
    digit = 0;
  for (const c of text) {
    if (c in DIGIT) digit = DIGIT[c]!;
    else if (c in UNIT) {
      section += (digit || (c === "十" ? 1 : 0)) * UNIT[c]!;
      digit = 0;
    } else if (c === "万") {
      total += (section + digit) * 1e4;
      section = digit = 0;
    } else {
      total = (total + section + digit) * 1e8;
      section = digit = 0;
    }
  }
  const value = total + section + digit;
  return Number.isSafeInteger(value) ? String(value) : null;
}

/** 1亿2000万, 1万零5百: parts with falling scales make one number. Others (2千3万) stay as they are. */
function addScales(run: string): string {
  const parts = [...run.matchAll(/(\d+)(?:\.(\d+))?([百千万亿])/g)].map(([, whole, fraction, scale]) => ({
    value: shift(whole!, fraction ?? "", scale!),
    zeros: ZEROS[scale!]!,
  }));
  const falls = parts.every(({ zeros }, i) => i === 0 || zeros < parts[i - 1]!.zeros);
  return falls && parts.every(({ value }) => !value.includes("."))
    ? String(parts.reduce((sum, { value }) => sum + BigInt(value), 0n))
    : run;
}

/** whole.fraction × the scale, exactly: the decimal point moves. */
function shift(whole: string, fraction: string, scale: string): string {
  const zeros = [...scale].reduce((sum, c) => sum + ZEROS[c]!, 0);
  const digits = whole + fraction.slice(0, zeros).padEnd(zeros, "0");
  const rest = fraction.slice(zeros);
  return (digits.replace(/^0+(?=\d)/, "") || "0") + (rest ? `.${rest}` : "");
}
