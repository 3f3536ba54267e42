import { describe, expect, it } from "vitest";
import { readHints } from "./hints.ts";
import { readOptions } from "./options.ts";

describe("what a question states", () => {
  it.each([
    ["What percentage of revenue was it?", true],
    ["毛利率是百分之几？", true],
    ["how much goodwill does the company have as a % (  % ) of current assets?", true],
    ["how much more, in percent, was spent?", true],
    ["年利率为1.5%，2年后，他将获得多少元利息？", false],
    ["At 5 percent a year, how much interest is that?", false],
    ["毛利率是多少？", false],
    ["", false],
  ])("%j asks for a percentage: %j", (question, percent) =>
    expect(readHints(question).percent).toBe(percent),
  );

  it.each([
    ["What was net income, in millions?", 6],
    ["what is the change ( in millions ) ?", 6],
    ["what is the total value, in billions?", 9],
    ["How many million of receivables were sold?", 6],
    ["What was the average in thousands of shares?", 3],
    ["求公司的股东权益是多少万元？", 4],
    ["净利润是多少亿元？", 8],
    ["净利润（单位：百万元）？", 6],
    ["If revenue was 5 million, what was the profit?", null],
    ["公司的负债为900万元，权益是多少元？", null],
    ["In millions or in thousands?", null],
    ["What was income (USD million)?", 6],
    ["What was revenue in $mm?", 6],
    ["($bn)", 9],
    ["A loan of $5m: what is the interest?", null],
    ["请用亿元表示净利润。", 8],
    ["净利润（单位：人民币万元）？", 4],
  ])("%j states the scale 10^%j", (question, scale) => expect(readHints(question).scale).toBe(scale));

  it("the table above a question may name the scale, once", () => {
    expect(
      readHints("Context: the table (in thousands):\n|a|1|\nQuestion: What is the change in a?"),
    ).toMatchObject({ scale: null, tableScale: 3 });
    expect(
      readHints("Context: a (in thousands) and b (in millions)\nQuestion: What is the change in a?")
        .tableScale,
    ).toBeNull();
  });

  it.each([
    ["By how much did revenue fall?", true],
    ["营业收入下降了多少？", true],
    ["What was the net loss?", true],
    ["What is the increase / (decrease) in revenue?", false],
    ["同比变动幅度是多少？", false],
    ["What was revenue?", false],
    ["By how much did profit fall?", true],
    ["By what percentage did the growth rate drop?", true],
    ["What was the decrease in profit?", true],
    ["How much lower was profit in 2019 than in 2018?", true],
    ["Revenue fell from 100 to 95. By how much?", true],
    ["Revenue fell by how much? Give two decimals.", true],
    ["盈利下降了多少？", true],
    ["因成本上升，净利润减少了多少？", true],
    ["涨幅收窄了多少？", true],
    ["What is revenue less cost of sales?", false],
    ["What was net income after the decline in sales?", false],
    ["What was the percentage change in the net loss?", false],
    ["What was the profit (loss)?", false],
    ["What was the Net (loss) income?", false],
    ["What is the loss ratio?", false],
    ["What would income have been reduced to?", false],
    ["Tim has 30 less apples than Martha. How many apples does Tim have?", false],
    ["Revenue fell. What was the percentage change?", false],
    ["亏损增加了多少？", false],
    ["该股票的涨跌幅是多少？", false],
    ["收入下降后的净利润是多少？", false],
    ["利润（亏损）是多少？", false],
    ["下降到多少？", false],
  ])("%j states a fall: %j", (question, fall) => expect(readHints(question).fall).toBe(fall));

  it.each([
    ["Give two decimals.", 2],
    ["Round to 3 decimal places.", 3],
    ["保留一位小数", 1],
    ["小数点后保留两位", 2],
    ["精确到0.01", 2],
    ["Round to the nearest whole number.", 0],
    ["四舍五入取整", 0],
    ["What is it?", null],
  ])("%j asks for %j decimals", (question, decimals) => expect(readHints(question).decimals).toBe(decimals));
});

describe("the options of a question", () => {
  const letters = (question: string) => readOptions(question).list.map((o) => `${o.letter}=${o.text}`);
  it.each([
    ["选？\nA. 10%\nB. 12.5%\nC. 15%", ["A=10%", "B=12.5%", "C=15%"]],
    ["选？ A. 增长 B. 下降 C. 不变", ["A=增长", "B=下降", "C=不变"]],
    ["Which?\n(A) yes\n(B) no", ["A=yes", "B=no"]],
    ["选？\nA、一\nB、二\n\n请把答案放到\\boxed{}中。", ["A=一", "B=二"]],
    ["选？\nＡ．一\nＢ．二", ["A=一", "B=二"]],
    ["选？\nA. 一   B. 二\nC. 三   D. 四", ["A=一", "B=二", "C=三", "D=四"]],
    ["Plan A. is good. What is it?", []],
    ["What did company A. do?", []],
    ["B. 二\nC. 三", []],
    ["", []],
  ])("%j", (question, expected) => expect(letters(question)).toEqual(expected));
});
