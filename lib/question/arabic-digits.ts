/**
 * Chinese numerals as Arabic digits, for comparing texts. Not for reading answers: it converts 一 in 一般
 * too, in both texts alike.
 */
import { chineseDigit, scanChineseNumeral, zerosOf } from "./chinese-numerals.ts";

/** As they are written by hand, from banker's and traditional forms. */
const PLAIN = new Map(
  "壹一贰二叁三肆四伍五陆六柒七捌八玖九拾十佰百仟千萬万億亿〇零两二兩二"
    .match(/../g)!
    .map((pair) => [pair[0]!, pair[1]!]),
);

/**
 * The text with Chinese numerals written in digits: 二〇二三 → 2023, 一百二十万 → 1200000, 百分之十二点五 →
 * 12.5%, 千分之五 → 5‰, 二分之一 → 1/2, 1.5亿 → 150000000, 1亿2000万 → 120000000.
 *
 * A scale without a number (万科, 亿元) stays. Longer runs are read piece by piece. Linear in the text.
 */
export function arabicDigits(text: string): string {
  return text
    .replace(/[壹贰叁肆伍陆柒捌玖拾佰仟萬億〇两兩]/g, (c) => PLAIN.get(c)!)
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
  return value === null || decimals === undefined ? (value ?? run) : `${value}.${digitsOf(decimals)}`;
}

const digitsOf = (text: string): string => Array.from(text, chineseDigit).join("");

/** Zeros in front stay where there are digits alone: 〇〇五 may be a name. */
function readWhole(text: string): string | null {
  if (!/[十百千万亿]/.test(text)) return digitsOf(text);
  const numeral = /^[百千万亿]/.test(text) ? null : scanChineseNumeral(text, 0);
  return numeral && String(numeral.mantissa);
}

/** 1亿2000万, 1万零5百: parts with falling scales make one number. Others (2千3万) stay as they are. */
function addScales(run: string): string {
  const parts = [...run.matchAll(/(\d+)(?:\.(\d+))?([百千万亿])/g)].map(([, whole, fraction, scale]) => ({
    value: shift(whole!, fraction ?? "", scale!),
    zeros: zerosOf(scale!),
  }));
  const falls = parts.every(({ zeros }, i) => i === 0 || zeros < parts[i - 1]!.zeros);
  return falls && parts.every(({ value }) => !value.includes("."))
    ? String(parts.reduce((sum, { value }) => sum + BigInt(value), 0n))
    : run;
}

/** whole.fraction × the scale, exactly: the decimal point moves. */
function shift(whole: string, fraction: string, scale: string): string {
  const zeros = [...scale].reduce((sum, c) => sum + zerosOf(c), 0);
  const digits = whole + fraction.slice(0, zeros).padEnd(zeros, "0");
  const rest = fraction.slice(zeros);
  return (digits.replace(/^0+(?=\d)/, "") || "0") + (rest ? `.${rest}` : "");
}
