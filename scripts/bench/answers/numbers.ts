/** Rules 1–4: one value, its normal forms, exact decimals, scale. */
import type { Random } from "../../../lib/stats/random.ts";
import type { Amount } from "./amount.ts";
import { grouped, isRound, plain, sameDecimals, scientific, shift, withMoreZeros } from "./amount.ts";
import { bankersNumeral, chineseNumeral } from "./numerals.ts";
import type { Family, Pair } from "./pair.ts";
import { right, wrong } from "./pair.ts";
import { spoil, wrapNumber } from "./wrapping.ts";

const SCALES: [word: string, power: number][] = [
  ["千", 3],
  ["万", 4],
  ["亿", 8],
  ["百万", 6],
  ["千万", 7],
  [" thousand", 3],
  ["k", 3],
  [" million", 6],
  ["m", 6],
  ["mn", 6],
  ["MM", 6],
  [" billion", 9],
  ["bn", 9],
];

/** A number of 1–9 digits with 0–4 decimals, not zero, sometimes negative. */
export function drawAmount(random: Random, options: { negative?: boolean } = {}): Amount {
  const digits = random.int(1, 9);
  const units = BigInt(random.int(10 ** (digits - 1), 10 ** digits - 1));
  const decimals = Math.min(digits, random.pick([0, 0, 1, 2, 2, 3, 4]));
  return { units: (options.negative ?? true) && random.next() < 0.25 ? -units : units, decimals };
}

/** One exact value in any dress of rules 2–4, without currency or percent. */
function dressNumber(a: Amount, random: Random): string {
  const draw = random.next();
  if (draw < 0.4) return sameDecimals(a, random);
  if (draw < 0.5) return sameDecimals(withMoreZeros(a, random), random);
  if (draw < 0.8) {
    const [word, power] = random.pick(SCALES);
    const mantissa = shift(a, -power);
    if (mantissa.decimals <= 9) return sameDecimals(mantissa, random) + word;
  }
  if (draw < 0.9) {
    const { mantissa, exponent } = scientific(a);
    const form = random.pick(["e", "E", "×10^", "\\times10^", " x 10^"]);
    if (form.length === 1) return `${mantissa}${form}${exponent}`;
    return form.startsWith("\\") ? `$${mantissa}\\times10^{${exponent}}$` : `${mantissa}${form}${exponent}`;
  }
  const size = a.units < 0n ? -a.units : a.units;
  if (size / 10n ** BigInt(a.decimals) < 10n ** 12n) {
    if (a.units > 0n && isRound(a) && random.next() < 0.4) return bankersNumeral(a);
    return chineseNumeral(a);
  }
  return plain(a);
}

/**
 * Another value that no rounding can take for the first: its leading digit, its size or its sign is changed.
 */
export function changeAmount(a: Amount, random: Random): { amount: Amount; how: string } {
  const text = (a.units < 0n ? -a.units : a.units).toString();
  const sign = a.units < 0n ? -1n : 1n;
  const how = random.pick([
    "leading digit",
    "ten times",
    "a tenth",
    "sign",
    "thousand times",
    "dropped point",
  ]);
  if (how === "ten times") return { how, amount: shift(a, 1) };
  if (how === "a tenth") return { how, amount: shift(a, -1) };
  if (how === "thousand times") return { how, amount: shift(a, 3) };
  if (how === "sign") return { how, amount: { units: -a.units, decimals: a.decimals } };
  if (how === "dropped point" && a.decimals > 0) return { how, amount: { units: a.units, decimals: 0 } };
  const lead = Number(text[0]);
  const other = lead === 9 ? random.int(1, 8) : random.int(lead + 1, 9);
  return {
    how: "leading digit",
    amount: { units: sign * BigInt(String(other) + text.slice(1)), decimals: a.decimals },
  };
}

const sameValue: Family = (random) => {
  const a = drawAmount(random);
  return right("2–4 same value", dressNumber(a, random), wrapNumber(dressNumber(a, random), random));
};

const otherValue: Family = (random) => {
  const a = drawAmount(random);
  const { amount, how } = changeAmount(a, random);
  return wrong(`3–4 ${how}`, dressNumber(a, random), wrapNumber(dressNumber(amount, random), random));
};

const otherScale: Family = (random) => {
  const a = drawAmount(random);
  const [word, power] = random.pick(SCALES);
  const [wordB] = random.pick(SCALES.filter(([, p]) => p !== power));
  return wrong("4 scale word", plain(a) + word, plain(a) + wordB);
};

const manyValues: Family = (random) => {
  const a = drawAmount(random, { negative: false });
  const { amount } = changeAmount(a, random);
  return wrong("1 not one value", plain(a), spoil(plain(a), plain(amount), random));
};

const restated: Family = (random) => {
  const a = drawAmount(random, { negative: false });
  const [word, power] = random.pick(SCALES);
  const scaled = plain(shift(a, -power)) + word;
  return right(
    "1 restatement",
    plain(a),
    random.pick([
      `${scaled} (${grouped(plain(a), ",")})`,
      `${plain(a)}（${scaled}）`,
      `${plain(a)} = ${scaled}`,
    ]),
  );
};

const nounAfter: Family = (random): Pair => {
  const a = drawAmount(random, { negative: false });
  const noun = random.pick(["months", "billionaires", "kids", "managers", "bananas"]);
  return right("4 a noun is not a scale", plain(a), `${plain(a)} ${noun}`);
};

export const NUMBER_FAMILIES: Family[] = [
  sameValue,
  sameValue,
  sameValue,
  otherValue,
  otherValue,
  otherScale,
  manyValues,
  restated,
  nounAfter,
];
