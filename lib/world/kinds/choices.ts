import { defineKind, letterOf, optionLines, percent, plain } from "../kind.ts";

/** Which of two options, `first` and `second`, stands behind which letter. */
const letters = (names: readonly string[], answer: string) => letterOf(names, answer);

export const compareMargin = defineKind<{ revenue: [number, number]; profit: [number, number] }>({
  name: "compare_margin",
  type: "financial_reasoning",
  draw: (r) => {
    const [small, big] = [100 * r.int(1, 9), 100 * r.int(10, 30)];
    const [high, low] = [r.pick([20, 25, 30, 40]), r.pick([8, 10, 12, 15])];
    const pairs = r.shuffle([
      [small, (small * high) / 100],
      [big, (big * low) / 100],
    ]) as [number, number][];
    return { revenue: [pairs[0]![0], pairs[1]![0]], profit: [pairs[0]![1], pairs[1]![1]] };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company}: revenue $${p.revenue[0]}, profit $${p.profit[0]}. ${d.other}: revenue ` +
        `$${p.revenue[1]}, profit $${p.profit[1]}. Which has the higher profit ` +
        `margin?${optionLines([d.company, d.other])}`,
      (p, d) =>
        `Revenue and profit are ${p.revenue[0]} and ${p.profit[0]} at ${d.company}, ` +
        `${p.revenue[1]} and ${p.profit[1]} at ${d.other}. Whose margin is ` +
        `higher?${optionLines([d.company, d.other])}`,
    ],
    zh: [
      (p, d) =>
        `${d.company}收入${p.revenue[0]}${d.unit}、利润${p.profit[0]}${d.unit};` +
        `${d.other}收入${p.revenue[1]}${d.unit}、利润${p.profit[1]}${d.unit}。哪家利润率更高?` +
        `${optionLines([d.company, d.other])}`,
      (p, d) =>
        `哪家公司的利润率更高?${d.company}收入${p.revenue[0]}、利润${p.profit[0]},` +
        `${d.other}收入${p.revenue[1]}、利润${p.profit[1]}。${optionLines([d.company, d.other])}`,
    ],
  },
  right: {
    name: "compares_margins",
    solve: (p) => {
      const [a, b] = [p.profit[0] / p.revenue[0], p.profit[1] / p.revenue[1]];
      return {
        steps: [
          `A: ${p.profit[0]}/${p.revenue[0]}=${percent(a)}`,
          `B: ${p.profit[1]}/${p.revenue[1]}=${percent(b)}`,
          a > b ? `${percent(a)}>${percent(b)}` : `${percent(a)}<${percent(b)}`,
        ],
        answer: letters(["a", "b"], a > b ? "a" : "b"),
      };
    },
  },
  misconceptions: [
    {
      name: "compares_profits",
      solve: (p) => {
        const [a, b] = p.profit;
        return {
          steps: [`A: ${a}`, `B: ${b}`, a > b ? `${a}>${b}` : `${a}<${b}`],
          answer: letters(["a", "b"], a > b ? "a" : "b"),
        };
      },
    },
  ],
});

export const loanChoice = defineKind<{
  principal: number;
  low: number;
  high: number;
  fee: number;
  swapped: boolean;
}>({
  name: "loan_choice",
  type: "financial_reasoning",
  draw: (r) => {
    const [principal, low, gap] = [1000 * r.int(1, 30), r.int(3, 7), r.int(1, 3)];
    return {
      principal,
      low,
      high: low + gap,
      fee: (principal * gap) / 100 + 10 * r.int(1, 9),
      swapped: r.int(0, 1) === 1,
    };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} borrows $${p.principal} for one year. Which loan is cheaper?` +
        optionLines(
          flip(p.swapped, [`${p.low}% interest plus a fee of $${p.fee}`, `${p.high}% interest, no fee`]),
        ),
      (p) =>
        `A one-year loan of $${p.principal}: which offer costs less in ` +
        `total?${optionLines(flip(p.swapped, [`rate ${p.low}%, fee $${p.fee}`, `rate ${p.high}%, no fee`]))}`,
    ],
    zh: [
      (p, d) =>
        `${d.company}借款${p.principal}元,期限一年,哪笔贷款更便宜?` +
        `${optionLines(flip(p.swapped, [`利率${p.low}%,另收手续费${p.fee}元`, `利率${p.high}%,无手续费`]))}`,
      (p) =>
        `一年期贷款${p.principal}元,哪个方案总成本更低?` +
        `${optionLines(flip(p.swapped, [`年利率${p.low}%,手续费${p.fee}元`, `年利率${p.high}%,免手续费`]))}`,
    ],
  },
  right: {
    name: "interest_plus_fee",
    solve: (p, t) => {
      const [x, y] = [(p.principal * p.low) / 100, (p.principal * p.high) / 100];
      return {
        steps: [
          t("cost=interest+fee", "成本=利息+手续费"),
          `${p.principal}*${p.low}%=${plain(x)}`,
          `${plain(x)}+${p.fee}=${plain(x + p.fee)}`,
          `${p.principal}*${p.high}%=${plain(y)}`,
          `${plain(y)}<${plain(x + p.fee)}`,
        ],
        answer: p.swapped ? "A" : "B",
      };
    },
  },
  misconceptions: [
    {
      name: "compares_rates_only",
      solve: (p, t) => ({
        steps: [
          t("the lower rate is cheaper", "利率低的更便宜"),
          t(`the rates are ${p.low}% and ${p.high}%`, `利率为${p.low}%和${p.high}%`),
          `${p.low}%<${p.high}%`,
        ],
        answer: p.swapped ? "B" : "A",
      }),
    },
  ],
});

function flip<T>(swapped: boolean, pair: [T, T]): T[] {
  return swapped ? [pair[1], pair[0]] : pair;
}

export const interestCover = defineKind<{ ebit: number; net: number; interest: number; times: number }>({
  name: "interest_cover",
  type: "financial_reasoning",
  draw: (r) => {
    const [interest, times] = [10 * r.int(2, 30), r.int(2, 5)];
    const enough = r.int(0, 2) > 0;
    const ebit = interest * (times + (enough ? r.pick([0.5, 1]) : -0.5));
    // Net income after interest and tax: below the required multiple when EBIT is above it; else the old loss
    // carried forward lifts it above.
    const net = enough ? interest * (times - r.pick([0.5, 1])) : interest * (times + 0.5);
    return { ebit, net, interest, times };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} has EBIT of $${p.ebit}, net income of $${p.net} and interest expense of ` +
        `$${p.interest}. A bank requires an interest cover of ${p.times}. Is it met? Answer yes ` +
        "or no.",
      (p, d) =>
        `EBIT ${p.ebit}, interest ${p.interest}, net income ${p.net}. Does ${d.company} cover ` +
        `its interest at least ${p.times} times (yes or no)?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}息税前利润${p.ebit}${d.unit},净利润${p.net}${d.unit},利息费用${p.interest}${d.unit}。` +
        `银行要求利息保障倍数不低于${p.times},是否达标?`,
      (p, d) =>
        `净利润${p.net}${d.unit},利息${p.interest}${d.unit},息税前利润${p.ebit}${d.unit},` +
        `${d.company}的利息保障倍数是否达到${p.times}?`,
    ],
  },
  right: {
    name: "ebit_over_interest",
    solve: (p, t) =>
      verdict(p.ebit, p.interest, p.times, t("cover=EBIT/interest", "保障倍数=息税前利润/利息"), t),
  },
  misconceptions: [
    {
      name: "net_income_over_interest",
      solve: (p, t) =>
        verdict(p.net, p.interest, p.times, t("cover=net income/interest", "保障倍数=净利润/利息"), t),
    },
  ],
});

function verdict(
  top: number,
  bottom: number,
  times: number,
  rule: string,
  t: (en: string, zh: string) => string,
) {
  const x = top / bottom;
  return {
    steps: [
      rule,
      `${plain(top)}/${bottom}=${plain(x)}`,
      x >= times ? `${plain(x)}>=${times}` : `${plain(x)}<${times}`,
    ],
    answer: x >= times ? t("yes", "是") : t("no", "否"),
  };
}

export const rateSensitivity = defineKind<{ years: [number, number]; coupon: [number, number] }>({
  name: "rate_sensitivity",
  type: "financial_concept",
  draw: (r) => {
    const [short, long] = [r.int(1, 6), r.int(8, 30)];
    const [low, high] = [r.int(1, 4), r.int(5, 9)];
    return r.int(0, 1)
      ? { years: [short, long], coupon: [high, low] }
      : { years: [long, short], coupon: [low, high] };
  },
  ask: {
    en: [
      (p) =>
        "Which bond's price reacts more to a change in interest rates?" +
        optionLines([0, 1].map((i) => `${p.years[i]} years, coupon ${p.coupon[i]}%`)),
      (p) =>
        "Rates move. The price of which bond changes more?" +
        optionLines([0, 1].map((i) => `coupon ${p.coupon[i]}%, ${p.years[i]} years`)),
    ],
    zh: [
      (p) =>
        "市场利率变动时,哪只债券的价格波动更大?" +
        optionLines([0, 1].map((i) => `期限${p.years[i]}年,票面利率${p.coupon[i]}%`)),
      (p) =>
        "以下哪只债券对利率更敏感?" +
        optionLines([0, 1].map((i) => `票面利率${p.coupon[i]}%,期限${p.years[i]}年`)),
    ],
  },
  right: {
    name: "longer_term_reacts_more",
    solve: (p, t) => ({
      steps: [
        t("a longer term means a longer duration", "期限越长久期越长"),
        t(`the terms are ${p.years[0]} and ${p.years[1]} years`, `期限为${p.years[0]}年和${p.years[1]}年`),
        p.years[0] > p.years[1] ? `${p.years[0]}>${p.years[1]}` : `${p.years[0]}<${p.years[1]}`,
      ],
      answer: p.years[0] > p.years[1] ? "A" : "B",
    }),
  },
  misconceptions: [
    {
      name: "higher_coupon_reacts_more",
      solve: (p, t) => ({
        steps: [
          t("a higher coupon means a longer duration", "票息越高久期越长"),
          t(
            `the coupons are ${p.coupon[0]}% and ${p.coupon[1]}%`,
            `票面利率为${p.coupon[0]}%和${p.coupon[1]}%`,
          ),
          p.coupon[0] > p.coupon[1] ? `${p.coupon[0]}%>${p.coupon[1]}%` : `${p.coupon[0]}%<${p.coupon[1]}%`,
        ],
        answer: p.coupon[0] > p.coupon[1] ? "A" : "B",
      }),
    },
  ],
});
