import { defineKind, letterOf, optionLines } from "../kind.ts";

type Pair = readonly [en: string, zh: string];
const side = (language: "en" | "zh") => (pair: Pair) => pair[language === "en" ? 0 : 1];

const UP: Pair = ["rises", "上升"];
const DOWN: Pair = ["falls", "下降"];
const SAME: Pair = ["unchanged", "不变"];
const MOVES = [UP, DOWN, SAME];
const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;
const movesIn = (order: number) => ORDERS[order]!.map((i) => MOVES[i]!);
const letter = (order: number, move: Pair) =>
  letterOf(
    movesIn(order).map((m) => m[0]),
    move[0],
  );

export const bondPrice = defineKind<{ from: number; to: number; order: number }>({
  name: "bond_price",
  type: "financial_concept",
  draw: (r) => {
    const from = r.int(1, 12);
    const gap = r.int(1, 4);
    return { from, to: r.int(0, 1) && from > gap ? from - gap : from + gap, order: r.int(0, 5) };
  },
  ask: {
    en: [
      (p, d) =>
        `Market rates move from ${p.from}% to ${p.to}%. What happens to the price of an ` +
        "outstanding fixed-rate bond of " +
        `${d.company}?${optionLines(movesIn(p.order).map(side("en")))}`,
      (p) =>
        `The yield level goes from ${p.from}% to ${p.to}%. The price of an existing fixed-coupon ` +
        `bond?${optionLines(movesIn(p.order).map(side("en")))}`,
    ],
    zh: [
      (p, d) =>
        `市场利率由${p.from}%变为${p.to}%,${d.company}已发行的固定利率债券价格如何变化?` +
        `${optionLines(movesIn(p.order).map(side("zh")))}`,
      (p) =>
        `利率从${p.from}%变到${p.to}%,存量固定票息债券的价格会怎样?` +
        `${optionLines(movesIn(p.order).map(side("zh")))}`,
    ],
  },
  right: {
    name: "price_moves_against_rates",
    solve: (p, t) =>
      bond(
        p,
        t,
        p.to > p.from ? DOWN : UP,
        t("price and rate move in opposite directions", "债券价格与利率反向变动"),
      ),
  },
  misconceptions: [
    {
      name: "price_moves_with_rates",
      solve: (p, t) =>
        bond(
          p,
          t,
          p.to > p.from ? UP : DOWN,
          t("price and rate move in the same direction", "债券价格与利率同向变动"),
        ),
    },
  ],
});

function bond(
  p: { from: number; to: number; order: number },
  t: (en: string, zh: string) => string,
  move: Pair,
  rule: string,
) {
  return {
    steps: [
      rule,
      p.to > p.from ? `${p.to}%>${p.from}%` : `${p.to}%<${p.from}%`,
      t(`the price ${move[0]}`, `价格${move[1]}`),
      `${letter(p.order, move)}. ${t(...move)}`,
    ],
    answer: letter(p.order, move),
  };
}

/** Transaction, its effect on total assets, and what a look at the cash account alone suggests. */
const TRANSACTIONS: {
  text: [en: (x: number) => string, zh: (x: number) => string];
  assets: Pair;
  cash: Pair;
  why: Pair;
}[] = [
  {
    text: [(x) => `buys equipment for $${x} in cash`, (x) => `用现金${x}元购买设备`],
    assets: SAME,
    cash: DOWN,
    why: ["equipment up, cash down", "设备增加,现金减少"],
  },
  {
    text: [(x) => `collects a receivable of $${x}`, (x) => `收回应收账款${x}元`],
    assets: SAME,
    cash: UP,
    why: ["cash up, receivables down", "现金增加,应收减少"],
  },
  {
    text: [(x) => `buys goods for $${x} on credit`, (x) => `赊购商品${x}元`],
    assets: UP,
    cash: SAME,
    why: ["goods up, payables up", "存货增加,应付增加"],
  },
  {
    text: [(x) => `prepays rent of $${x}`, (x) => `预付租金${x}元`],
    assets: SAME,
    cash: DOWN,
    why: ["prepayments up, cash down", "预付增加,现金减少"],
  },
  {
    text: [(x) => `renders services for $${x} on credit`, (x) => `提供服务${x}元,款项未收`],
    assets: UP,
    cash: SAME,
    why: ["receivables up, income up", "应收增加,收入增加"],
  },
  {
    text: [(x) => `writes off a bad debt of $${x}`, (x) => `核销坏账损失${x}元`],
    assets: DOWN,
    cash: SAME,
    why: ["receivables down, expense up", "应收减少,费用增加"],
  },
];

export const totalAssets = defineKind<{ transaction: number; amount: number; order: number }>({
  name: "total_assets",
  type: "financial_concept",
  draw: (r) => ({
    transaction: r.int(0, TRANSACTIONS.length - 1),
    amount: 100 * r.int(1, 60),
    order: r.int(0, 5),
  }),
  ask: {
    en: [
      (p, d) =>
        `${d.company} ${TRANSACTIONS[p.transaction]!.text[0](p.amount)}. What happens to its ` +
        `total assets?${optionLines(movesIn(p.order).map(side("en")))}`,
      (p, d) =>
        `Effect on total assets when ${d.company} ` +
        `${TRANSACTIONS[p.transaction]!.text[0](p.amount)}?${optionLines(movesIn(p.order).map(side("en")))}`,
    ],
    zh: [
      (p, d) =>
        `${d.company}${TRANSACTIONS[p.transaction]!.text[1](p.amount)},资产总额如何变化?` +
        `${optionLines(movesIn(p.order).map(side("zh")))}`,
      (p, d) =>
        `${TRANSACTIONS[p.transaction]!.text[1](p.amount)},对${d.company}总资产的影响是?` +
        `${optionLines(movesIn(p.order).map(side("zh")))}`,
    ],
  },
  right: {
    name: "both_sides_of_the_entry",
    solve: (p, t) => {
      const x = TRANSACTIONS[p.transaction]!;
      return {
        steps: [
          t("look at both sides of the entry", "看分录的两面"),
          t(...x.why),
          t(`total assets: ${x.assets[0]}`, `总资产${x.assets[1]}`),
          `${letter(p.order, x.assets)}. ${t(...x.assets)}`,
        ],
        answer: letter(p.order, x.assets),
      };
    },
  },
  misconceptions: [
    {
      name: "looks_at_cash_only",
      solve: (p, t) => {
        const x = TRANSACTIONS[p.transaction]!;
        return {
          steps: [
            t("look at the cash account", "看现金账户"),
            t(`cash: ${x.cash[0]}`, `现金${x.cash[1]}`),
            t(`total assets: ${x.cash[0]}`, `总资产${x.cash[1]}`),
            `${letter(p.order, x.cash)}. ${t(...x.cash)}`,
          ],
          answer: letter(p.order, x.cash),
        };
      },
    },
  ],
});

const FAMILIES: Pair[] = [
  ["solvency", "偿债能力"],
  ["profitability", "盈利能力"],
  ["efficiency", "营运能力"],
  ["growth", "成长能力"],
];
/** Ratio, its definition, its family, and the family that its numerator or name suggests. */
const RATIOS: { name: Pair; definition: Pair; family: number; confused: number }[] = [
  {
    name: ["current ratio", "流动比率"],
    definition: ["current assets/current liabilities", "流动资产/流动负债"],
    family: 0,
    confused: 2,
  },
  {
    name: ["interest cover", "利息保障倍数"],
    definition: ["EBIT/interest", "息税前利润/利息"],
    family: 0,
    confused: 1,
  },
  {
    name: ["debt ratio", "资产负债率"],
    definition: ["liabilities/assets", "负债/资产"],
    family: 0,
    confused: 3,
  },
  {
    name: ["gross margin", "毛利率"],
    definition: ["gross profit/revenue", "毛利/收入"],
    family: 1,
    confused: 3,
  },
  {
    name: ["return on assets", "总资产收益率"],
    definition: ["net income/assets", "净利润/总资产"],
    family: 1,
    confused: 2,
  },
  {
    name: ["return on equity", "净资产收益率"],
    definition: ["net income/equity", "净利润/净资产"],
    family: 1,
    confused: 0,
  },
  {
    name: ["inventory turnover", "存货周转率"],
    definition: ["cost of sales/inventory", "营业成本/存货"],
    family: 2,
    confused: 1,
  },
  {
    name: ["receivables turnover", "应收账款周转率"],
    definition: ["revenue/receivables", "收入/应收账款"],
    family: 2,
    confused: 0,
  },
  {
    name: ["asset turnover", "总资产周转率"],
    definition: ["revenue/assets", "收入/总资产"],
    family: 2,
    confused: 1,
  },
  {
    name: ["revenue growth rate", "营业收入增长率"],
    definition: ["change in revenue/old revenue", "收入增加额/上期收入"],
    family: 3,
    confused: 1,
  },
  {
    name: ["asset growth rate", "总资产增长率"],
    definition: ["change in assets/old assets", "资产增加额/期初资产"],
    family: 3,
    confused: 2,
  },
];
const familiesIn = (order: readonly number[]) => order.map((i) => FAMILIES[i]!);

export const ratioFamily = defineKind<{ ratio: number; order: number[] }>({
  name: "ratio_family",
  type: "financial_concept",
  draw: (r) => ({ ratio: r.int(0, RATIOS.length - 1), order: r.shuffle([0, 1, 2, 3]) }),
  ask: {
    en: [
      (p, d) =>
        `What does the ${RATIOS[p.ratio]!.name[0]} of ${d.company} ` +
        `measure?${optionLines(familiesIn(p.order).map(side("en")))}`,
      (p, d) =>
        `An analyst of ${d.company} computes the ${RATIOS[p.ratio]!.name[0]}. Which ability does ` +
        `it show?${optionLines(familiesIn(p.order).map(side("en")))}`,
    ],
    zh: [
      (p, d) =>
        `${d.company}的${RATIOS[p.ratio]!.name[1]}反映企业的哪种能力?` +
        `${optionLines(familiesIn(p.order).map(side("zh")))}`,
      (p, d) =>
        `分析${d.company}时计算${RATIOS[p.ratio]!.name[1]},它衡量的是?` +
        `${optionLines(familiesIn(p.order).map(side("zh")))}`,
    ],
  },
  right: {
    name: "reads_the_definition",
    solve: (p, t) => ratio(p, t, RATIOS[p.ratio]!.family, t(...RATIOS[p.ratio]!.definition)),
  },
  misconceptions: [
    {
      name: "goes_by_the_numerator",
      solve: (p, t) => ratio(p, t, RATIOS[p.ratio]!.confused, t("look at the numerator", "看分子项目")),
    },
  ],
});

function ratio(
  p: { ratio: number; order: number[] },
  t: (en: string, zh: string) => string,
  family: number,
  basis: string,
) {
  const letter = "ABCD"[p.order.indexOf(family)]!;
  return {
    steps: [
      `${t(...RATIOS[p.ratio]!.name)}: ${basis}`,
      t(`this shows ${FAMILIES[family]![0]}`, `反映${FAMILIES[family]![1]}`),
      `${letter}. ${t(...FAMILIES[family]!)}`,
    ],
    answer: letter,
  };
}

export const accrualRevenue = defineKind<{ delivered: number; collected: number; advance: number }>({
  name: "accrual_revenue",
  type: "financial_concept",
  draw: (r) => {
    const delivered = 100 * r.int(3, 90);
    return { delivered, collected: delivered - 100 * r.int(1, 2), advance: 10 * r.int(1, 30) };
  },
  ask: {
    en: [
      (p, d) =>
        `This month ${d.company} delivered goods for $${p.delivered}, collected $${p.collected} ` +
        `of it and received an advance of $${p.advance} for next month. What is its revenue this ` +
        "month on the accrual basis?",
      (p, d) =>
        `Accrual basis: ${d.company} delivers goods worth ${p.delivered}, is paid ${p.collected} ` +
        `of that now and gets ${p.advance} in advance for later goods. Revenue?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}本月交付商品${p.delivered}元,当月收款${p.collected}元,` +
        `另预收下月货款${p.advance}元。按权责发生制,本月收入是多少元?`,
      (p, d) =>
        `权责发生制下,${d.company}交付商品${p.delivered}元,` +
        `收到其中${p.collected}元,并预收${p.advance}元,本月确认收入多少元?`,
    ],
  },
  right: {
    name: "when_delivered",
    solve: (p, t) => ({
      steps: [
        t("revenue counts when goods are delivered", "收入在交付时确认"),
        t("the advance belongs to next month", "预收款属于下月"),
        t(`delivered: ${p.delivered}`, `交付${p.delivered}`),
      ],
      answer: t(`$${p.delivered}`, `${p.delivered}元`),
    }),
  },
  misconceptions: [
    {
      name: "when_paid",
      solve: (p, t) => ({
        steps: [
          t("revenue counts when cash comes in", "收入在收款时确认"),
          t("the advance counts too", "预收款也计入"),
          `${p.collected}+${p.advance}=${p.collected + p.advance}`,
        ],
        answer: t(`$${p.collected + p.advance}`, `${p.collected + p.advance}元`),
      }),
    },
  ],
});
