/** Rule 7: currency and unit; and the scale a question states (rule 4). */
import type { Random } from "../../../lib/stats/random.ts";
import type { Amount } from "./amount.ts";
import { grouped, plain, sameDecimals, shift } from "./amount.ts";
import { changeAmount, drawAmount } from "./numbers.ts";
import type { Family } from "./pair.ts";
import { right, wrong } from "./pair.ts";
import { wrapNumber } from "./wrapping.ts";

const CURRENCIES: ((text: string) => string)[][] = [
  [
    (t) => `${t}元`,
    (t) => `${t} 元`,
    (t) => `RMB ${t}`,
    (t) => `CNY ${t}`,
    (t) => `¥${t}`,
    (t) => `人民币${t}元`,
  ],
  [(t) => `$${t}`, (t) => `US$${t}`, (t) => `${t}美元`, (t) => `USD ${t}`, (t) => `${t} dollars`],
  [(t) => `€${t}`, (t) => `EUR ${t}`, (t) => `${t}欧元`, (t) => `${t} euros`],
  [(t) => `£${t}`, (t) => `GBP ${t}`, (t) => `${t}英镑`],
];

const UNITS: string[][] = [
  ["年", " years", " year"],
  ["个月", " months"],
  ["天", " days"],
  ["小时", " hours"],
];

const money = (random: Random) =>
  grouped(plain(drawAmount(random, { negative: false })), random.pick(["", ","]));

const sameCurrency: Family = (random) => {
  const currency = random.pick(CURRENCIES);
  const text = money(random);
  return right("7 same currency", random.pick(currency)(text), random.pick(currency)(text));
};

const noCurrency: Family = (random) => {
  const text = money(random);
  const dressed = random.pick(random.pick(CURRENCIES))(text);
  return random.next() < 0.5
    ? right("7 currency left out", dressed, wrapNumber(text, random))
    : right("7 currency added", text, wrapNumber(dressed, random));
};

const otherCurrency: Family = (random) => {
  const [a, b] = random.shuffle(CURRENCIES) as [(typeof CURRENCIES)[0], (typeof CURRENCIES)[0]];
  const text = money(random);
  return wrong("7 currencies contradict", random.pick(a)(text), random.pick(b)(text));
};

const unit: Family = (random) => {
  const [a, b] = random.shuffle(UNITS) as [string[], string[]];
  const text = plain(drawAmount(random, { negative: false }));
  const gold = text + random.pick(a);
  const draw = random.next();
  if (draw < 0.3) return right("7 same unit", gold, text + random.pick(a));
  if (draw < 0.6) return right("7 unit left out", gold, text);
  return wrong("7 units contradict", gold, text + random.pick(b));
};

const perShare: Family = (random) => {
  const text = plain(drawAmount(random, { negative: false }));
  const draw = random.next();
  if (draw < 0.4) return wrong("7 per share is not total", `${text}元`, `${text}元/股`);
  if (draw < 0.7) return right("7 per share, stated", `${text}元/股`, `${text}元`, "每股收益是多少元？");
  return right("7 per share", `$${text} per share`, `$${text}/share`);
};

const STATED: [question: string, power: number, words: string[]][] = [
  ["What was net income, in millions?", 6, [" million", "m", "mn"]],
  ["What was net income (in thousands)?", 3, [" thousand", "k"]],
  ["What was revenue in billions of dollars?", 9, [" billion", "bn"]],
  ["公司的净利润是多少万元？", 4, ["万元", "万"]],
  ["公司的总资产是多少亿元？", 8, ["亿元", "亿"]],
];

const statedScale: Family = (random) => {
  const [question, power, words] = random.pick(STATED);
  const a: Amount = drawAmount(random, { negative: false });
  const forms = [plain(a), plain(a) + random.pick(words), sameDecimals(shift(a, power), random)];
  return right("4 a stated scale", random.pick(forms), random.pick(forms), question);
};

const unstatedScale: Family = (random) => {
  const [, , words] = random.pick(STATED);
  const text = plain(drawAmount(random, { negative: false }));
  const [gold, prediction] = random.shuffle([text + random.pick(words), text]) as [string, string];
  return wrong("4 nothing states the scale", gold, prediction, "What was net income?");
};

const statedScaleOther: Family = (random) => {
  const [question, power] = random.pick(STATED);
  const a = drawAmount(random, { negative: false });
  const other = random.pick(STATED.filter(([, p]) => p !== power));
  if (random.next() < 0.5)
    return wrong("4 another scale than stated", plain(a), plain(a) + random.pick(other[2]), question);
  const { amount } = changeAmount({ units: a.units, decimals: 0 }, random);
  const lead = { units: amount.units < 0n ? -amount.units : amount.units, decimals: 0 };
  if (lead.units === a.units || String(lead.units).replace(/0+$/, "") === String(a.units).replace(/0+$/, ""))
    return wrong("4 another value, stated scale", String(a.units), `-${a.units}`, question);
  return wrong("4 another value, stated scale", String(a.units), String(lead.units), question);
};

export const UNIT_FAMILIES: Family[] = [
  sameCurrency,
  noCurrency,
  otherCurrency,
  unit,
  perShare,
  statedScale,
  unstatedScale,
  statedScaleOther,
];
