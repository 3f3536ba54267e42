/** Rule 9: ranges, inequalities, ratios, fractions, multiples. */
import type { Random } from "../../../lib/stats/random.ts";
import type { Amount } from "./amount.ts";
import { plain, shift } from "./amount.ts";
import type { Family } from "./pair.ts";
import { right, wrong } from "./pair.ts";
import { wrapAnswer, wrapNumber } from "./wrapping.ts";

function drawEnds(random: Random): [string, string, string] {
  const decimals = random.int(0, 2);
  const lo: Amount = { units: BigInt(random.int(1, 500)), decimals };
  const hi: Amount = { units: lo.units + BigInt(random.int(2, 400)), decimals };
  const inside: Amount = { units: lo.units + 1n, decimals };
  return [plain(lo), plain(hi), plain(inside)];
}

const JOINS = ["-", "–", "~", "至", " to "];
const RANGE_UNITS = ["%", "", "亿元", " million"];

const range: Family = (random) => {
  const [lo, hi, inside] = drawEnds(random);
  const unit = random.pick(RANGE_UNITS);
  const gold = `${lo}${unit}${random.pick(JOINS)}${hi}${unit}`;
  const draw = random.next();
  if (draw < 0.5)
    return right(
      "9 range",
      gold,
      wrapAnswer(`${lo}${random.pick(["", unit])}${random.pick(JOINS)}${hi}${unit}`, random),
    );
  if (draw < 0.65) return wrong("9 inside is not equal", gold, inside + unit);
  if (draw < 0.8) return wrong("9 another end", gold, `${lo}${unit}-${inside}${unit}`);
  if (draw < 0.9) return wrong("9 one end", gold, hi + unit);
  return wrong("9 a range for one value", inside + unit, `${lo}${unit}-${hi}${unit}`);
};

const ABOVE: ((t: string) => string)[] = [
  (t) => `>${t}`,
  (t) => `more than ${t}`,
  (t) => `超过${t}`,
  (t) => `大于${t}`,
  (t) => `> ${t}`,
  (t) => `greater than ${t}`,
];
const BELOW: ((t: string) => string)[] = [
  (t) => `<${t}`,
  (t) => `less than ${t}`,
  (t) => `低于${t}`,
  (t) => `小于${t}`,
  (t) => `below ${t}`,
];
const AT_LEAST: ((t: string) => string)[] = [
  (t) => `≥${t}`,
  (t) => `at least ${t}`,
  (t) => `不低于${t}`,
  (t) => `不少于${t}`,
  (t) => `>=${t}`,
];

const inequality: Family = (random) => {
  const value =
    plain({ units: BigInt(random.int(1, 9999)), decimals: random.int(0, 2) }) +
    random.pick(["%", "", "亿元"]);
  const [a, b] = random.shuffle([ABOVE, BELOW]) as [typeof ABOVE, typeof ABOVE];
  const gold = random.pick(a)(value);
  const draw = random.next();
  if (draw < 0.35) return right("9 inequality", gold, random.pick(a)(value));
  if (draw < 0.5) return right("9 inequality", random.pick(AT_LEAST)(value), random.pick(AT_LEAST)(value));
  if (draw < 0.7) return wrong("9 inequality dropped", gold, value);
  if (draw < 0.85) return wrong("9 inequality added", value, gold);
  return wrong("9 inequality turned round", gold, random.pick(b)(value));
};

const ratio: Family = (random) => {
  const b = random.pick([1, 2, 4, 5, 8]);
  const a = random.int(1, 40);
  const value = plain(shift({ units: (BigInt(a) * 1000n) / BigInt(b), decimals: 3 }, 0));
  const forms = [`${a}:${b}`, `${a}比${b}`, `${a}：${b}`, `${a}/${b}`, value];
  const draw = random.next();
  if (draw < 0.6) return right("9 ratio", random.pick(forms), wrapNumber(random.pick(forms), random));
  if (a === b) return right("9 ratio", `${a}:${b}`, "1");
  return draw < 0.8
    ? wrong("9 ratio turned round", `${a}:${b}`, `${b}:${a}`)
    : wrong("9 another ratio", `${a}:${b}`, `${a + b}:${b}`);
};

const fraction: Family = (random) => {
  const b = random.pick([3, 6, 7, 9, 11]);
  const a = random.int(1, b - 1);
  const forms = [`${a}/${b}`, `\\frac{${a}}{${b}}`, `$\\frac{${a}}{${b}}$`, `${a} / ${b}`];
  const rounded = (decimals: number) =>
    plain({ units: (BigInt(a) * 2n * 10n ** BigInt(decimals) + BigInt(b)) / (2n * BigInt(b)), decimals });
  const draw = random.next();
  if (draw < 0.4) return right("9 fraction", random.pick(forms), random.pick(forms));
  if (draw < 0.7) return right("8–9 fraction, rounded", random.pick(forms), rounded(random.int(3, 6)));
  if (draw < 0.85) return right("8–9 fraction for a decimal", rounded(random.int(3, 6)), random.pick(forms));
  return wrong("9 another fraction", `${a}/${b}`, `${a}/${b + 1}`);
};

const multiple: Family = (random) => {
  const a: Amount = { units: BigInt(random.int(11, 99)), decimals: 1 };
  const forms = [`${plain(a)}倍`, `${plain(shift(a, 2))}%`, plain(a)];
  if (random.next() < 0.7) return right("9 multiple", forms[0]!, random.pick(forms));
  return wrong(
    "9 another multiple",
    forms[0]!,
    random.pick([`${plain(shift(a, 1))}倍`, `${plain(a)}%`, `${plain(shift(a, 3))}%`]),
  );
};

export const COMPOUND_FAMILIES: Family[] = [range, range, inequality, ratio, fraction, multiple];
