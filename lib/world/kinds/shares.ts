import { defineKind, percent, plain } from "../kind.ts";

export const earningsPerShare = defineKind<{ income: number; preferred: number; shares: number }>({
  name: "earnings_per_share",
  type: "financial_calculation",
  draw: (r) => {
    const shares = 10 * r.int(2, 40);
    const preferred = shares * r.pick([0.5, 1, 2]);
    return { shares, preferred, income: shares * r.int(1, 8) + preferred };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} earned $${p.income} million, paid $${p.preferred} million of preferred ` +
        `dividends and has ${p.shares} million common shares. What are its earnings per share?`,
      (p, d) =>
        `Net income ${p.income}, preferred dividends ${p.preferred}, common shares ${p.shares}. ` +
        `EPS of ${d.company}?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}净利润${p.income}万元,优先股股利${p.preferred}万元,` +
        `普通股${p.shares}万股,每股收益是多少元?`,
      (p, d) =>
        `净利润${p.income}万元、优先股股利${p.preferred}万元、` +
        `普通股${p.shares}万股,求${d.company}的每股收益(元)。`,
    ],
  },
  right: {
    name: "income_less_preferred",
    solve: (p, t) => ({
      steps: [
        t("EPS=(income-preferred dividends)/shares", "每股收益=(净利润-优先股股利)/股数"),
        `${p.income}-${p.preferred}=${p.income - p.preferred}`,
        `${p.income - p.preferred}/${p.shares}=${plain((p.income - p.preferred) / p.shares)}`,
      ],
      answer: t(
        `$${plain((p.income - p.preferred) / p.shares)}`,
        `${plain((p.income - p.preferred) / p.shares)}元`,
      ),
    }),
  },
  misconceptions: [
    {
      name: "ignores_preferred_dividends",
      solve: (p, t) => ({
        steps: [
          t("EPS=income/shares", "每股收益=净利润/股数"),
          t(`income is ${p.income}`, `净利润为${p.income}`),
          `${p.income}/${p.shares}=${plain(p.income / p.shares)}`,
        ],
        answer: t(`$${plain(p.income / p.shares)}`, `${plain(p.income / p.shares)}元`),
      }),
    },
  ],
});

export const priceEarnings = defineKind<{ price: number; income: number; shares: number }>({
  name: "price_earnings",
  type: "financial_calculation",
  draw: (r) => {
    const eps = r.pick([1, 2, 4, 5]);
    const shares = 10 * r.int(2, 30);
    return { shares, income: eps * shares, price: eps * r.pick([4, 5, 8, 10, 16, 20, 25, 40]) };
  },
  ask: {
    en: [
      (p, d) =>
        `A share of ${d.company} costs $${p.price}. Net income is $${p.income} million on ` +
        `${p.shares} million shares. What is the P/E ratio?`,
      (p, d) =>
        `Price ${p.price}, net income ${p.income}, shares ${p.shares}. Find the price-earnings ` +
        `ratio of ${d.company}.`,
    ],
    zh: [
      (p, d) => `${d.company}股价${p.price}元,净利润${p.income}万元,总股本${p.shares}万股,市盈率是多少倍?`,
      (p, d) => `总股本${p.shares}万股,净利润${p.income}万元,股价${p.price}元,求${d.company}的市盈率。`,
    ],
  },
  right: {
    name: "price_over_earnings",
    solve: (p, t) => {
      const eps = p.income / p.shares;
      return {
        steps: [
          t("P/E=price/EPS", "市盈率=股价/每股收益"),
          `${p.income}/${p.shares}=${eps}`,
          `${p.price}/${eps}=${p.price / eps}`,
        ],
        answer: t(`${p.price / eps}`, `${p.price / eps}倍`),
      };
    },
  },
  misconceptions: [
    {
      name: "inverts_the_ratio",
      solve: (p, t) => {
        const eps = p.income / p.shares;
        return {
          steps: [
            t("P/E=EPS/price", "市盈率=每股收益/股价"),
            `${p.income}/${p.shares}=${eps}`,
            `${eps}/${p.price}=${plain(eps / p.price, 4)}`,
          ],
          answer: t(plain(eps / p.price, 4), `${plain(eps / p.price, 4)}倍`),
        };
      },
    },
  ],
});

export const dividendYield = defineKind<{ dividend: number; price: number; eps: number }>({
  name: "dividend_yield",
  type: "financial_calculation",
  draw: (r) => {
    const price = r.pick([10, 20, 25, 40, 50, 80, 100, 150, 200]);
    const dividend = (price * r.pick([2, 3, 4, 5, 6, 8])) / 100;
    return { price, dividend, eps: (dividend * 100) / r.pick([20, 25, 40, 50, 80]) };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} trades at $${p.price}, earns $${plain(p.eps)} a share and pays a dividend ` +
        `of $${plain(p.dividend)} a share. What is the dividend yield?`,
      (p, d) =>
        `Share price ${p.price}, EPS ${plain(p.eps)}, dividend per share ${plain(p.dividend)}. ` +
        `Dividend yield of ${d.company}?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}股价${p.price}元,每股收益${plain(p.eps)}元,每股股利${plain(p.dividend)}元,股息率是多少?`,
      (p, d) =>
        `每股股利${plain(p.dividend)}元,每股收益${plain(p.eps)}元,股价${p.price}元,求${d.company}的股息率。`,
    ],
  },
  right: {
    name: "dividend_over_price",
    solve: (p, t) => ({
      steps: [
        t("yield=dividend/price", "股息率=每股股利/股价"),
        t(`the price is ${p.price}`, `股价为${p.price}`),
        `${plain(p.dividend)}/${p.price}=${percent(p.dividend / p.price)}`,
      ],
      answer: percent(p.dividend / p.price),
    }),
  },
  misconceptions: [
    {
      name: "payout_for_yield",
      solve: (p, t) => ({
        steps: [
          t("yield=dividend/EPS", "股息率=每股股利/每股收益"),
          t(`EPS is ${plain(p.eps)}`, `每股收益为${plain(p.eps)}`),
          `${plain(p.dividend)}/${plain(p.eps)}=${percent(p.dividend / p.eps)}`,
        ],
        answer: percent(p.dividend / p.eps),
      }),
    },
  ],
});

export const dilution = defineKind<{ held: number; total: number; issued: number }>({
  name: "dilution",
  type: "financial_reasoning",
  draw: (r) => {
    const after = 100 * r.int(1, 40);
    const total = after * r.pick([0.5, 0.8]);
    return { total, issued: after - total, held: (total * r.pick([10, 20, 30, 40, 50])) / 100 };
  },
  ask: {
    en: [
      (p, d) =>
        `An investor holds ${p.held} of the ${p.total} shares of ${d.company}. The company ` +
        `issues ${p.issued} new shares to others. What share of the company does the investor ` +
        "hold now?",
      (p, d) =>
        `${d.company} has ${p.total} shares, you own ${p.held}. It issues ${p.issued} more to ` +
        "new owners. Your stake afterwards?",
    ],
    zh: [
      (p, d) =>
        `某股东持有${d.company}${p.held}万股,总股本${p.total}万股。` +
        `公司向他人增发${p.issued}万股后,该股东持股比例是多少?`,
      (p, d) =>
        `${d.company}总股本${p.total}万股,你持有${p.held}万股。增发${p.issued}万股给新股东后,你占多少比例?`,
    ],
  },
  right: {
    name: "counts_new_shares",
    solve: (p, t) => ({
      steps: [
        t("stake=held/all shares after the issue", "持股比例=持股数/增发后总股本"),
        `${p.total}+${p.issued}=${p.total + p.issued}`,
        `${p.held}/${p.total + p.issued}=${percent(p.held / (p.total + p.issued))}`,
      ],
      answer: percent(p.held / (p.total + p.issued)),
    }),
  },
  misconceptions: [
    {
      name: "ignores_new_shares",
      solve: (p, t) => ({
        steps: [
          t("stake=held/shares", "持股比例=持股数/总股本"),
          t(`there are ${p.total} shares`, `总股本为${p.total}`),
          `${p.held}/${p.total}=${percent(p.held / p.total)}`,
        ],
        answer: percent(p.held / p.total),
      }),
    },
  ],
});

export const returnOnEquity = defineKind<{ income: number; assets: number; debt: number }>({
  name: "return_on_equity",
  type: "financial_calculation",
  draw: (r) => {
    const assets = 100 * r.int(1, 30);
    const equity = assets * r.pick([0.4, 0.5, 0.8]);
    return { assets, debt: assets - equity, income: (equity * r.pick([5, 10, 15, 20, 25])) / 100 };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} has assets of $${p.assets} million, liabilities of $${p.debt} million and ` +
        `net income of $${p.income} million. What is its return on equity?`,
      (p, d) =>
        `Net income ${p.income}, total assets ${p.assets}, total liabilities ${p.debt}. ROE of ${d.company}?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}总资产${p.assets}${d.unit},总负债${p.debt}${d.unit},` +
        `净利润${p.income}${d.unit},净资产收益率是多少?`,
      (p, d) =>
        `净利润${p.income}${d.unit},资产${p.assets}${d.unit},` +
        `负债${p.debt}${d.unit},求${d.company}的净资产收益率。`,
    ],
  },
  right: {
    name: "income_over_equity",
    solve: (p, t) => ({
      steps: [
        t("ROE=net income/equity", "净资产收益率=净利润/净资产"),
        `${p.assets}-${p.debt}=${p.assets - p.debt}`,
        `${p.income}/${p.assets - p.debt}=${percent(p.income / (p.assets - p.debt))}`,
      ],
      answer: percent(p.income / (p.assets - p.debt)),
    }),
  },
  misconceptions: [
    {
      name: "divides_by_assets",
      solve: (p, t) => ({
        steps: [
          t("ROE=net income/assets", "净资产收益率=净利润/总资产"),
          t(`assets are ${p.assets}`, `总资产为${p.assets}`),
          `${p.income}/${p.assets}=${percent(p.income / p.assets)}`,
        ],
        answer: percent(p.income / p.assets),
      }),
    },
  ],
});
