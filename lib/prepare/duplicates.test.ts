import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arabicDigits } from "../question/arabic-digits.ts";
import { canonicalKey } from "../question/canonical.ts";
import { removeDuplicates } from "./duplicates.ts";
import { splitOptions } from "../question/options.ts";
import { overlapReport } from "./overlap.ts";

const same = (a: string, b: string) => expect(canonicalKey(b)).toBe(canonicalKey(a));
const other = (a: string, b: string) => expect(canonicalKey(b)).not.toBe(canonicalKey(a));

describe("the same question is found in another dress", () => {
  test.each([
    ["white space", "公司营收为 100 万元，求利润率。", "公司营收为100万元，\n  求利润率 。"],
    ["white space in English", "What is the net  income in 2019?", "What is the\u00a0net income\tin 2019?"],
    ["width", "利率5%，本金1000元？", "利率５％，本金１０００元?"],
    ["punctuation", "甲公司（上市）的“净利润”是多少？", "甲公司(上市)的「净利润」是多少"],
    ["letter case", "What is ROE?", "WHAT IS roe"],
    ["item numbers", "某公司存货周转率是多少？", "12. 某公司存货周转率是多少？"],
    ["Chinese item numbers", "某公司存货周转率是多少？", "三、某公司存货周转率是多少？"],
    ["bracketed item numbers", "How much is the coupon?", "(7) How much is the coupon?"],
    ["Q numbers", "How much is the coupon?", "Q3: How much is the coupon?"],
    ["headed items", "如何计算久期？", "【例3】如何计算久期？"],
    ["headed items in Chinese numerals", "如何计算久期？", "问题一：如何计算久期？"],
    ["exercises", "How much is the coupon?", "Exercise 12. How much is the coupon?"],
    ["No. and #", "How much is the coupon?", "No. 5 How much is the coupon?"],
    ["letters in brackets", "How much is the coupon?", "(b) How much is the coupon?"],
    ["Roman numbers", "How much is the coupon?", "II. How much is the coupon?"],
    ["a bare Q:", "How much is the coupon?", "Q: How much is the coupon?"],
    ["第 n 题", "如何计算久期？", "第15题：如何计算久期？"],
    ["thousands separators", "贷款 1,234,567.5 元", "贷款1234567.5元"],
    ["thousands in spaces", "a loan of 12 345 678 dollars", "a loan of 12345678 dollars"],
    ["Chinese digits", "利率百分之五，本金十万元，存三年", "利率5%，本金100000元，存3年"],
    ["Chinese years", "二〇二三年的营收", "2023年的营收"],
    ["scales", "营收1.5亿元", "营收150000000元"],
    ["Chinese scales", "营收一亿五千万元", "营收1.5亿元"],
    ["mixed scales", "营收1亿2000万元", "营收一亿二千万元"],
    ["mixed scales with a zero", "每台1万零5百元", "每台10500元"],
    ["per mille", "税率5‰", "税率千分之五"],
    ["fractions", "持有1/2的股份", "持有二分之一的股份"],
    ["signs of arithmetic", "3×4÷2", "3*4/2"],
    ["half numbers", "百分之十二点五", "12.5%"],
    ["banker's numerals", "人民币伍仟元整", "人民币5000元整"],
    ["invisible characters", "What is EBIT?", "What\u200b is\ufeff EBIT?"],
    ["markdown", "What is **EBIT**?", "What is EBIT?"],
    [
      "DianJin's instructions",
      "下列属于货币市场的是()\nA. 股票\nB. 票据",
      "假设你是一位金融行业专家，请回答下列问题。\n" +
        "注意：题目是单选题，只需要返回一个最合适的选项。\n\n" +
        "下列属于货币市场的是()\nA. 股票\nB. 票据\n\n" +
        "请一步步思考，并把答案选项放到\\boxed{}中。",
    ],
    [
      "FinQA's instructions",
      "How many clips did she sell?",
      "How many clips did she sell?\nPut your final answer within \\boxed{}.",
    ],
    ["circled numbers", "①存款②贷款，哪些对？", "(1)存款(2)贷款，哪些对？"],
  ])("in other %s", (_, a, b) => same(a, b));

  const options = "下列哪项是流动资产？\nA. 现金\nB. 厂房\nC. 商誉\nD. 专利";
  test.each([
    ["in other order", "下列哪项是流动资产？\nA. 厂房\nB. 专利\nC. 现金\nD. 商誉"],
    ["on one line", "下列哪项是流动资产？ A.现金 B.厂房 C.商誉 D.专利"],
    ["without spaces", "下列哪项是流动资产？A、现金B、厂房C、商誉D、专利"],
    ["in brackets", "下列哪项是流动资产？\n(A) 现金\n(B) 厂房\n(C) 商誉\n(D) 专利"],
    ["in full-width brackets, lower case", "下列哪项是流动资产？（a）现金（b）厂房（c）商誉（d）专利"],
    ["with numbers", "下列哪项是流动资产？\n1. 现金\n2. 厂房\n3. 商誉\n4. 专利"],
    ["with circled numbers", "下列哪项是流动资产？\n① 现金\n② 厂房\n③ 商誉\n④ 专利"],
    ["with 甲乙丙丁", "下列哪项是流动资产？\n甲、现金\n乙、厂房\n丙、商誉\n丁、专利"],
    ["with letters alone", "下列哪项是流动资产？\nA 现金\nB 厂房\nC 商誉\nD 专利"],
    ["with numbers on one line", "下列哪项是流动资产？(1)厂房 (2)专利 (3)现金 (4)商誉"],
    ["circled, on one line", "下列哪项是流动资产？①专利；②厂房；③现金；④商誉"],
    ["with Roman numbers", "下列哪项是流动资产？\nI. 专利\nII. 厂房\nIII. 现金\nIV. 商誉"],
    ["with Chinese numbers", "下列哪项是流动资产？\n一、专利\n二、厂房\n三、现金\n四、商誉"],
    ["named 选项", "下列哪项是流动资产？\n选项A：专利\n选项B：厂房\n选项C：现金\n选项D：商誉"],
    ["with bullets", "下列哪项是流动资产？\n- 专利\n- 厂房\n- 现金\n- 商誉"],
    [
      "numbered, other order, other width",
      "3、下列哪项是流动资产?\n（Ａ）专利\n（Ｂ）商誉\n（Ｃ）厂房\n（Ｄ）现金",
    ],
  ])("with its options %s", (_, b) => same(options, b));
});

describe("another question is not taken for a copy", () => {
  test.each([
    ["other values", "本金1000元，利率5%", "本金2000元，利率5%"],
    ["another decimal", "利率1.5%", "利率15%"],
    ["another sign", "增长率为-5%", "增长率为5%"],
    ["another scale", "营收15万元", "营收15元"],
    ["a percentage and a number", "利率5%", "利率5"],
    ["a range and a number", "3-5 years", "35 years"],
    ["another currency", "pay $100", "pay €100"],
    ["another operation", "计算 6*3", "计算 6/3"],
    ["another option", "哪项？\nA. 现金\nB. 厂房", "哪项？\nA. 现金\nB. 商誉"],
    ["another stem", "哪项正确？\nA. 现金\nB. 厂房", "哪项不正确？\nA. 现金\nB. 厂房"],
    ["another year in a number that looks like an item", "2023. Revenue?", "2024. Revenue?"],
    ["a decimal that looks like an item number", "1.5% 的利率下", "5% 的利率下"],
    ["a first number that looks like an item", "180 ESG", "50 ESG"],
    ["another Chinese value", "存款三万元", "存款五万元"],
    ["another initial", "A. Smith holds 10 shares", "B. Smith holds 10 shares"],
    ["another decimal at the start", "1.1 billion of debt", "1.2 billion of debt"],
    ["figures in another order", "flows: (1) 100 (2) 200", "flows: (1) 200 (2) 100"],
    ["another mixed scale", "营收1亿2000万元", "营收1亿2001万元"],
    ["another fraction", "持有二分之一", "持有三分之一"],
    ["options that hold other numbers", "多少？\nA. 10\nB. 20", "多少？\nA. 10\nB. 21"],
  ])("%s", (_, a, b) => other(a, b));

  test("any two values of a template differ", () => {
    const template = (n: number, p: number) => `某公司营收 ${n} 万元，净利率 ${p}%，求净利润。`;
    const value = fc.tuple(fc.integer({ min: 1, max: 99999 }), fc.integer({ min: 1, max: 99 }));
    fc.assert(
      fc.property(
        value,
        value,
        (a, b) =>
          (canonicalKey(template(...a)) === canonicalKey(template(...b))) ===
          (a[0] === b[0] && a[1] === b[1]),
      ),
    );
  });

  test("any order of any options with any labels is the same question", () => {
    const option = fc.stringMatching(/^[k-z\u4e00-\u4e8c]{2,8} ?\d{0,3}$/);
    const labels = [
      "A. B. C. D.",
      "(A) (B) (C) (D)",
      "1. 2. 3. 4.",
      "A、 B、 C、 D、",
      "（ａ） （ｂ） （ｃ） （ｄ）",
    ].map((l) => l.split(" "));
    fc.assert(
      fc.property(
        fc.uniqueArray(option, { minLength: 4, maxLength: 4 }),
        fc.nat(4),
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        (texts, dress, order) => {
          const a = `Which one?\n${texts.map((t, i) => `${labels[0]![i]} ${t}`).join("\n")}`;
          const b = `Which one?\n${order.map((o, i) => `${labels[dress]![i]} ${texts[o]}`).join("\n")}`;
          same(a, b);
        },
      ),
    );
  });
});

describe("arabicDigits", () => {
  test.each([
    ["一百五", "150"],
    ["二三千", "二三千"],
    ["〇〇五", "005"],
    ["一百二十万", "1200000"],
    ["两千零五", "2005"],
    ["十五", "15"],
    ["三十", "30"],
    ["二〇二三", "2023"],
    ["一亿二千万", "120000000"],
    ["1.25万", "12500"],
    ["0.5亿", "50000000"],
    ["3百分点", "3百分点"],
    ["万科", "万科"],
    ["百分之零点五", "0.5%"],
    ["5千万", "50000000"],
    ["1.23456万", "12345.6"],
  ])("%s is %s", (a, b) => expect(arabicDigits(a)).toBe(b));
});

test("options are split off, what follows their last line stays with the stem", () => {
  expect(splitOptions("哪项？\nA. 一\nB. 二\n请选择。")).toMatchObject({
    stem: "哪项？\n\n请选择。",
    options: ["一", "二"],
  });
  expect(splitOptions("Vitamin A. deficiency costs?")).toMatchObject({
    stem: "Vitamin A. deficiency costs?",
    options: [],
  });
  expect(splitOptions("U.S. bonds: A. x B. y C. z").options).toEqual(["x", "y", "z"]);
});

test("a hostile megabyte takes linear time", () => {
  const time = (text: string) => {
    const start = performance.now();
    canonicalKey(text);
    return performance.now() - start;
  };
  for (const unit of [
    " ",
    "\n",
    "A. ",
    "1. ",
    "一",
    "(",
    "\\boxed{} ",
    "假设你是",
    "1,",
    "9",
    "请 ",
    "a\n",
    "百",
    "1.",
    "a",
    "点",
    "- a\n",
    "-",
    "(i) ",
    "1亿",
    "(1) a",
    "ii. ",
    "q",
  ]) {
    // A quadratic pattern fails at the first length already, before the second one would take minutes.
    for (const length of [9e4, 1e6])
      expect(
        time(unit.repeat(Math.ceil(length / unit.length))),
        `${JSON.stringify(unit)} to ${length}`,
      ).toBeLessThan(length / 1e6 < 0.5 ? 1000 : 4000);
  }
}, 300_000);

describe("removeDuplicates", () => {
  const q = (id: string, question: string, gold_answer = "1") => ({ id, question, gold_answer });
  test("the first copy stays, each removed one names it and whether the golds differ", () => {
    const questions = [
      q("a", "营收 100 万元？", "5%"),
      q("b", "另一题"),
      q("c", "营收100万元", "百分之五"),
      q("d", "1、营收一百万元", "6%"),
    ];
    const { kept, removed } = removeDuplicates(questions);
    expect(kept.map((k) => k.id)).toEqual(["a", "b"]);
    expect(removed).toEqual([
      { id: "c", of: "a", goldDiffers: false },
      { id: "d", of: "a", goldDiffers: true },
    ]);
  });
  test("a letter that moved with its option is no contradiction", () => {
    const { removed } = removeDuplicates([q("a", "?\nA. x\nB. y", "A"), q("b", "?\nA. y\nB. x", "B")]);
    expect(removed).toEqual([{ id: "b", of: "a", goldDiffers: false }]);
  });
});

describe("overlapReport", () => {
  const q = (id: string, question: string) => ({ id, question });
  test("near-copies across are named, a shared template shows in the n-grams only", () => {
    const train = [
      q("t1", "公司去年营收为 100 万元，今年营收为 120 万元，请问营收增长率是多少？"),
      q("t2", "利率百分之五"),
    ];
    const report = overlapReport(
      train,
      [
        q("e1", "公司去年营收为 200 万元，今年营收为 260 万元，请问营收增长率是多少？"),
        q("e2", "利率5%"),
        q("e3", "利率 5 %"),
      ],
      5,
    );
    expect(report.copies).toEqual([
      { train: "t2", test: "e2" },
      { train: "t2", test: "e3" },
    ]);
    expect(report.copiesWithin).toEqual({ train: 0, test: 1 });
    expect(report.ngram.most[0]).toMatchObject({ test: "e1" });
    expect(report.ngram.most[0]!.share).toBeGreaterThan(0.3);
    expect(report.ngram.most[0]!.share).toBeLessThan(1);
  });
  test("an identical text shares everything, a foreign one nothing, an empty set is not judged", () => {
    const text = "What was the percentage change in total revenue from 2018 to 2019 for the company?";
    expect(overlapReport([q("a", text)], [q("b", text)], 8).ngram).toMatchObject({
      meanShare: 1,
      medianShare: 1,
    });
    expect(
      overlapReport([q("a", text)], [q("b", "某公司的存货周转天数比去年增加了多少天才会影响现金循环？")], 8)
        .ngram.meanShare,
    ).toBe(0);
    expect(overlapReport([], [q("b", text)]).ngram).toMatchObject({ meanShare: null, medianShare: null });
    expect(overlapReport([q("a", text)], [])).toMatchObject({ copies: [], ngram: { meanShare: null } });
  });
});
