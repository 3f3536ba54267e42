import { defineKind, percent, plain } from "../kind.ts";

export const growthRate = defineKind<{ old: number; now: number }>({
  name: "growth_rate",
  type: "financial_calculation",
  draw: (r) => {
    const old = 20 * r.int(2, 60);
    return { old, now: (old * (100 + r.pick([5, 10, 15, 20, 25, 30, 40, 50, 60]))) / 100 };
  },
  ask: {
    en: [
      (p, d) =>
        `Revenue of ${d.company} rose from $${p.old} million to $${p.now} million. What is the growth rate?`,
      (p, d) =>
        `${d.company} earned $${p.old} million last year and $${p.now} million this year. By ` +
        "what percentage did it grow?",
      (p, d) => `Sales at ${d.company}: last year ${p.old}, this year ${p.now}. Year-on-year growth?`,
    ],
    zh: [
      (p, d) => `${d.company}去年营业收入${p.old}${d.unit},今年${p.now}${d.unit},同比增长率是多少?`,
      (p, d) => `${d.company}的收入由${p.old}${d.unit}增加到${p.now}${d.unit},增长了百分之几?`,
      (p, d) => `上期收入${p.old}${d.unit},本期收入${p.now}${d.unit},求${d.company}的收入增长率。`,
    ],
  },
  right: {
    name: "change_over_old",
    solve: (p, t) => ({
      steps: [
        t("growth=change/old value", "增长率=增加额/上期"),
        `${p.now}-${p.old}=${p.now - p.old}`,
        `${p.now - p.old}/${p.old}=${percent((p.now - p.old) / p.old)}`,
      ],
      answer: percent((p.now - p.old) / p.old),
    }),
  },
  misconceptions: [
    {
      name: "divides_by_new_value",
      solve: (p, t) => ({
        steps: [
          t("growth=change/new value", "增长率=增加额/本期"),
          `${p.now}-${p.old}=${p.now - p.old}`,
          `${p.now - p.old}/${p.now}=${percent((p.now - p.old) / p.now)}`,
        ],
        answer: percent((p.now - p.old) / p.now),
      }),
    },
  ],
});

export const grossMargin = defineKind<{ revenue: number; cost: number }>({
  name: "gross_margin",
  type: "financial_calculation",
  draw: (r) => {
    const revenue = 20 * r.int(2, 60);
    return { revenue, cost: (revenue * (100 - r.pick([10, 15, 20, 25, 30, 35, 40, 45, 60]))) / 100 };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} sold goods for $${p.revenue} that cost $${p.cost}. What is the gross ` +
        "margin in percent?",
      (p, d) => `Revenue ${p.revenue}, cost of sales ${p.cost}. Find the gross margin of ${d.company}.`,
      (p, d) =>
        `With sales of $${p.revenue} million and cost of goods sold of $${p.cost} million, what ` +
        `gross margin did ${d.company} reach?`,
    ],
    zh: [
      (p, d) => `${d.company}营业收入${p.revenue}${d.unit},营业成本${p.cost}${d.unit},毛利率是多少?`,
      (p, d) => `一批商品售价${p.revenue}${d.unit},成本${p.cost}${d.unit},${d.company}的毛利率是百分之几?`,
      (p, d) => `已知${d.company}收入${p.revenue}${d.unit}、成本${p.cost}${d.unit},求毛利率。`,
    ],
  },
  right: {
    name: "profit_over_revenue",
    solve: (p, t) => ({
      steps: [
        t("gross margin=gross profit/revenue", "毛利率=毛利/收入"),
        `${p.revenue}-${p.cost}=${p.revenue - p.cost}`,
        `${p.revenue - p.cost}/${p.revenue}=${percent((p.revenue - p.cost) / p.revenue)}`,
      ],
      answer: percent((p.revenue - p.cost) / p.revenue),
    }),
  },
  misconceptions: [
    {
      name: "markup_for_margin",
      solve: (p, t) => ({
        steps: [
          t("gross margin=gross profit/cost", "毛利率=毛利/成本"),
          `${p.revenue}-${p.cost}=${p.revenue - p.cost}`,
          `${p.revenue - p.cost}/${p.cost}=${percent((p.revenue - p.cost) / p.cost)}`,
        ],
        answer: percent((p.revenue - p.cost) / p.cost),
      }),
    },
  ],
});

export const netMargin = defineKind<{ revenue: number; cost: number; tax: number }>({
  name: "net_margin",
  type: "financial_calculation",
  draw: (r) => {
    const revenue = 100 * r.int(1, 30);
    return {
      revenue,
      cost: (revenue * (100 - r.pick([10, 20, 30, 40, 50]))) / 100,
      tax: r.pick([20, 25, 30, 40]),
    };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} has revenue of $${p.revenue}, total costs of $${p.cost} and a tax rate of ` +
        `${p.tax}%. What is its net profit margin?`,
      (p, d) =>
        `Revenue ${p.revenue}, costs ${p.cost}, income tax ${p.tax}%: what share of revenue ` +
        `remains to ${d.company} as net profit?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}收入${p.revenue}${d.unit},成本费用${p.cost}${d.unit},` +
        `所得税率${p.tax}%,销售净利率是多少?`,
      (p, d) =>
        `收入${p.revenue}${d.unit}、成本费用合计${p.cost}${d.unit}、税率${p.tax}%,求${d.company}的净利率。`,
    ],
  },
  right: {
    name: "taxed_profit_over_revenue",
    solve: (p, t) => {
      const before = p.revenue - p.cost;
      const net = (before * (100 - p.tax)) / 100;
      return {
        steps: [
          t("net margin=after-tax profit/revenue", "净利率=税后利润/收入"),
          `${p.revenue}-${p.cost}=${before}`,
          `${before}*${100 - p.tax}%=${plain(net)}`,
          `${plain(net)}/${p.revenue}=${percent(net / p.revenue)}`,
        ],
        answer: percent(net / p.revenue),
      };
    },
  },
  misconceptions: [
    {
      name: "forgets_tax",
      solve: (p, t) => {
        const before = p.revenue - p.cost;
        return {
          steps: [
            t("net margin=profit/revenue", "净利率=利润/收入"),
            `${p.revenue}-${p.cost}=${before}`,
            `${before}/${p.revenue}=${percent(before / p.revenue)}`,
          ],
          answer: percent(before / p.revenue),
        };
      },
    },
  ],
});

export const breakEven = defineKind<{ fixed: number; price: number; variable: number }>({
  name: "break_even",
  type: "financial_calculation",
  draw: (r) => {
    const price = r.pick([10, 20, 25, 40, 50]);
    const variable = price * r.pick([0.2, 0.4, 0.6, 0.8]);
    return { price, variable, fixed: (price - variable) * 20 * r.int(2, 30) };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} has fixed costs of $${p.fixed}, a price of $${p.price} and variable costs ` +
        `of $${p.variable} a unit. How many units must it sell to break even?`,
      (p, d) =>
        `Fixed costs ${p.fixed}, unit price ${p.price}, unit variable cost ${p.variable}. ` +
        `Break-even volume of ${d.company}?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}固定成本${p.fixed}元,单价${p.price}元,单位变动成本${p.variable}元,保本销量是多少件?`,
      (p, d) =>
        `产品单价${p.price}元,单位变动成本${p.variable}元,` +
        `固定成本${p.fixed}元,${d.company}卖多少件才能盈亏平衡?`,
    ],
  },
  right: {
    name: "fixed_over_unit_margin",
    solve: (p, t) => ({
      steps: [
        t("units=fixed costs/(price-variable cost)", "销量=固定成本/(单价-变动成本)"),
        `${p.price}-${p.variable}=${p.price - p.variable}`,
        `${p.fixed}/${p.price - p.variable}=${p.fixed / (p.price - p.variable)}`,
      ],
      answer: t(`${p.fixed / (p.price - p.variable)} units`, `${p.fixed / (p.price - p.variable)}件`),
    }),
  },
  misconceptions: [
    {
      name: "forgets_variable_cost",
      solve: (p, t) => ({
        steps: [
          t("units=fixed costs/price", "销量=固定成本/单价"),
          t(`the price is ${p.price}`, `单价为${p.price}`),
          `${p.fixed}/${p.price}=${plain(p.fixed / p.price)}`,
        ],
        answer: t(`${plain(p.fixed / p.price)} units`, `${plain(p.fixed / p.price)}件`),
      }),
    },
  ],
});

export const operatingLeverage = defineKind<{ sales: number; rate: number; fixed: number; rise: number }>({
  name: "operating_leverage",
  type: "financial_reasoning",
  draw: (r) => {
    const sales = 100 * r.int(1, 9);
    const rate = r.pick([40, 50, 60]);
    return { sales, rate, fixed: (sales * rate) / 100 - 10 * r.int(1, 2), rise: r.pick([10, 20, 50]) };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} has sales of $${p.sales}, a contribution margin of ${p.rate}% and fixed ` +
        `costs of $${p.fixed}. If sales rise ${p.rise}%, what is its profit?`,
      (p, d) =>
        `Sales ${p.sales}, contribution margin ${p.rate}%, fixed costs ${p.fixed}. Sales of ` +
        `${d.company} grow by ${p.rise}%. New profit?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}销售额${p.sales}${d.unit},边际贡献率${p.rate}%,固定成本${p.fixed}${d.unit}。` +
        `若销售额增长${p.rise}%,利润是多少${d.unit}?`,
      (p, d) =>
        `销售额${p.sales}${d.unit}、边际贡献率${p.rate}%、固定成本${p.fixed}${d.unit},` +
        `${d.company}销售额提高${p.rise}%后的利润为多少${d.unit}?`,
    ],
  },
  right: {
    name: "fixed_costs_stay",
    solve: (p, t) => {
      const sales = (p.sales * (100 + p.rise)) / 100;
      const margin = (sales * p.rate) / 100;
      return {
        steps: [
          t("fixed costs stay the same", "固定成本不变"),
          `${p.sales}*${100 + p.rise}%=${plain(sales)}`,
          `${plain(sales)}*${p.rate}%=${plain(margin)}`,
          `${plain(margin)}-${p.fixed}=${plain(margin - p.fixed)}`,
        ],
        answer: plain(margin - p.fixed),
      };
    },
  },
  misconceptions: [
    {
      name: "profit_grows_with_sales",
      solve: (p, t) => {
        const margin = (p.sales * p.rate) / 100;
        const profit = margin - p.fixed;
        return {
          steps: [
            t("profit grows as sales do", "利润与销售额同比例增长"),
            `${p.sales}*${p.rate}%=${plain(margin)}`,
            `${plain(margin)}-${p.fixed}=${plain(profit)}`,
            `${plain(profit)}*${100 + p.rise}%=${plain((profit * (100 + p.rise)) / 100)}`,
          ],
          answer: plain((profit * (100 + p.rise)) / 100),
        };
      },
    },
  ],
});
