import { defineKind, percent, plain } from "../kind.ts";

export const debtRatio = defineKind<{ debt: number; equity: number }>({
  name: "debt_ratio",
  type: "financial_calculation",
  draw: (r) => {
    const assets = 20 * r.int(2, 60);
    const debt = (assets * r.pick([20, 25, 40, 50, 60, 75, 80])) / 100;
    return { debt, equity: assets - debt };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} has liabilities of $${p.debt} million and equity of $${p.equity} million. ` +
        "What is its debt-to-assets ratio in percent?",
      (p, d) => `Liabilities ${p.debt}, equity ${p.equity}. Debt ratio (to total assets) of ${d.company}?`,
    ],
    zh: [
      (p, d) => `${d.company}负债${p.debt}${d.unit},所有者权益${p.equity}${d.unit},资产负债率是多少?`,
      (p, d) => `所有者权益${p.equity}${d.unit},负债${p.debt}${d.unit},求${d.company}的资产负债率。`,
    ],
  },
  right: {
    name: "debt_over_assets",
    solve: (p, t) => ({
      steps: [
        t("debt ratio=liabilities/assets", "资产负债率=负债/资产"),
        `${p.debt}+${p.equity}=${p.debt + p.equity}`,
        `${p.debt}/${p.debt + p.equity}=${percent(p.debt / (p.debt + p.equity))}`,
      ],
      answer: percent(p.debt / (p.debt + p.equity)),
    }),
  },
  misconceptions: [
    {
      name: "divides_by_equity",
      solve: (p, t) => ({
        steps: [
          t("debt ratio=liabilities/equity", "资产负债率=负债/权益"),
          t(`equity is ${p.equity}`, `权益为${p.equity}`),
          `${p.debt}/${p.equity}=${percent(p.debt / p.equity)}`,
        ],
        answer: percent(p.debt / p.equity),
      }),
    },
  ],
});

export const quickRatio = defineKind<{ current: number; inventory: number; liabilities: number }>({
  name: "quick_ratio",
  type: "financial_calculation",
  draw: (r) => {
    const liabilities = 10 * r.int(2, 50);
    const inventory = liabilities * r.pick([0.3, 0.5, 0.8, 1]);
    return {
      liabilities,
      inventory,
      current: liabilities * r.pick([0.5, 0.8, 1.2, 1.5, 2, 2.5]) + inventory,
    };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} has current assets of $${p.current}, of which inventory $${p.inventory}, ` +
        `and current liabilities of $${p.liabilities}. What is the quick ratio?`,
      (p, d) =>
        `Current assets ${p.current}, inventory ${p.inventory}, current liabilities ` +
        `${p.liabilities}. Quick ratio of ${d.company}?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}流动资产${p.current}${d.unit},其中存货${p.inventory}${d.unit},` +
        `流动负债${p.liabilities}${d.unit},速动比率是多少?`,
      (p, d) =>
        `流动负债${p.liabilities}${d.unit},流动资产${p.current}${d.unit},存货${p.inventory}${d.unit},` +
        `求${d.company}的速动比率。`,
    ],
  },
  right: {
    name: "without_inventory",
    solve: (p, t) => ({
      steps: [
        t("quick ratio=(current assets-inventory)/current liabilities", "速动比率=(流动资产-存货)/流动负债"),
        `${p.current}-${p.inventory}=${p.current - p.inventory}`,
        `${p.current - p.inventory}/${p.liabilities}=${plain((p.current - p.inventory) / p.liabilities)}`,
      ],
      answer: plain((p.current - p.inventory) / p.liabilities),
    }),
  },
  misconceptions: [
    {
      name: "keeps_inventory",
      solve: (p, t) => ({
        steps: [
          t("quick ratio=current assets/current liabilities", "速动比率=流动资产/流动负债"),
          t(`current assets are ${p.current}`, `流动资产为${p.current}`),
          `${p.current}/${p.liabilities}=${plain(p.current / p.liabilities)}`,
        ],
        answer: plain(p.current / p.liabilities),
      }),
    },
  ],
});

export const depreciation = defineKind<{ cost: number; salvage: number; years: number }>({
  name: "depreciation",
  type: "financial_calculation",
  draw: (r) => {
    const years = r.pick([4, 5, 8, 10]);
    const salvage = years * 10 * r.int(1, 5);
    return { years, salvage, cost: years * 10 * r.int(3, 40) + salvage };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} buys a machine for $${p.cost} with a salvage value of $${p.salvage} after ` +
        `${p.years} years. What is the yearly straight-line depreciation?`,
      (p) =>
        `Cost ${p.cost}, salvage value ${p.salvage}, life ${p.years} years, straight line. ` +
        "Depreciation a year?",
    ],
    zh: [
      (p, d) =>
        `${d.company}购入设备${p.cost}元,预计净残值${p.salvage}元,使用${p.years}年,直线法年折旧额是多少元?`,
      (p) => `原值${p.cost}元,残值${p.salvage}元,寿命${p.years}年,按直线法每年折旧多少元?`,
    ],
  },
  right: {
    name: "cost_less_salvage",
    solve: (p, t) => ({
      steps: [
        t("depreciation=(cost-salvage)/years", "年折旧=(原值-残值)/年数"),
        `${p.cost}-${p.salvage}=${p.cost - p.salvage}`,
        `${p.cost - p.salvage}/${p.years}=${plain((p.cost - p.salvage) / p.years)}`,
      ],
      answer: t(`$${plain((p.cost - p.salvage) / p.years)}`, `${plain((p.cost - p.salvage) / p.years)}元`),
    }),
  },
  misconceptions: [
    {
      name: "ignores_salvage",
      solve: (p, t) => ({
        steps: [
          t("depreciation=cost/years", "年折旧=原值/年数"),
          t(`the cost is ${p.cost}`, `原值为${p.cost}`),
          `${p.cost}/${p.years}=${plain(p.cost / p.years)}`,
        ],
        answer: t(`$${plain(p.cost / p.years)}`, `${plain(p.cost / p.years)}元`),
      }),
    },
  ],
});

export const inventoryTurnover = defineKind<{ cost: number; opening: number; closing: number }>({
  name: "inventory_turnover",
  type: "financial_calculation",
  draw: (r) => {
    const closing = 10 * r.int(2, 30);
    const opening = closing * r.pick([3, 5, 7]);
    return { opening, closing, cost: ((opening + closing) / 2) * r.int(2, 9) };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} had cost of sales of $${p.cost}, opening inventory of $${p.opening} and ` +
        `closing inventory of $${p.closing}. What is its inventory turnover?`,
      (p, d) =>
        `Cost of sales ${p.cost}, inventory ${p.opening} at the start and ${p.closing} at the ` +
        `end. How often did ${d.company} turn its inventory?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}营业成本${p.cost}${d.unit},期初存货${p.opening}${d.unit},` +
        `期末存货${p.closing}${d.unit},存货周转率是多少次?`,
      (p, d) =>
        `期初存货${p.opening}${d.unit}、期末存货${p.closing}${d.unit}、` +
        `营业成本${p.cost}${d.unit},求${d.company}的存货周转次数。`,
    ],
  },
  right: {
    name: "average_inventory",
    solve: (p, t) => {
      const mean = (p.opening + p.closing) / 2;
      return {
        steps: [
          t("turnover=cost/average inventory", "周转率=成本/平均存货"),
          `(${p.opening}+${p.closing})/2=${mean}`,
          `${p.cost}/${mean}=${plain(p.cost / mean)}`,
        ],
        answer: t(plain(p.cost / mean), `${plain(p.cost / mean)}次`),
      };
    },
  },
  misconceptions: [
    {
      name: "closing_inventory",
      solve: (p, t) => ({
        steps: [
          t("turnover=cost/closing inventory", "周转率=成本/期末存货"),
          t(`closing inventory is ${p.closing}`, `期末存货为${p.closing}`),
          `${p.cost}/${p.closing}=${plain(p.cost / p.closing)}`,
        ],
        answer: t(plain(p.cost / p.closing), `${plain(p.cost / p.closing)}次`),
      }),
    },
  ],
});

export const payback = defineKind<{ cost: number; profit: number; depreciation: number }>({
  name: "payback",
  type: "financial_reasoning",
  draw: (r) => {
    const flow = 20 * r.int(2, 40);
    const profit = flow * r.pick([0.4, 0.5, 0.8]);
    return { profit, depreciation: flow - profit, cost: flow * r.int(2, 9) };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} invests $${p.cost}. Each year brings a net profit of $${p.profit} after ` +
        `depreciation of $${p.depreciation}. What is the payback period in years?`,
      (p) =>
        `Investment ${p.cost}; yearly profit ${p.profit}; yearly depreciation ${p.depreciation}. ` +
        "Payback period?",
    ],
    zh: [
      (p, d) =>
        `${d.company}投资${p.cost}元,` +
        `每年净利润${p.profit}元(已扣折旧${p.depreciation}元),投资回收期是多少年?`,
      (p) => `投资额${p.cost}元,年净利润${p.profit}元,年折旧${p.depreciation}元,求回收期(年)。`,
    ],
  },
  right: {
    name: "adds_back_depreciation",
    solve: (p, t) => {
      const flow = p.profit + p.depreciation;
      return {
        steps: [
          t("cash flow=profit+depreciation", "现金流=净利润+折旧"),
          `${p.profit}+${p.depreciation}=${flow}`,
          `${p.cost}/${flow}=${plain(p.cost / flow)}`,
        ],
        answer: t(`${plain(p.cost / flow)} years`, `${plain(p.cost / flow)}年`),
      };
    },
  },
  misconceptions: [
    {
      name: "profit_for_cash_flow",
      solve: (p, t) => ({
        steps: [
          t("cash flow=profit", "现金流=净利润"),
          t(`the profit is ${p.profit}`, `净利润为${p.profit}`),
          `${p.cost}/${p.profit}=${plain(p.cost / p.profit)}`,
        ],
        answer: t(`${plain(p.cost / p.profit)} years`, `${plain(p.cost / p.profit)}年`),
      }),
    },
  ],
});
