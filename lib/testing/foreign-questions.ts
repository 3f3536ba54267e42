/** Short questions as a reader would bring them, made by a few lines: not of our world, without a `kind`. */
import type { Question } from "../records.ts";
import { createRandom } from "../stats/random.ts";
import type { Random } from "../stats/random.ts";

/** A row as a reader would bring it: `id`, `source` and `type` only where the reader gives them. */
export type OwnQuestion = Pick<Question, "question" | "gold_answer"> & Partial<Pick<Question, "type">>;

type Make = (random: Random) => OwnQuestion;

const round = (value: number, digits = 2): string => String(Number(value.toFixed(digits)));

const ENGLISH: readonly Make[] = [
  (r) => {
    const [boxes, each, sold] = [r.int(3, 30), r.int(4, 24), r.int(2, 11)];
    const question = `A shop buys ${boxes} boxes of ${each} pens and sells ${sold}. How many pens are left?`;
    return { question, gold_answer: String(boxes * each - sold) };
  },
  (r) => {
    const [wage, hours, rent] = [r.int(11, 39), r.int(20, 60), r.int(100, 200)];
    const work = `Ana earns $${wage} an hour for ${hours} hours`;
    const question = `${work} and pays $${rent} of rent. How many dollars remain?`;
    return { question, gold_answer: `$${wage * hours - rent}` };
  },
  (r) => {
    const [price, off] = [20 * r.int(2, 40), 5 * r.int(1, 12)];
    const question = `A coat costs $${price} and is sold at ${off}% off. What is the price now, in dollars?`;
    return { question, gold_answer: round((price * (100 - off)) / 100) };
  },
  (r) => {
    const [old, rise] = [10 * r.int(4, 60), r.int(2, 45)];
    const now = round((old * (100 + rise)) / 100);
    const question = `Sales went from ${old} million to ${now} million. By what percentage did they rise?`;
    return { question, gold_answer: `${rise}%` };
  },
  (r) => {
    const [debt, equity] = [r.int(10, 90), r.int(10, 90)];
    const question = `Debt is ${debt} million, equity ${equity} million. Is debt larger? Answer yes or no.`;
    return { question, gold_answer: debt > equity ? "yes" : "no" };
  },
];

const CHINESE: readonly Make[] = [
  (r) => {
    const [revenue, share] = [100 * r.int(2, 60), r.int(5, 40)];
    const profit = round((revenue * share) / 100);
    const question = `某公司营业收入为${revenue}万元，净利润为${profit}万元，净利率是多少？`;
    return { question, gold_answer: `${share}%` };
  },
  (r) => {
    const [principal, rate, years] = [1000 * r.int(1, 80), r.int(2, 6), r.int(2, 5)];
    const question = `本金${principal}元，年利率${rate}%，按单利计息${years}年，利息共多少元？`;
    return { question, gold_answer: `${round((principal * rate * years) / 100)}元` };
  },
  (r) => {
    const [assets, debt] = [r.int(300, 900), r.int(50, 290)];
    const question = `某企业总资产${assets}万元，总负债${debt}万元，所有者权益是多少万元？`;
    return { question, gold_answer: `${assets - debt}万元` };
  },
  (r) => {
    const [term, right] = r.pick(TERMS);
    const order = r.shuffle(OPTIONS);
    const options = order.map((option, i) => `${"ABCD"[i]}. ${option}`).join("\n");
    const question = `编号${r.int(100, 999)}的账户中，${term}属于下列哪一类？\n${options}`;
    return { question, gold_answer: "ABCD"[order.indexOf(right)]! };
  },
];

const OPTIONS = ["流动资产", "非流动资产", "流动负债", "非流动负债"];
const TERMS: readonly (readonly [string, string])[] = [
  ["应收账款", "流动资产"],
  ["固定资产", "非流动资产"],
  ["应付账款", "流动负债"],
  ["长期借款", "非流动负债"],
  ["存货", "流动资产"],
  ["无形资产", "非流动资产"],
];

/** `count` different questions, the templates in turn; the same count and seed give the same ones. */
function ownQuestions(makers: readonly Make[], name: string, count: number, seed: number): OwnQuestion[] {
  const random = createRandom(`${name}/${seed}`);
  const made = new Map<string, OwnQuestion>();
  for (let turn = 0; made.size < count; turn++) {
    const row = makers[turn % makers.length]!(random);
    made.set(row.question, row);
  }
  return [...made.values()];
}

/** English word problems: numbers, money, percentages, yes or no. */
export function englishQuestions(count: number, seed = 1): OwnQuestion[] {
  return ownQuestions(ENGLISH, "english", count, seed);
}

/** Chinese finance questions: numbers and choices of four. */
export function chineseQuestions(count: number, seed = 1): OwnQuestion[] {
  return ownQuestions(CHINESE, "chinese", count, seed);
}
