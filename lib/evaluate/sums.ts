/** Sums written out in a text ("640/800=80%"), recomputed. Pure. */
import { plain } from "../world/index.ts";

export interface Sum {
  /** As it stands in the text, blanks and currencies left out: "640/800=80%". */
  text: string;
  holds: boolean;
}

/** A term and what it is said to be; terms of "=" must hold an operator, else "x=5" would be a sum. */
const RELATION =
  /(?<![\w.)%*/+-])([-(]*\d[\d.%()+*/-]*?)(<=|>=|=|<|>)(-?\d+(?:\.\d+)?%?)(?!\d|\.\d|[*/%(]|[+-]\d)/gu;

/**
 * Every sum and every comparison of numbers in a text, each held against its own result.
 *
 * A result holds when it is the exact value, or that value rounded to two or four decimals (of a percentage:
 * of its points). A factor with two decimals may itself have been rounded. Signs of multiplication, thousands
 * and currencies may be written in any common way. A sum in words is none. Linear in the text for lines of a
 * usual length.
 *
 * @example readSums("170/1700=10%\n10%*2=30%")
 * //=> [{ text: "170/1700=10%", holds: true }, { text: "10%*2=30%", holds: false }]
 */
export function readSums(text: string): Sum[] {
  return text.split("\n").flatMap((line) => {
    if (line.length > 400) return [];
    return [...tidy(line).matchAll(RELATION)].flatMap(([whole, left, sign, right]): Sum[] => {
      if (sign === "=" && !/\d%?\)*[-+*/]/.test(left!)) return [];
      const [a, b] = [valueOf(left!), valueOf(right!)];
      if (a === null || b === null) return [];
      const holds = relates(a, sign!, b, right!) || (sign === "=" && holdsRounded(left!, b));
      return [{ text: whole, holds }];
    });
  });
}

function tidy(line: string): string {
  return line
    .normalize("NFKC")
    .replace(/(\d),(?=\d{3}(?!\d))/g, "$1")
    .replace(/[×✕∗·]/g, "*")
    .replace(/÷/g, "/")
    .replace(/[−–]/g, "-")
    .replace(/≈/g, "=")
    .replace(/≥/g, ">=")
    .replace(/≤/g, "<=")
    .replace(/[$¥€£]/g, "")
    .replace(/^\s*[-*•]\s+/, "")
    .replace(/\s*([-+*/=<>()%])\s*/g, "$1");
}

function relates(a: number, sign: string, b: number, written: string): boolean {
  if (sign === "=") {
    const scale = written.endsWith("%") ? 100 : 1;
    const shown = plain(b * scale, 10);
    return [2, 4, 10].some((decimals) => plain(a * scale, decimals) === shown);
  }
  const near = Math.abs(a - b) < 1e-9;
  if (sign === ">") return a > b && !near;
  if (sign === "<") return a < b && !near;
  return sign === ">=" ? a > b || near : a < b || near;
}

/**
 * A factor with two decimals may be a rounded one ("7.5/9.38=80%", of 9.375): does the result hold exactly
 * for a number of four decimals that is rounded so? Exactly, for else 825/1.25 might be 657.
 */
function holdsRounded(term: string, result: number): boolean {
  if (!/[*/]/.test(term)) return false;
  return [...term.matchAll(/\d+\.\d\d(?!\d)/g)].some(({ 0: factor, index }) => {
    const rest = term.slice(index + factor.length);
    for (let k = -50; k <= 50; k++) {
      const exact = plain(Number(factor) + k / 10_000, 4);
      const value = valueOf(`${term.slice(0, index)}${exact}${rest}`);
      if (value !== null && Math.abs(value - result) <= 1e-9 * Math.max(1, Math.abs(result))) return true;
    }
    return false;
  });
}

/** The value of a term of numbers, "%", + - * / and brackets; null where it is none, or has no value. */
function valueOf(term: string): number | null {
  let at = 0;
  const sum = (): number => {
    let value = product();
    while (term[at] === "+" || term[at] === "-") value += term[at++] === "+" ? product() : -product();
    return value;
  };
  const product = (): number => {
    let value = factor();
    while (term[at] === "*" || term[at] === "/")
      value = term[at++] === "*" ? value * factor() : value / factor();
    return value;
  };
  const factor = (): number => {
    if (term[at] === "-") return (at++, -factor());
    if (term[at] === "(") {
      at++;
      const value = sum();
      return term[at++] === ")" ? value : NaN;
    }
    const number = /^\d+(?:\.\d+)?/.exec(term.slice(at))?.[0];
    if (number === undefined) return NaN;
    at += number.length;
    if (term[at] !== "%") return Number(number);
    at++;
    return Number(number) / 100;
  };
  const value = sum();
  return at === term.length && Number.isFinite(value) ? value : null;
}
