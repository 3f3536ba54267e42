/** Analyses: two years are compared by a ratio; the misconception looks at one amount alone. */
import { defineKind, percent, plain } from "../kind.ts";
import type { Kind, Translate } from "../kind.ts";
import type { Random } from "../../stats/random.ts";

interface Years {
  top: [number, number];
  bottom: [number, number];
}

interface Trend {
  name: string;
  misconception: string;
  rule: [en: string, zh: string];
  wrongRule: [en: string, zh: string];
  /** Judgement when the ratio rises and when it falls. */
  up: [en: string, zh: string];
  down: [en: string, zh: string];
  /** Which amount the misconception looks at. */
  looksAt: "top" | "bottom";
  /** Does a rise of that amount lead it to the judgement `up`? */
  amountUpMeansUp: boolean;
  asPercent: boolean;
  bottoms: (r: Random) => [number, number];
  ratios: readonly number[];
  ask: Kind<Years>["ask"];
}

/** Draws two ratios whose order contradicts the order of the amount that the misconception looks at. */
function drawYears(r: Random, trend: Trend): Years {
  for (;;) {
    const bottom = trend.bottoms(r);
    const [before, after] = [r.pick(trend.ratios), r.pick(trend.ratios)];
    const top: [number, number] = [Number(plain(bottom[0] * before, 6)), Number(plain(bottom[1] * after, 6))];
    const amounts = trend.looksAt === "top" ? top : bottom;
    if (before === after || amounts[0] === amounts[1]) continue;
    const amountSaysUp = amounts[1] > amounts[0] === trend.amountUpMeansUp;
    if (amountSaysUp !== after > before) return { top, bottom };
  }
}

function trendKind(trend: Trend): Kind<Years> {
  const show = (x: number) => (trend.asPercent ? percent(x) : plain(x));
  const conclude = (t: Translate, up: boolean) => t(...(up ? trend.up : trend.down));
  return defineKind<Years>({
    name: trend.name,
    type: "financial_analysis",
    draw: (r) => drawYears(r, trend),
    ask: trend.ask,
    right: {
      name: "compares_ratios",
      solve: (p, t) => {
        const [a, b] = [p.top[0] / p.bottom[0], p.top[1] / p.bottom[1]];
        return {
          steps: [
            t(...trend.rule),
            `${p.top[0]}/${p.bottom[0]}=${show(a)}`,
            `${p.top[1]}/${p.bottom[1]}=${show(b)}`,
            b > a ? `${show(b)}>${show(a)}` : `${show(b)}<${show(a)}`,
          ],
          answer: conclude(t, b > a),
        };
      },
    },
    misconceptions: [
      {
        name: trend.misconception,
        solve: (p, t) => {
          const [a, b] = p[trend.looksAt];
          return {
            steps: [
              t(...trend.wrongRule),
              t(`before ${a}, now ${b}`, `上年${a},本年${b}`),
              b > a ? `${b}>${a}` : `${b}<${a}`,
            ],
            answer: conclude(t, b > a === trend.amountUpMeansUp),
          };
        },
      },
    ],
  });
}

const twenties =
  (lo: number, hi: number) =>
  (r: Random): [number, number] => [20 * r.int(lo, hi), 20 * r.int(lo, hi)];

export const solvencyTrend = trendKind({
  name: "solvency_trend",
  misconception: "looks_at_current_assets",
  rule: ["current ratio=current assets/current liabilities", "流动比率=流动资产/流动负债"],
  wrongRule: ["more current assets mean more solvency", "流动资产越多偿债能力越强"],
  up: ["stronger", "增强"],
  down: ["weaker", "减弱"],
  looksAt: "top",
  amountUpMeansUp: true,
  asPercent: false,
  bottoms: twenties(2, 25),
  ratios: [0.8, 1, 1.2, 1.5, 1.8, 2, 2.5],
  ask: {
    en: [
      (p, d) =>
        `Current assets of ${d.company} went from $${p.top[0]} to $${p.top[1]} and current ` +
        `liabilities from $${p.bottom[0]} to $${p.bottom[1]}. Has its short-term solvency become ` +
        "stronger or weaker?",
      (p, d) =>
        `${d.company}: current assets ${p.top[0]} then ${p.top[1]}, current liabilities ` +
        `${p.bottom[0]} then ${p.bottom[1]}. Short-term solvency: stronger or weaker?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}流动资产由${p.top[0]}${d.unit}变为${p.top[1]}${d.unit},` +
        `流动负债由${p.bottom[0]}${d.unit}变为${p.bottom[1]}${d.unit},短期偿债能力增强还是减弱?`,
      (p, d) =>
        `${d.company}上年流动资产${p.top[0]}、流动负债${p.bottom[0]},` +
        `本年流动资产${p.top[1]}、流动负债${p.bottom[1]}。` +
        "短期偿债能力是增强还是减弱?",
    ],
  },
});

export const profitabilityTrend = trendKind({
  name: "profitability_trend",
  misconception: "looks_at_profit",
  rule: ["margin=profit/revenue", "利润率=利润/收入"],
  wrongRule: ["more profit means more profitability", "利润越多盈利能力越强"],
  up: ["improved", "提高"],
  down: ["declined", "降低"],
  looksAt: "top",
  amountUpMeansUp: true,
  asPercent: true,
  bottoms: (r) => [100 * r.int(1, 30), 100 * r.int(1, 30)],
  ratios: [0.05, 0.1, 0.15, 0.2, 0.25, 0.3],
  ask: {
    en: [
      (p, d) =>
        `Revenue of ${d.company} changed from $${p.bottom[0]} to $${p.bottom[1]}, profit from ` +
        `$${p.top[0]} to $${p.top[1]}. Has its profitability improved or declined?`,
      (p, d) =>
        `${d.company}: profit ${p.top[0]} on revenue ${p.bottom[0]}, then profit ${p.top[1]} on ` +
        `revenue ${p.bottom[1]}. Profitability: improved or declined?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}收入由${p.bottom[0]}${d.unit}变为${p.bottom[1]}${d.unit},` +
        `利润由${p.top[0]}${d.unit}变为${p.top[1]}${d.unit},盈利水平提高还是降低?`,
      (p, d) =>
        `${d.company}上年收入${p.bottom[0]}、利润${p.top[0]},` +
        `本年收入${p.bottom[1]}、利润${p.top[1]}。盈利水平是提高还是降低?`,
    ],
  },
});

export const leverageTrend = trendKind({
  name: "leverage_trend",
  misconception: "looks_at_debt",
  rule: ["debt ratio=liabilities/assets", "资产负债率=负债/资产"],
  wrongRule: ["more debt means more risk", "负债越多风险越大"],
  up: ["higher", "加大"],
  down: ["lower", "减小"],
  looksAt: "top",
  amountUpMeansUp: true,
  asPercent: true,
  bottoms: (r) => [100 * r.int(1, 40), 100 * r.int(1, 40)],
  ratios: [0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
  ask: {
    en: [
      (p, d) =>
        `Liabilities of ${d.company} moved from $${p.top[0]} to $${p.top[1]}, total assets from ` +
        `$${p.bottom[0]} to $${p.bottom[1]}. Is its financial risk higher or lower?`,
      (p, d) =>
        `${d.company}: liabilities ${p.top[0]} then ${p.top[1]}, assets ${p.bottom[0]} then ` +
        `${p.bottom[1]}. Financial risk: higher or lower?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}负债由${p.top[0]}${d.unit}变为${p.top[1]}${d.unit},` +
        `资产由${p.bottom[0]}${d.unit}变为${p.bottom[1]}${d.unit},财务风险加大还是减小?`,
      (p, d) =>
        `${d.company}上年负债${p.top[0]}、资产${p.bottom[0]},` +
        `本年负债${p.top[1]}、资产${p.bottom[1]}。财务风险是加大还是减小?`,
    ],
  },
});

export const collectionTrend = trendKind({
  name: "collection_trend",
  misconception: "looks_at_receivables",
  rule: ["turnover=revenue/receivables", "周转率=收入/应收账款"],
  wrongRule: ["more receivables mean slower collection", "应收账款越多回款越慢"],
  up: ["faster", "加快"],
  down: ["slower", "放慢"],
  looksAt: "bottom",
  amountUpMeansUp: false,
  asPercent: false,
  bottoms: (r) => [10 * r.int(2, 40), 10 * r.int(2, 40)],
  ratios: [2, 3, 4, 5, 6, 8],
  ask: {
    en: [
      (p, d) =>
        `Receivables of ${d.company} went from $${p.bottom[0]} to $${p.bottom[1]}, revenue from ` +
        `$${p.top[0]} to $${p.top[1]}. Does it collect faster or slower?`,
      (p, d) =>
        `${d.company}: revenue ${p.top[0]} then ${p.top[1]}, receivables ${p.bottom[0]} then ` +
        `${p.bottom[1]}. Collection: faster or slower?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}应收账款由${p.bottom[0]}${d.unit}变为${p.bottom[1]}${d.unit},` +
        `收入由${p.top[0]}${d.unit}变为${p.top[1]}${d.unit},回款加快还是放慢?`,
      (p, d) =>
        `${d.company}上年收入${p.top[0]}、应收账款${p.bottom[0]},` +
        `本年收入${p.top[1]}、应收账款${p.bottom[1]}。回款是加快还是放慢?`,
    ],
  },
});

export const earningsQuality = trendKind({
  name: "earnings_quality",
  misconception: "looks_at_profit_growth",
  rule: ["cash content=operating cash flow/net income", "含金量=经营现金流/净利润"],
  wrongRule: ["more profit means better quality", "利润越多质量越好"],
  up: ["better", "变好"],
  down: ["worse", "变差"],
  looksAt: "bottom",
  amountUpMeansUp: true,
  asPercent: true,
  bottoms: (r) => [10 * r.int(2, 50), 10 * r.int(2, 50)],
  ratios: [0.4, 0.5, 0.6, 0.8, 0.9, 1.1, 1.2],
  ask: {
    en: [
      (p, d) =>
        `Net income of ${d.company} changed from $${p.bottom[0]} to $${p.bottom[1]}, operating ` +
        `cash flow from $${p.top[0]} to $${p.top[1]}. Has its earnings quality become better or ` +
        "worse?",
      (p, d) =>
        `${d.company}: operating cash flow ${p.top[0]} then ${p.top[1]}, net income ` +
        `${p.bottom[0]} then ${p.bottom[1]}. Earnings quality: better or worse?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}净利润由${p.bottom[0]}${d.unit}变为${p.bottom[1]}${d.unit},` +
        `经营现金流由${p.top[0]}${d.unit}变为${p.top[1]}${d.unit},盈利质量变好还是变差?`,
      (p, d) =>
        `${d.company}上年净利润${p.bottom[0]}、经营现金流${p.top[0]},` +
        `本年净利润${p.bottom[1]}、经营现金流${p.top[1]}。盈利质量变好还是变差?`,
    ],
  },
});
