import { defineKind, percent, plain } from "../kind.ts";

export const portfolioReturn = defineKind<{ weight: number; a: number; b: number }>({
  name: "portfolio_return",
  type: "financial_calculation",
  draw: (r) => ({ weight: r.pick([10, 20, 30, 40, 60, 70, 80, 90]), a: r.int(2, 16), b: r.int(2, 16) }),
  ask: {
    en: [
      (p) =>
        `A portfolio holds ${p.weight}% in a fund returning ${p.a}% and ${100 - p.weight}% in a ` +
        `fund returning ${p.b}%. What is the portfolio's return?`,
      (p, d) =>
        `${d.company} puts ${p.weight}% of its money into an asset that returns ${p.a}%, the ` +
        `rest into one that returns ${p.b}%. Overall return?`,
    ],
    zh: [
      (p) =>
        `组合中${p.weight}%投资于收益率${p.a}%的基金,` +
        `${100 - p.weight}%投资于收益率${p.b}%的基金,组合收益率是多少?`,
      (p, d) =>
        `${d.company}把${p.weight}%的资金投入收益率${p.a}%的资产,其余投入收益率${p.b}%的资产,总收益率是多少?`,
    ],
  },
  right: {
    name: "weighted_mean",
    solve: (p, t) => {
      const [x, y] = [(p.weight * p.a) / 100, ((100 - p.weight) * p.b) / 100];
      return {
        steps: [
          t("weighted average", "加权平均"),
          `${p.weight}%*${p.a}%=${plain(x)}%`,
          `${100 - p.weight}%*${p.b}%=${plain(y)}%`,
          `${plain(x)}%+${plain(y)}%=${plain(x + y)}%`,
        ],
        answer: `${plain(x + y)}%`,
      };
    },
  },
  misconceptions: [
    {
      name: "plain_mean",
      solve: (p, t) => ({
        steps: [
          t("plain average", "简单平均"),
          `${p.a}%+${p.b}%=${p.a + p.b}%`,
          `${p.a + p.b}%/2=${plain((p.a + p.b) / 2)}%`,
        ],
        answer: `${plain((p.a + p.b) / 2)}%`,
      }),
    },
  ],
});

export const capitalCost = defineKind<{ equity: number; ke: number; kd: number; tax: number }>({
  name: "capital_cost",
  type: "financial_reasoning",
  draw: (r) => ({
    equity: r.pick([40, 50, 60, 80]),
    ke: r.int(8, 16),
    kd: r.pick([4, 5, 6, 8, 10]),
    tax: r.pick([20, 25, 30, 40]),
  }),
  ask: {
    en: [
      (p, d) =>
        `${d.company} is financed with ${p.equity}% equity at ${p.ke}% and ${100 - p.equity}% ` +
        `debt at ${p.kd}% before tax. The tax rate is ${p.tax}%. What is its weighted average ` +
        "cost of capital?",
      (p) => `Equity ${p.equity}% at ${p.ke}%, debt ${100 - p.equity}% at ${p.kd}%, tax ${p.tax}%. WACC?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}股权占${p.equity}%、成本${p.ke}%,债务占${100 - p.equity}%、` +
        `税前成本${p.kd}%,税率${p.tax}%,加权平均资本成本是多少?`,
      (p) =>
        `股权比重${p.equity}%、成本${p.ke}%;债务比重${100 - p.equity}%、` +
        `利率${p.kd}%;税率${p.tax}%。求加权平均资本成本。`,
    ],
  },
  right: {
    name: "tax_shield",
    solve: (p, t) => {
      const [after, x] = [(p.kd * (100 - p.tax)) / 100, (p.equity * p.ke) / 100];
      const y = ((100 - p.equity) * after) / 100;
      return {
        steps: [
          t("debt cost after tax", "债务按税后成本"),
          `${p.kd}%*${100 - p.tax}%=${plain(after)}%`,
          `${p.equity}%*${p.ke}%=${plain(x)}%`,
          `${100 - p.equity}%*${plain(after)}%=${plain(y)}%`,
          `${plain(x)}%+${plain(y)}%=${plain(x + y)}%`,
        ],
        answer: `${plain(x + y)}%`,
      };
    },
  },
  misconceptions: [
    {
      name: "forgets_tax_shield",
      solve: (p, t) => {
        const [x, y] = [(p.equity * p.ke) / 100, ((100 - p.equity) * p.kd) / 100];
        return {
          steps: [
            t("debt cost before tax", "债务按税前成本"),
            `${p.equity}%*${p.ke}%=${plain(x)}%`,
            `${100 - p.equity}%*${p.kd}%=${plain(y)}%`,
            `${plain(x)}%+${plain(y)}%=${plain(x + y)}%`,
          ],
          answer: `${plain(x + y)}%`,
        };
      },
    },
  ],
});

export const requiredReturn = defineKind<{ free: number; market: number; beta: number }>({
  name: "required_return",
  type: "financial_calculation",
  draw: (r) => ({ free: r.int(1, 6), market: r.int(7, 16), beta: r.pick([0.5, 0.8, 1.2, 1.5, 2]) }),
  ask: {
    en: [
      (p, d) =>
        `The risk-free rate is ${p.free}%, the market return ${p.market}% and the beta of ` +
        `${d.company} ${p.beta}. What return does the CAPM require?`,
      (p) => `CAPM: risk-free ${p.free}%, market ${p.market}%, beta ${p.beta}. Required return?`,
    ],
    zh: [
      (p, d) =>
        `无风险利率${p.free}%,市场收益率${p.market}%,` +
        `${d.company}的贝塔为${p.beta},按资本资产定价模型,必要收益率是多少?`,
      (p) => `贝塔${p.beta},市场收益率${p.market}%,无风险利率${p.free}%,求必要收益率。`,
    ],
  },
  right: {
    name: "beta_times_premium",
    solve: (p, t) => {
      const [premium, part] = [p.market - p.free, p.beta * (p.market - p.free)];
      return {
        steps: [
          t("return=risk-free+beta*(market-risk-free)", "收益率=无风险+贝塔*(市场-无风险)"),
          `${p.market}%-${p.free}%=${premium}%`,
          `${p.beta}*${premium}%=${plain(part)}%`,
          `${p.free}%+${plain(part)}%=${plain(p.free + part)}%`,
        ],
        answer: `${plain(p.free + part)}%`,
      };
    },
  },
  misconceptions: [
    {
      name: "beta_times_market",
      solve: (p, t) => {
        const part = p.beta * p.market;
        return {
          steps: [
            t("return=risk-free+beta*market", "收益率=无风险+贝塔*市场"),
            `${p.beta}*${p.market}%=${plain(part)}%`,
            `${p.free}%+${plain(part)}%=${plain(p.free + part)}%`,
          ],
          answer: `${plain(p.free + part)}%`,
        };
      },
    },
  ],
});

export const successiveDiscount = defineKind<{ price: number; first: number; second: number }>({
  name: "successive_discount",
  type: "financial_reasoning",
  draw: (r) => ({
    price: 100 * r.int(1, 60),
    first: r.pick([10, 20, 30, 40, 50]),
    second: r.pick([10, 20, 30]),
  }),
  ask: {
    en: [
      (p, d) =>
        `${d.company} cuts a price of $${p.price} by ${p.first}%, then by another ${p.second}%. ` +
        "What is the final price?",
      (p) => `A price of $${p.price} falls ${p.first}% and then ${p.second}% more. New price?`,
    ],
    zh: [
      (p, d) => `${d.company}把${p.price}元的商品先降价${p.first}%,再降价${p.second}%,最后售价多少元?`,
      (p) => `原价${p.price}元,先降${p.first}%,再降${p.second}%,现价是多少元?`,
    ],
  },
  right: {
    name: "one_after_the_other",
    solve: (p, t) => {
      const [one, two] = [
        (p.price * (100 - p.first)) / 100,
        (p.price * (100 - p.first) * (100 - p.second)) / 10000,
      ];
      return {
        steps: [
          t("one cut after the other", "逐次降价"),
          `${p.price}*${100 - p.first}%=${plain(one)}`,
          `${plain(one)}*${100 - p.second}%=${plain(two)}`,
        ],
        answer: t(`$${plain(two)}`, `${plain(two)}元`),
      };
    },
  },
  misconceptions: [
    {
      name: "adds_the_discounts",
      solve: (p, t) => {
        const total = (p.price * (100 - p.first - p.second)) / 100;
        return {
          steps: [
            t("add the cuts", "降幅相加"),
            `${p.first}%+${p.second}%=${p.first + p.second}%`,
            `${p.price}*${100 - p.first - p.second}%=${plain(total)}`,
          ],
          answer: t(`$${plain(total)}`, `${plain(total)}元`),
        };
      },
    },
  ],
});

export const fallThenRise = defineKind<{ price: number; move: number }>({
  name: "fall_then_rise",
  type: "financial_reasoning",
  draw: (r) => ({ price: 100 * r.int(1, 60), move: r.pick([10, 20, 30, 40, 50]) }),
  ask: {
    en: [
      (p, d) =>
        `A fund of ${d.company} worth $${p.price} falls by ${p.move}% and then rises by ` +
        `${p.move}%. What is it worth?`,
      (p) => `$${p.price} loses ${p.move}%, then gains ${p.move}%. Value at the end?`,
    ],
    zh: [
      (p, d) => `${d.company}的基金净值${p.price}元,先跌${p.move}%,再涨${p.move}%,最后是多少元?`,
      (p) => `${p.price}元的资产下跌${p.move}%后又上涨${p.move}%,现值多少元?`,
    ],
  },
  right: {
    name: "rise_from_the_lower_value",
    solve: (p, t) => {
      const [low, end] = [(p.price * (100 - p.move)) / 100, (p.price * (10000 - p.move * p.move)) / 10000];
      return {
        steps: [
          t("the rise starts from the lower value", "上涨以跌后价值为基数"),
          `${p.price}*${100 - p.move}%=${plain(low)}`,
          `${plain(low)}*${100 + p.move}%=${plain(end)}`,
        ],
        answer: t(`$${plain(end)}`, `${plain(end)}元`),
      };
    },
  },
  misconceptions: [
    {
      name: "back_to_the_start",
      solve: (p, t) => ({
        steps: [
          t("fall and rise cancel out", "涨跌相抵"),
          `-${p.move}%+${p.move}%=0%`,
          t(`it stays ${p.price}`, `仍为${p.price}`),
        ],
        answer: t(`$${p.price}`, `${p.price}元`),
      }),
    },
  ],
});

export const currencyConversion = defineKind<{ amount: number; rate: number }>({
  name: "currency_conversion",
  type: "financial_calculation",
  draw: (r) => {
    const rate = r.pick([4, 5, 6, 7, 8]);
    return { rate, amount: rate * 20 * r.int(2, 60) };
  },
  ask: {
    en: [
      (p, d) =>
        `One dollar costs ${p.rate} yuan. How many dollars does ${d.company} get for ${p.amount} yuan?`,
      (p) => `Exchange rate: 1 USD = ${p.rate} CNY. Convert ${p.amount} CNY into USD.`,
    ],
    zh: [
      (p, d) => `1美元兑${p.rate}元人民币,${d.company}用${p.amount}元人民币能换多少美元?`,
      (p) => `汇率为1美元=${p.rate}元人民币,${p.amount}元人民币等于多少美元?`,
    ],
  },
  right: {
    name: "divides_by_the_rate",
    solve: (p, t) => ({
      steps: [
        t("dollars=yuan/rate", "美元=人民币/汇率"),
        t(`the rate is ${p.rate}`, `汇率为${p.rate}`),
        `${p.amount}/${p.rate}=${p.amount / p.rate}`,
      ],
      answer: t(`$${p.amount / p.rate}`, `${p.amount / p.rate}美元`),
    }),
  },
  misconceptions: [
    {
      name: "multiplies_by_the_rate",
      solve: (p, t) => ({
        steps: [
          t("dollars=yuan*rate", "美元=人民币*汇率"),
          t(`the rate is ${p.rate}`, `汇率为${p.rate}`),
          `${p.amount}*${p.rate}=${p.amount * p.rate}`,
        ],
        answer: t(`$${p.amount * p.rate}`, `${p.amount * p.rate}美元`),
      }),
    },
  ],
});

export const realReturn = defineKind<{ nominal: number; tax: number; inflation: number }>({
  name: "real_return",
  type: "financial_reasoning",
  draw: (r) => ({ nominal: r.int(5, 15), tax: r.pick([10, 20, 30, 40]), inflation: r.int(1, 5) }),
  ask: {
    en: [
      (p, d) =>
        `A bond of ${d.company} pays ${p.nominal}%. Interest is taxed at ${p.tax}% and inflation ` +
        `is ${p.inflation}%. What is the approximate real return after tax?`,
      (p) =>
        `Yield ${p.nominal}%, tax on interest ${p.tax}%, inflation ${p.inflation}%. Approximate ` +
        "real after-tax return?",
    ],
    zh: [
      (p, d) =>
        `${d.company}债券收益率${p.nominal}%,利息税率${p.tax}%,通胀率${p.inflation}%,税后实际收益率约为多少?`,
      (p) => `名义收益率${p.nominal}%、利息税${p.tax}%、通胀${p.inflation}%,求近似的税后实际收益率。`,
    ],
  },
  right: {
    name: "tax_then_inflation",
    solve: (p, t) => {
      const after = (p.nominal * (100 - p.tax)) / 100;
      return {
        steps: [
          t("tax the nominal return, then subtract inflation", "先扣税再减通胀"),
          `${p.nominal}%*${100 - p.tax}%=${plain(after)}%`,
          `${plain(after)}%-${p.inflation}%=${plain(after - p.inflation)}%`,
        ],
        answer: `${plain(after - p.inflation)}%`,
      };
    },
  },
  misconceptions: [
    {
      name: "taxes_the_real_return",
      solve: (p, t) => {
        const real = p.nominal - p.inflation;
        return {
          steps: [
            t("subtract inflation, then tax the rest", "先减通胀再扣税"),
            `${p.nominal}%-${p.inflation}%=${real}%`,
            `${real}%*${100 - p.tax}%=${plain((real * (100 - p.tax)) / 100)}%`,
          ],
          answer: percent((real * (100 - p.tax)) / 10000),
        };
      },
    },
  ],
});
