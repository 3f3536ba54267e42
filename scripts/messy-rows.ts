/**
 * Writes data/messy/: about 80 rows with what happens to real data, for notebook 1 to set aside. No company
 * in them exists.
 *
 *     node_modules/.bin/node scripts/messy-rows.ts
 *
 * The files are committed; a test tells when they are no longer what this script writes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { REPO_ROOT } from "../lib/config/paths.ts";

type Row = Record<string, unknown>;
const row = (question: string, gold_answer: unknown, more: Row = {}): Row => ({
  question,
  gold_answer,
  ...more,
});
const lines = (rows: readonly (Row | string)[]): string =>
  `${rows.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join("\n")}\n`;

/** Rows that are as they should be: the others lie between them. */
const SOUND: readonly Row[] = [
  row("Revenue rose from $400 to $460. By what percentage did it grow?", "15%"),
  row("某公司资产900万元,负债360万元,资产负债率是多少?", "40%"),
  row("A bond pays 5% a year on $2,000. How much interest a year?", "$100"),
  row("存货年初120万元,年末80万元,平均存货是多少万元?", "100万元"),
  row("Profit is $30 on revenue of $240. What is the margin?", "12.5%"),
  row("Which ratio shows solvency?\nA. gross margin\nB. current ratio\nC. asset turnover", "B"),
  row("Is a rise of market rates good for the price of a fixed-rate bond (yes or no)?", "no"),
  row("股价24元,每股收益2元,市盈率是多少倍?", "12倍"),
  row("A machine costs $900, lasts 6 years, no salvage value. Straight-line depreciation a year?", "$150"),
  row("单价50元,变动成本30元,固定成本4000元,保本销量是多少件?", "200件"),
];

/** Typing makes no new question: numbers, case, width and blanks of a sound row. */
const COPIES: readonly Row[] = [
  SOUND[0]!,
  row("1. Revenue rose from $400 to $460. By what percentage did it grow?", "15%"),
  row("REVENUE ROSE FROM $400 TO $460.  BY WHAT PERCENTAGE DID IT GROW?", "15%"),
  row("某公司资产900万元，负债360万元，资产负债率是多少？", "40%"),
  row("  存货年初120万元,年末80万元,平均存货是多少万元?  ", "100万元"),
  row("Which ratio shows solvency?\n(A) current ratio\n(B) gross margin\n(C) asset turnover", "A"),
  row("Q7: A bond pays 5% a year on $2,000. How much interest a year?", "$100"),
  SOUND[7]!,
];

/** The same question with another gold: one of the two is wrong, and nobody says which. */
const CONTRADICTIONS: readonly Row[] = [
  row("Revenue rose from $400 to $460. By what percentage did it grow?", "13.04%"),
  row("某公司资产900万元,负债360万元,资产负债率是多少?", "66.67%"),
  row("Is a rise of market rates good for the price of a fixed-rate bond (yes or no)?", "yes"),
  row("股价24元,每股收益2元,市盈率是多少倍?", "0.083倍"),
  row("Profit is $30 on revenue of $240. What is the margin?", "8"),
  row("单价50元,变动成本30元,固定成本4000元,保本销量是多少件?", "80件"),
];

const NO_GOLD: readonly Row[] = [
  { question: "What is a debenture?" },
  row("净资产收益率怎么算?", null),
  row("Net income 50, equity 400. ROE?", "   "),
  { question: "资产周转率是多少?收入600,资产300。", answer: "2次" },
  row("Assets 500, liabilities 200. Equity?", ["300"]),
  row("Cost 80, price 100. Margin?", { value: 20, unit: "%" }),
  row("", "12%"),
  { gold_answer: "42" },
];

/** There is a gold, but it says nothing that an answer could be held against. */
const NOTHING_TO_CHECK: readonly Row[] = [
  row("Gross margin of the third quarter?", "N/A"),
  row("见附表,第三季度毛利率是多少?", "不适用"),
  row("What was the operating cash flow?", "null"),
  row("What does note 14 say about leases?", "-"),
  row("Working capital in 2023?", "NaN"),
  row("本期每股收益?", "——"),
];

/** Rules read these golds, but accept no other wording: they stay, and notebook 3 keeps them from GRPO. */
const ESSAYS: readonly Row[] = [
  row(
    "Why did the margin of the wholesale segment fall?",
    "Because freight and energy became dearer while prices were fixed in yearly contracts, so that the " +
      "higher costs could be passed on to customers only from the next year on.",
  ),
  row(
    "请评价该公司的偿债能力。",
    "短期偿债能力尚可,流动比率略高于行业平均;" +
      "但长期借款增长较快,利息保障倍数连续三年下降,需要关注再融资风险," +
      "并结合现金流量作进一步分析," +
      "同时考虑行业周期、担保情况以及管理层的分红政策等因素综合判断。",
  ),
  row(
    "What should the board do about the receivables?",
    "Shorten the terms for late payers, offer a small discount for early payment, and review each " +
      "account that is more than ninety days overdue with the sales manager who opened it.",
  ),
  row(
    "Explain the difference between cash and accrual accounting to a new colleague.",
    "Cash accounting writes down money when it moves; accrual accounting writes down what was earned " +
      "and what was used up, whenever the money moves, so that a period shows what belongs to it.",
  ),
];

/** As spreadsheets and forums paste them: all options in one line. They are read as options all the same. */
const ONE_LINE_OPTIONS: readonly Row[] = [
  row("Which is a current asset? A. land B. inventory C. goodwill D. patents", "B"),
  row("下列哪项属于流动负债? A.长期借款 B.应付账款 C.实收资本 D.固定资产", "B"),
  row("Which cost is fixed? (A) rent (B) raw material (C) packaging (D) freight", "A"),
  row("盈利能力指标是? A、流动比率 B、净利率 C、存货周转率 D、资产负债率", "B"),
];

const SECTIONS = [
  "The segment sells pumps, valves and spare parts to water works in four regions; orders are taken by " +
    "agents.",
  "Revenue is recognised when goods leave the warehouse; freight that is charged on is shown within revenue.",
  "Of the receivables, a part is older than ninety days; an allowance is made by age and by customer group.",
  "The loan of the bank bears a variable rate; the covenant asks for an interest cover of at least " +
    "three times.",
  "Leases of vehicles run for three to five years; none holds an option to buy that is likely to be used.",
  "公司主要从事水泵、阀门及配件的生产与销售,产品面向供水企业,采用代理销售模式。",
  "本期存货跌价准备按照成本与可变现净值孰低计提,可变现净值以估计售价减去相关费用确定。",
  "应收账款按账龄组合计提坏账准备,账龄超过三年的全额计提,并逐笔复核其可收回性。",
] as const;

/** A question behind pages of an annual report, as FinQA-like sets have them. */
function filing(company: string, pages: number, question: string, gold: string): Row {
  const text = Array.from({ length: 6 * pages }, (_, i) => {
    const year = 2019 + (i % 5);
    return (
      `(${i + 1}) ${SECTIONS[i % SECTIONS.length]} ${year}: ${1200 + 37 * i}; ${year + 1}: ` +
      `${1260 + 41 * i}.`
    );
  });
  return row(`${company}, annual report, notes.\n${text.join("\n")}\n${question}`, gold);
}
const FILINGS: readonly Row[] = [
  filing("Quillon Pumps", 1, "By what percentage did revenue grow?", "5%"),
  filing("Quillon Pumps", 3, "What is the share of receivables older than ninety days?", "12%"),
  filing("Tarn Valves", 6, "What is the interest cover?", "3.4"),
  filing("云杉水务设备", 2, "本期毛利率是多少?", "31%"),
  filing("云杉水务设备", 5, "坏账准备占应收账款的比例是多少?", "4.2%"),
  filing("Tarn Valves", 12, "Is the covenant met (yes or no)?", "yes"),
];

const IDS: readonly Row[] = [
  row("Debt 150, assets 600. Debt ratio?", "25%", { id: "q-17" }),
  row("EBIT 90, interest 30. Cover?", "3", { id: "q-17" }),
  row("收入300万元,利润45万元,利润率?", "15%", { id: 17 }),
  row("收入200万元,利润20万元,利润率?", "10%", { id: "17" }),
];

/** Lines that were cut, glued, or are no row at all. */
const BROKEN: readonly string[] = [
  '{"question": "Revenue is 640 and cost is 4',
  '{"question": "利润总额是多少?", "gold_answer": "120万元"',
  '{"question": "Tax of 80 at 25%?", "gold_answer": "20"}{"question": "Tax of 60 at 25%?", ' +
    '"gold_answer": "15"}',
  "question: What is the yield? gold_answer: 4%",
  "{'question': 'Yield of a bond at par?', 'gold_answer': '5%'}",
  '["a list", "is no row"]',
  "null",
];

/** GB 18030 and Windows-1252 among UTF-8, as files become when they are put together from several hands. */
const OTHER_ENCODINGS: readonly Buffer[] = [
  // {"question": "毛利率?", "gold_answer": "30%"}, the question in GB 18030
  bytesBetween('{"question": "', [0xc3, 0xab, 0xc0, 0xfb, 0xc2, 0xca, 0x3f], '", "gold_answer": "30%"}'),
  // "净利润" in GB 18030
  bytesBetween('{"question": "', [0xbe, 0xbb, 0xc0, 0xfb, 0xc8, 0xf3], '", "gold_answer": "12"}'),
  // "Price: 5 €" and "naïve" in Windows-1252
  bytesBetween('{"question": "Price: 5 ', [0x80], ' a share, 10 shares. Value?", "gold_answer": "50"}'),
  bytesBetween('{"question": "A na', [0xef], 've forecast of 100 plus 10%?", "gold_answer": "110"}'),
];

function bytesBetween(before: string, bytes: readonly number[], after: string): Buffer {
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
}

/** DianJin's form: the gold is the last box in the answer block. */
const DIANJIN: readonly Row[] = [
  ["12% of 50?", "<think>0.12 × 50</think><answer>\\boxed{6}</answer>"],
  ["总资产800,净资产320,权益乘数?", "<think>800/320</think><answer>\\boxed{2.5}</answer>"],
  ["Name a risk of lending.", "<think>many</think><answer>credit risk</answer>"],
  ["Price 40, EPS 5. P/E?", "<think>40/5</think>\\boxed{8}"],
  ["Half of 90?", "<think>90/2</think><answer>\\boxed{45</answer>"],
  ["1/4 of 80?", "<think>80/4</think><answer>\\boxed{}</answer>"],
].map(([instruction, output]) => ({ instruction, output }));

/** A table as an office program saves it. */
const TABLE = [
  "question,gold_answer,type",
  '"Sales of 1,200 grow by 10%. New sales?","1,320",financial_calculation',
  "Sales of 1,500 fall by 10%. New sales?,1,350,financial_calculation",
  '"存货周转率为6次,周转天数(360天)是多少?",60天,计算题',
  "Which is riskier, a bond or a share?,a share,opinion",
  "What is left of 100 after 20% and 10%?,72,financial_reasoning",
  "Equity 40%, debt 60%?,,financial_concept",
  '"A quote that never closes: dividend 3, price 60. Yield?,5%,financial_calculation',
  "Dividend 2, price 50. Yield?,4%,financial_calculation",
].join("\r\n");

/** Name → content, as it stands in data/messy. */
export function messyContents(): Map<string, Buffer> {
  const questions = [
    ...SOUND,
    ...COPIES,
    ...CONTRADICTIONS,
    ...NO_GOLD,
    ...NOTHING_TO_CHECK,
    ...ESSAYS,
    ...ONE_LINE_OPTIONS,
    ...IDS,
    ...BROKEN,
  ];
  return new Map([
    ["dianjin.jsonl", Buffer.from(lines(DIANJIN))],
    ["filings.jsonl", Buffer.from(lines(FILINGS))],
    [
      "questions.jsonl",
      Buffer.concat([
        Buffer.from(lines(questions)),
        ...OTHER_ENCODINGS.flatMap((one) => [one, Buffer.from("\n")]),
      ]),
    ],
    ["table.csv", Buffer.from(TABLE)],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(REPO_ROOT, "data", "messy");
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of messyContents()) writeFileSync(join(folder, name), content);
}
