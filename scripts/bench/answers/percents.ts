/** Rule 5: percent, fraction, points, multiples; and rule 6: signs in words. */
import type { Random } from "../../../lib/stats/random.ts";
import type { Amount } from "./amount.ts";
import { fullWidth, plain, sameDecimals, shift } from "./amount.ts";
import { chineseNumeral } from "./numerals.ts";
import { changeAmount } from "./numbers.ts";
import type { Family } from "./pair.ts";
import { right, wrong } from "./pair.ts";
import { wrapNumber } from "./wrapping.ts";

const ASKS_PERCENT = [
  "What percentage of revenue was it?",
  "毛利率是百分之几？",
  "What was the percent change?",
  "占比是百分之多少？",
];

/** A percentage between 0.01 and 999 with 0–3 decimals. */
function drawPercent(random: Random, negative = true): Amount {
  const decimals = random.pick([0, 1, 1, 2, 2, 3]);
  const units = BigInt(random.int(1, 999 * 10 ** Math.min(decimals, 2)));
  return { units: negative && random.next() < 0.2 ? -units : units, decimals };
}

/** The percentage with its sign or word: every form says that it is one. */
function dressPercent(p: Amount, random: Random): string {
  const text = sameDecimals(p, random);
  const forms = [`${text}%`, `${text} %`, `${text}\\%`, `${text} percent`, `${fullWidth(plain(p))}％`];
  if (p.units > 0n) forms.push(`百分之${chineseNumeral(p)}`);
  const bp = shift(p, 2);
  if (bp.decimals <= 1 && random.next() < 0.3)
    return `${plain(bp)}${random.pick(["bp", "bps", " basis points", "个基点"])}`;
  const tenths = shift(p, -1);
  if (p.units > 0n && tenths.decimals <= 1 && p.units < (1000n * 10n ** BigInt(p.decimals)) / 10n) {
    const [whole = "", half] = plain(tenths).split(".");
    if (whole !== "0" && random.next() < 0.5)
      return (
        chineseNumeral({ units: BigInt(whole), decimals: 0 }) +
        "成" +
        (half ? chineseNumeral({ units: BigInt(half), decimals: 0 }) : "")
      );
  }
  return random.pick(forms);
}

const samePercent: Family = (random) => {
  const p = drawPercent(random);
  return right("5 same percentage", dressPercent(p, random), wrapNumber(dressPercent(p, random), random));
};

const asFraction: Family = (random) => {
  const p = drawPercent(random);
  const fraction = sameDecimals(shift(p, -2), random);
  return random.next() < 0.5
    ? right("5 fraction for percent", dressPercent(p, random), wrapNumber(fraction, random))
    : right("5 percent for fraction", fraction, wrapNumber(dressPercent(p, random), random));
};

const bareAsPercent: Family = (random) => {
  const p = drawPercent(random);
  const gold = random.next() < 0.5 ? `${plain(p)}%` : plain(p);
  const question = gold.endsWith("%") && random.next() < 0.5 ? "" : random.pick(ASKS_PERCENT);
  return right(
    "5 bare number is percent first",
    gold,
    gold.endsWith("%") ? sameDecimals(p, random) : dressPercent(p, random),
    question,
  );
};

const otherPercent: Family = (random) => {
  const p = drawPercent(random);
  const { amount, how } = changeAmount(p, random);
  return wrong(
    `5 ${how}`,
    `${plain(p)}%`,
    wrapNumber(dressPercent(amount, random), random),
    random.pick(["", ...ASKS_PERCENT]),
  );
};

const explicitHundred: Family = (random) => {
  const p = drawPercent(random);
  const power = random.pick([-2, 2]);
  return wrong(
    "5 an explicit sign beats a guess",
    `${plain(p)}%`,
    wrapNumber(`${plain(shift(p, power))}%`, random),
  );
};

const points: Family = (random) => {
  const p = drawPercent(random, false);
  const bp = shift(p, 2);
  const gold = `${plain(p)}${random.pick(["pp", "个百分点", " percentage points"])}`;
  const draw = random.next();
  if (draw < 0.4)
    return right("5 points = 100 bp", gold, `${plain(bp)}${random.pick(["bp", " basis points", "个基点"])}`);
  if (draw < 0.7)
    return right("5 points", gold, `${plain(p)}${random.pick(["pp", "个百分点", " percentage points"])}`);
  return wrong("5 points against bp", gold, `${plain(p)}bp`);
};

const DOWN: ((t: string) => string)[] = [
  (t) => `下降${t}`,
  (t) => `降低${t}`,
  (t) => `下滑了${t}`,
  (t) => `decreased by ${t}`,
  (t) => `fell by ${t}`,
  (t) => `a decrease of ${t}`,
  (t) => `同比下降${t}`,
];
const UP: ((t: string) => string)[] = [
  (t) => `增长${t}`,
  (t) => `上升了${t}`,
  (t) => `increased by ${t}`,
  (t) => `rose by ${t}`,
  (t) => `同比增长${t}`,
];

const direction: Family = (random) => {
  const p = drawPercent(random, false);
  const size = `${plain(p)}%`;
  const down = random.next() < 0.5;
  const gold = down ? `-${size}` : size;
  const says = random.next() < 0.5;
  const text = random.pick(says ? DOWN : UP)(size);
  const question = random.pick(["", "同比变动幅度是多少？", "What was the change?"]);
  return says === down
    ? right("6 direction word", gold, text, question)
    : wrong("6 opposite direction", gold, text, question);
};

const statedFall: Family = (random) => {
  const p = drawPercent(random, false);
  const size = `${plain(p)}%`;
  const question = random.pick([
    "By how much did revenue fall?",
    "营业收入下降了多少？",
    "How much did costs decrease?",
  ]);
  const forms = [size, `-${size}`, `\u2212${size}`];
  if (random.next() < 0.7)
    return right(
      "6 the question states the fall",
      random.pick(forms),
      random.pick([...forms, random.pick(DOWN)(size)]),
      question,
    );
  return wrong(
    "6 the question states the fall, the answer a rise",
    random.pick(forms),
    random.pick(UP)(size),
    question,
  );
};

export const PERCENT_FAMILIES: Family[] = [
  samePercent,
  samePercent,
  asFraction,
  bareAsPercent,
  otherPercent,
  explicitHundred,
  points,
  direction,
  statedFall,
];
