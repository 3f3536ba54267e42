import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { HABITS, LAYOUTS, NUMBER_HABITS } from "../testing/choice-layouts.ts";
import type { ChoiceQuestion, Habit, Layout } from "../testing/choice-layouts.ts";
import { checkAnswer } from "./check-answer.ts";
import { readGold } from "./gold.ts";

const LETTERS = "ABCDEFGHIJ";

const QUESTIONS: Record<string, ChoiceQuestion> = {
  words: {
    stem: "央行上调存款准备金率，商业银行可用于放贷的资金会？",
    options: ["增加", "减少", "不变", "先增加后减少"],
    gold: "B",
  },
  "numbers with units": {
    stem: "某公司净利润由100万元增至160万元，其增加额为（  ）。",
    options: ["40万元", "50万元", "60万元", "160万元"],
    gold: "C",
  },
  "bare numbers": {
    stem: "速动比率为1.5，存货80万，流动负债200万，流动资产是多少万元？",
    options: ["380", "300", "220", "80"],
    gold: "A",
  },
  "a negative number": {
    stem: "某基金净值由1元跌至0.875元，其收益率为多少？",
    options: ["12.5%", "-12.5%", "87.5%", "0%"],
    gold: "B",
  },
  ranges: {
    stem: "短期融资券的期限一般是多久？",
    options: ["1-3年", "3-5年", "1年以内", "5年以上"],
    gold: "C",
  },
  English: {
    stem: "The central bank raises its policy rate. Bond prices will?",
    options: ["Rise", "Fall", "Stay the same", "Rise, then fall"],
    gold: "B",
  },
  "English and Chinese": {
    stem: "下列哪项衡量股东的回报？",
    options: ["ROE（净资产收益率）", "CPI（居民消费价格指数）", "PMI指数", "GDP增长率"],
    gold: "A",
  },
  "letters in the texts": {
    stem: "境内公司以人民币在境内上市交易的股票是哪种？",
    options: ["A股", "B股，以外币认购", "H股，在香港上市", "含C类份额的LOF"],
    gold: "A",
  },
  "statements by their numbers": {
    stem: "下列属于流动资产的有？Ⅰ、现金；Ⅱ、厂房；Ⅲ、存货。",
    options: ["Ⅰ、Ⅱ", "Ⅰ、Ⅲ", "Ⅱ、Ⅲ", "Ⅰ、Ⅱ、Ⅲ"],
    gold: "B",
  },
  "all of them": {
    stem: "下列哪些会使流动比率上升？",
    options: ["偿还短期借款", "以长期借款购入存货", "出售厂房收到现金", "以上都对"],
    gold: "D",
  },
  "right and wrong": {
    stem: "“净利率等于净利润除以营业收入”，这一说法是否成立？",
    options: ["成立", "不成立"],
    gold: "A",
  },
  "one inside another": {
    stem: "该保单承担哪类事故？",
    options: ["意外伤害", "非意外伤害", "不限", "未知"],
    gold: "B",
  },
  five: {
    stem: "债券价格对利率变动的敏感程度用什么衡量？",
    options: ["票息", "面值", "评级", "期数", "久期"],
    gold: "E",
  },
  several: {
    stem: "下列属于流动资产的有？",
    options: ["现金", "应收账款", "厂房", "存货"],
    gold: "ABD",
  },
  "two of them": {
    stem: "下列属于金融资产的有？",
    options: ["股票", "专利", "债券", "厂房"],
    gold: "AC",
  },
};

/** Each question in each layout that can set it, with the habits that fit its labels. */
function cases(question: ChoiceQuestion, layouts: readonly Layout[] = LAYOUTS) {
  const ownNumbers = question.options.some((text) => /(?<!\d)\d{1,2}[、.)）]\D/.test(text));
  const digits = question.options.some((text) => /^\d|\d$/.test(text));
  return layouts
    .filter((layout) => !(digits && layout.digits) && !(ownNumbers && isNumbered(layout)))
    .map((layout) => {
      const habits = isNumbered(layout) ? [...HABITS, ...NUMBER_HABITS] : HABITS;
      return { layout, set: layout.set(question), habits };
    });
}

const isNumbered = ({ name }: Layout): boolean => /[①1]/.test(name);

/** What goes wrong: right answers that are not right, wrong ones that are. */
function failures(question: ChoiceQuestion, set: string, habits: readonly Habit[]): string[] {
  const { options, gold } = question;
  const failed: string[] = [];
  const expectRight = (habit: Habit, prediction: string | null, right = true) => {
    if (prediction === null) return;
    const { verdict, message } = checkAnswer({ question: set, gold, prediction });
    if ((verdict === "right") !== right)
      failed.push(`${right ? "not right" : "right"}: ${habit.name}: ${message}`);
  };
  const expectWrong = (habit: Habit, prediction: string | null) => expectRight(habit, prediction, false);
  const textOf = (letter: string) => options[LETTERS.indexOf(letter)]!;
  const isTwice = options.filter((text) => text === textOf(gold[0]!)).length > 1;
  for (const habit of habits) {
    if (!isTwice || !habit.textAlone) expectRight(habit, habit.say(gold, options));
    for (const other of LETTERS.slice(0, options.length)) {
      if (other === gold || textOf(other) === textOf(gold[0]!)) continue;
      const more = gold.includes(other) ? gold.replace(other, "") : [...gold, other].sort().join("");
      expectWrong(habit, habit.say(gold.length === 1 ? other : more, options));
      if (gold.length > 1 || habit.textAlone) continue;
      // A letter beside another option's text contradicts itself.
      const partner = new Map([
        [textOf(gold), textOf(other)],
        [textOf(other), textOf(gold)],
      ]);
      const swapped = options.map((text) => partner.get(text) ?? text);
      for (const letter of [gold, other]) {
        const mixed = habit.say(letter, swapped);
        if (mixed !== habit.say(letter, options)) expectWrong(habit, mixed);
      }
    }
  }
  return failed;
}

describe("a choice is read in every layout of the question and every habit of the answer", () => {
  for (const [name, question] of Object.entries(QUESTIONS)) {
    const named = cases(question).map((one) => [one.layout.name, one] as const);
    it.each(named)(`${name}, set %s`, (_, { set, habits }) => {
      expect(readGold(set, question.gold)).toMatchObject({ kind: "choice", reason: "letters_of_options" });
      expect(failures(question, set, habits)).toEqual([]);
    });
  }
});

describe("an answer in other words", () => {
  const all = "哪些正确？A.现金B.存货C.以上均不正确D.以上都对";
  const english = "Which?\n(A) cash\n(B) stock\n(C) all of the above\n(D) none of the above";
  const pair = "这一说法正确吗？A. 对 B. 错";
  it.each([
    [all, "D", "以上全部正确", "right"],
    [all, "D", "上述选项均正确", "right"],
    [all, "D", "以上都不对", "wrong"],
    [all, "C", "以上都不对", "right"],
    [all, "C", "以上选项都错误", "right"],
    [all, "C", "以上都对", "wrong"],
    [english, "C", "All of the above.", "right"],
    [english, "C", "None of these", "wrong"],
    [pair, "A", "正确", "right"],
    [pair, "A", "该说法正确", "right"],
    [pair, "A", "错误", "wrong"],
    [pair, "B", "不正确", "right"],
    [pair, "B", "选项B正确", "right"],
    [pair, "A", "A正确", "right"],
    ["最多的是？①甲②乙③丙④丁", "B", "2", "right"],
    ["最多的是？①现金②存货③厂房", "B", "第2项", "right"],
    ["最多的是？①现金②存货③厂房", "B", "选2", "right"],
    ["最多的是？①现金②存货③厂房", "B", "第3项", "wrong"],
    ["最多的是？①现金②存货③厂房", "AC", "①③", "right"],
    ["最多的是？①现金②存货③厂房", "AC", "1、3", "right"],
    ["最多的是？①现金②存货③厂房", "AC", "①和②", "wrong"],
    ["几个？① 2 ② 4 ③ 6", "A", "2", "right"],
    ["几个？① 2 ② 4 ③ 6", "B", "2", "wrong"],
    ["几个？① 2 ② 4 ③ 6", "B", "②", "right"],
    ["多久？\n1. 1年\n2. 2年\n3. 3年", "B", "选择2年", "right"],
    ["多久？\n1. 3年\n2. 1年\n3. 2年", "B", "选择2年", "wrong"],
    ["谁？\n甲、张三\n乙、李四", "B", "乙", "right"],
    ["谁？\n甲、张三\n乙、李四", "B", "选甲", "wrong"],
    ["Which?\nA) a company\nB) a bank\nC) company", "C", "A company", "wrong"],
    ["Which?\nA) bank\nB) fund\nC) company", "C", "A company", "right"],
  ])("%s, gold %s: %s is %s", (question, gold, prediction, verdict) => {
    expect(checkAnswer({ question, gold, prediction }).verdict).toBe(verdict);
  });
});

describe("a list is no list of options where nothing says so", () => {
  it.each([
    ["方案：1. 投资100万元；2. 投资200万元。两者相差多少？", "100万元", "number"],
    ["(a) revenue was 100 (b) cost was 80. What was the profit?", "20", "number"],
    ["(a) revenue was 100 (b) cost was 80. What was the revenue?", "100", "number"],
    ["A、B、C三只基金中，收益最高的一只收益率是多少？", "12%", "number"],
    ["甲、乙两家公司，净利润合计多少？", "300万元", "number"],
  ])("%s, gold %s, is a %s", (question, gold, kind) => expect(readGold(question, gold).kind).toBe(kind));
});

const shared = fileURLToPath(new URL("../../../shared/data", import.meta.url));
const fixtures = process.env.FTMODEL_FIXTURES || shared;
const names = ["finance-qa/fineva_mcq.option.jsonl", "real/train.jsonl", "real/test.jsonl"];
const files = names.map((name) => join(fixtures, name));
const present = files.every((file) => existsSync(file));
if (!present) console.log(`skipped: no real multiple-choice questions at ${fixtures} (set FTMODEL_FIXTURES)`);

/** The real questions whose gold is a letter, each once; their options stand on lines. */
function realQuestions(): ChoiceQuestion[] {
  const lines = files.flatMap((file) => readFileSync(file, "utf8").split("\n").filter(Boolean));
  const rows = lines.map((line) => JSON.parse(line) as { id: string; question: string; gold_answer: string });
  const chosen = new Map(rows.filter((row) => /^[A-J]$/.test(row.gold_answer)).map((row) => [row.id, row]));
  return [...chosen.values()].map(({ question, gold_answer }) => {
    const [stem, ...options] = question.split(/\n(?=[A-J]\. )/);
    return { stem: stem!, options: options.map((option) => option.slice(3)), gold: gold_answer };
  });
}

describe.skipIf(!present)("the real multiple-choice questions", { timeout: 300_000 }, () => {
  const questions = present ? realQuestions() : [];

  it("are right by letter, text or both, and wrong as any other, in every layout", () => {
    expect(questions).toHaveLength(981);
    let checked = 0;
    const failed = questions.flatMap((question, i) => {
      // Every question in two of the layouts, every layout with some forty-five questions.
      const some = [0, 1].map((k) => LAYOUTS[(2 * i + k) % LAYOUTS.length]!);
      return cases(question, some).flatMap(({ layout, set, habits }) => {
        checked++;
        return failures(question, set, habits).map((failure) => `${layout.name}: ${failure}`);
      });
    });
    expect(failed).toEqual([]);
    expect(checked).toBeGreaterThan(1800);
  });

  it("are right by their text alone in each layout, every one", () => {
    const text = HABITS.filter(({ textAlone }) => textAlone).slice(0, 1);
    const failed = questions.flatMap((question) =>
      cases(question).flatMap(({ layout, set }) =>
        failures(question, set, text).map((failure) => `${layout.name}: ${failure}`),
      ),
    );
    expect(failed).toEqual([]);
  });
});
