/** Rules 10–12: choices, yes and no, keywords. */
import type { Random } from "../../../lib/stats/random.ts";
import type { Family } from "./pair.ts";
import { right, wrong } from "./pair.ts";
import { fullWidth } from "./amount.ts";

const LETTERS = ["A", "B", "C", "D"];
const LETTER_FORMS: ((l: string) => string)[] = [
  (l) => l,
  (l) => l.toLowerCase(),
  (l) => `(${l})`,
  (l) => `（${l}）`,
  (l) => `选${l}`,
  (l) => `答案：${l}`,
  (l) => `**${l}**`,
  fullWidth,
  (l) => `${l}.`,
  (l) => `${l}。`,
  (l) => `The answer is ${l}.`,
  (l) => `I choose ${l}.`,
  (l) => `答案是${l}`,
  (l) => `Option ${l}`,
  (l) => `\\boxed{${l}}`,
  (l) => `应选${l}项`,
  (l) => `[${l}]`,
  (l) => `${l})`,
  (l) => `Answer: ${l}`,
  (l) => `选项${l}`,
];

function drawQuestion(random: Random): { question: string; values: string[] } {
  const start = random.int(1, 40);
  const step = random.int(2, 9);
  const kind = random.pick(["%", "万元", "text"]);
  const texts = random.shuffle([
    "流动比率",
    "速动比率",
    "资产负债率",
    "存货周转率",
    "市盈率",
    "净资产收益率",
  ]);
  const values = LETTERS.map((_, i) => (kind === "text" ? texts[i]! : `${start + i * step}${kind}`));
  const dot = random.pick([".", "、", ". ", "．", ") "]);
  return {
    question: `下列哪一项正确？\n${LETTERS.map((l, i) => `${l}${dot}${values[i]}`).join("\n")}`,
    values,
  };
}

const choice: Family = (random) => {
  const { question, values } = drawQuestion(random);
  const i = random.int(0, 3);
  const j = (i + random.int(1, 3)) % 4;
  const gold = LETTERS[i]!;
  const other = LETTERS[j]!;
  const listed = random.next() < 0.5 ? question : "";
  const form = random.pick(LETTER_FORMS);
  const draw = random.next();
  if (draw < 0.35) return right("10 the letter in any dress", gold, form(gold), listed);
  if (draw < 0.6) return wrong("10 another letter", gold, form(other), listed);
  if (draw < 0.7) return right("10 the option's value", gold, values[i]!, question);
  if (draw < 0.78) return wrong("10 another option's value", gold, values[j]!, question);
  if (draw < 0.86) return right("10 letter and value", gold, `${gold}. ${values[i]}`, question);
  if (draw < 0.93) return wrong("10 letter against value", gold, `${gold}. ${values[j]}`, question);
  return wrong(
    "10 two letters",
    gold,
    random.pick([`${gold} or ${other}`, `${gold}或${other}`, `${gold}和${other}`, `${gold},${other}`]),
    listed,
  );
};

const JOINERS = ["", ",", ", ", "、", "和", " and ", " "];

const multiSelect: Family = (random) => {
  const chosen = random.shuffle(LETTERS).slice(0, random.int(2, 3));
  const gold = chosen.slice().sort().join("");
  const draw = random.next();
  const join = random.pick(JOINERS);
  if (draw < 0.5) return right("10 a set", gold, random.shuffle(chosen).join(join));
  if (draw < 0.75) return wrong("10 incomplete set", gold, chosen.slice(1).join(join));
  const extra = LETTERS.find((l) => !chosen.includes(l))!;
  return wrong("10 one too many", gold, [...chosen, extra].join(join));
};

const YES = ["是", "是的", "Yes", "yes.", "正确", "对", "True", "答案：是", "是。", "Yes, it is.", "**是**"];
const NO = [
  "否",
  "不是",
  "No",
  "no.",
  "不正确",
  "错误",
  "False",
  "答案：否",
  "否。",
  "not correct",
  "并不是",
  "不对",
  "**否**",
];

const yesNo: Family = (random) => {
  const yes = random.next() < 0.5;
  const gold = random.pick(yes ? ["是", "yes", "Yes", "正确", "true"] : ["否", "no", "No", "错误", "false"]);
  return random.next() < 0.5
    ? right("11 yes/no", gold, random.pick(yes ? YES : NO))
    : wrong("11 yes/no", gold, random.pick(yes ? NO : YES));
};

const KEYWORDS: [string, string][] = [
  ["增强", "减弱"],
  ["上升", "下降"],
  ["提高", "降低"],
  ["改善", "恶化"],
  ["improved", "worsened"],
  ["increased", "decreased"],
  ["higher", "lower"],
];

const keyword: Family = (random) => {
  const [a, b] = random.shuffle(random.pick(KEYWORDS) as unknown as string[]) as [string, string];
  const chinese = a > "\u4e00";
  const draw = random.next();
  if (draw < 0.5)
    return right(
      "12 keyword",
      a,
      random.pick(
        chinese
          ? [a, `偿债能力${a}`, `${a}了`, `该比率${a}。`]
          : [a, `The ratio ${a}.`, `It is ${a}`, a.toUpperCase()],
      ),
    );
  if (draw < 0.75)
    return wrong(
      "12 opposite keyword",
      a,
      random.pick(chinese ? [b, `偿债能力${b}`] : [b, `The ratio ${b}.`]),
    );
  return wrong(
    "12 negated keyword",
    a,
    random.pick(
      chinese
        ? [`并非${a}`, `没有${a}`, `并非${a}，而是${b}`, `未${a}`]
        : [`not ${a}`, `It is not ${a}`, `The ratio was not ${a}, it ${b}`],
    ),
  );
};

const unrelated: Family = (random) =>
  wrong(
    "3 nothing to read",
    random.pick(["0", "5", "12.5%"]),
    random.pick(["", "  ", "N/A", "NaN", "0x10", "1,23", "1.234,5", "0b11", "不知道", "-"]),
  );

export const DISCRETE_FAMILIES: Family[] = [choice, choice, multiSelect, yesNo, keyword, unrelated];
