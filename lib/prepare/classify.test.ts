import { describe, expect, test } from "vitest";
import { CLASSIFY_RULES, classify, typeQuestion } from "./classify.ts";
import { QUESTION_TYPES } from "../records.ts";

const table =
  "Context: Revenue by segment.\n|segment|2019|2018|\n|Cloud|1,234|1,100|\n|Devices|310|290|\nQuestion: ";
const news = `财联社7月31日讯，${"某公司今日公告称，受原材料价格上涨影响，上半年业绩承压。".repeat(9)}`;

/** question, gold, rule. The type follows from the rule. */
const CASES: [string, string, string][] = [
  ["什么是市盈率？", "股价与每股收益之比", "asks what a term means"],
  ["保单价值是什么意思\nA. 退保能拿回来的钱\nB. 保费", "A", "asks what a term means"],
  [
    "What does EBITDA stand for?",
    "earnings before interest, taxes, depreciation and amortization",
    "asks what a term means",
  ],
  ["财政赤字\nA. 财政赤字是指收入大于支出\nB. 财政赤字是指支出大于收入", "B", "options explain a term"],
  ["Duration\nA. It refers to price sensitivity\nB. It refers to credit risk", "A", "options explain a term"],
  ["我的股票持续上涨。\nA. 积极\nB. 消极\nC. 中性", "A", "asks for the stance of a text"],
  ["Shares of the bank fell 8%.\nA. bullish\nB. bearish\nC. neutral", "B", "asks for the stance of a text"],
  ["注册资本不得少于()。\nA. 3万元\nB. 5万元", "B", "recalls a number"],
  [`${table}What was the revenue of Cloud in 2019?`, "$1,234", "reads a number off a passage"],
  [
    `${table}What was the percentage change in Cloud from 2018 to 2019?`,
    "12.18%",
    "computes from named quantities",
  ],
  ["公司C的净利润为1200万元，利息保障倍数为4倍，求利息费用。", "450", "computes from named quantities"],
  [
    "某公司总负债为450万元，产权比率为0.75，求股东权益。\nA. 1691\nB. 5031\nC. 600\nD. 5122",
    "C",
    "computes from named quantities",
  ],
  [
    "A loan of $1,000 at 5% for 2 years: what is the simple interest?",
    "$100",
    "computes from named quantities",
  ],
  ["Ed has 2 dogs and 3 cats. How many pets does Ed have?", "5", "works out an everyday story"],
  ["小明有3个苹果，吃了1个，还剩几个？", "2", "works out an everyday story"],
  ["有人透露未公开的业绩，我可以据此买入吗？", "否", "rules yes or no"],
  ["职业道德建设的落脚点是使从业人员成为自觉的主体。（）\nA. 对\nB. 错", "A", "rules yes or no"],
  [`${table}did Cloud grow faster than Devices?`, "yes", "rules yes or no"],
  [`${news}\n该公司业绩承压的主要因素是？`, "原材料价格上涨", "reads a passage"],
  [`${table}Which segment was larger?`, "Cloud", "reads a passage"],
  [
    "天成食品上年收入2200、利润330，本年收入400、利润80。盈利水平是提高还是降低？",
    "提高",
    "reads a trend from figures",
  ],
  [
    "Receivables went from $250 to $330, revenue from $500 to $1650. Does it collect faster or slower?",
    "faster",
    "reads a trend from figures",
  ],
  [
    "一年期贷款20000元，哪个方案总成本更低？\nA. 年利率8%，免手续费\nB. 年利率5%，手续费650元",
    "A",
    "compares alternatives",
  ],
  [
    "Which bond reacts more to a change in rates?\nA. 22 years, coupon 3%\nB. 4 years, coupon 5%",
    "A",
    "compares alternatives",
  ],
  ["流动比率反映企业的哪种能力？\nA. 偿债能力\nB. 盈利能力", "A", "asks what a term means"],
  ["分析加息对银行净息差的影响。", "净息差扩大", "asks for a judgement"],
  ["Assess the liquidity risk of a bank funded by overnight deposits.", "high", "asks for a judgement"],
  ["如果投资者卖空股票，其最大损失是（）。\nA. 无限\nB. 本金", "A", "applies a rule to a case"],
  ["Suppose rates rise. Which bond loses more?", "the longer one", "applies a rule to a case"],
  ["债券价格为何与利率反向变动？", "折现率上升", "asks for a cause or a way"],
  ["Why do companies hold cash?", "to stay liquid", "asks for a cause or a way"],
  ["下列属于货币市场工具的是（）。\nA. 票据\nB. 股票", "A", "otherwise"],
  ["Who regulates national banks?", "the OCC", "otherwise"],
];

describe("classify", () => {
  test.each(CASES)("%s (%s): %s", (question, gold, rule) => expect(classify(question, gold).rule).toBe(rule));

  test("every rule is shown by a case, names are unique, all four types are there", () => {
    const names = CLASSIFY_RULES.map((r) => r.name);
    expect(new Set(CASES.map((c) => c[2]))).toEqual(new Set(names));
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(CLASSIFY_RULES.map((r) => r.type))).toEqual(new Set(QUESTION_TYPES));
  });

  test("a multiple-choice question about revenue is not a calculation unless its options are numbers", () => {
    const stem = "下列关于营业收入的说法，正确的是（）。";
    expect(classify(`${stem}\nA. 收入包括利得\nB. 收入来自日常活动`, "B").type).not.toBe(
      "financial_calculation",
    );
  });

  test("width and case do not matter", () => {
    expect(classify("ＷＨＡＴ ＩＳ ＭＥＡＮＴ ＢＹ ｄｅｌｔａ？", "sensitivity").rule).toBe(
      "asks what a term means",
    );
  });

  test("anything gets a type, a megabyte too", () => {
    for (const [q, a] of [
      ["", ""],
      ["?", "\u0000"],
      ["9".repeat(1e6), "1"],
      ["|".repeat(1e6), "x"],
      ["x. ".repeat(3e5), "9".repeat(1e6)],
    ] as const) {
      const start = performance.now();
      expect(QUESTION_TYPES).toContain(classify(q, a).type);
      expect(performance.now() - start).toBeLessThan(500);
    }
  });
});

test("a type of ours that the source gives is kept, a foreign one is classified anew", () => {
  const ask = (given: string | undefined) => typeQuestion(given, "什么是市盈率？", "股价与每股收益之比");
  expect(ask("financial_reasoning")).toEqual({ type: "financial_reasoning", rule: "given by the source" });
  expect(ask("concept_qa")).toEqual({ type: "financial_concept", rule: "asks what a term means" });
  expect(ask(undefined)).toEqual(ask("concept_qa"));
});
