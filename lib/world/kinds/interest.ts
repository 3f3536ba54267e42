import { defineKind, plain } from "../kind.ts";

export const simpleInterest = defineKind<{ principal: number; rate: number; years: number }>({
  name: "simple_interest",
  type: "financial_calculation",
  draw: (r) => ({ principal: 100 * r.int(2, 60), rate: r.int(2, 9), years: r.int(2, 6) }),
  ask: {
    en: [
      (p, d) =>
        `You deposit $${p.principal} at ${d.company} at ${p.rate}% simple interest. How much ` +
        `interest do you get in ${p.years} years?`,
      (p) => `Principal ${p.principal}, simple interest ${p.rate}% a year, ${p.years} years. Total interest?`,
    ],
    zh: [
      (p, d) => `在${d.company}存入${p.principal}元,单利年利率${p.rate}%,${p.years}年后利息共多少元?`,
      (p) => `本金${p.principal}元,年利率${p.rate}%(单利),存${p.years}年,利息是多少元?`,
    ],
  },
  right: {
    name: "rate_times_years",
    solve: (p, t) => {
      const year = (p.principal * p.rate) / 100;
      return {
        steps: [
          t("interest=principal*rate*years", "利息=本金*利率*年数"),
          `${p.principal}*${p.rate}%=${plain(year)}`,
          `${plain(year)}*${p.years}=${plain(year * p.years)}`,
        ],
        answer: t(`$${plain(year * p.years)}`, `${plain(year * p.years)}元`),
      };
    },
  },
  misconceptions: [
    {
      name: "one_year_only",
      solve: (p, t) => {
        const year = (p.principal * p.rate) / 100;
        return {
          steps: [
            t("interest=principal*rate", "利息=本金*利率"),
            t(`the rate is ${p.rate}%`, `利率为${p.rate}%`),
            `${p.principal}*${p.rate}%=${plain(year)}`,
          ],
          answer: t(`$${plain(year)}`, `${plain(year)}元`),
        };
      },
    },
  ],
});

export const compoundInterest = defineKind<{ principal: number; rate: number }>({
  name: "compound_interest",
  type: "financial_calculation",
  draw: (r) => ({ principal: 100 * r.int(1, 60), rate: r.pick([10, 20, 30, 50]) }),
  ask: {
    en: [
      (p, d) =>
        `${d.company} invests $${p.principal} at ${p.rate}% compounded yearly. What is it worth ` +
        "after 2 years?",
      (p) => `$${p.principal} grows at ${p.rate}% a year with compound interest. Value after two years?`,
    ],
    zh: [
      (p, d) => `${d.company}投资${p.principal}元,年利率${p.rate}%,按复利计算,两年后本利和是多少元?`,
      (p) => `${p.principal}元按${p.rate}%的年复利增长,2年后是多少元?`,
    ],
  },
  right: {
    name: "interest_on_interest",
    solve: (p, t) => {
      const one = (p.principal * (100 + p.rate)) / 100;
      const two = (one * (100 + p.rate)) / 100;
      return {
        steps: [
          t("interest earns interest", "利息再生利息"),
          `${p.principal}*${100 + p.rate}%=${plain(one)}`,
          `${plain(one)}*${100 + p.rate}%=${plain(two)}`,
        ],
        answer: t(`$${plain(two)}`, `${plain(two)}元`),
      };
    },
  },
  misconceptions: [
    {
      name: "simple_for_compound",
      solve: (p, t) => {
        const total = (p.principal * (100 + 2 * p.rate)) / 100;
        return {
          steps: [
            t("two years of interest on the principal", "两年利息均按本金计"),
            `${p.rate}%*2=${2 * p.rate}%`,
            `${p.principal}*${100 + 2 * p.rate}%=${plain(total)}`,
          ],
          answer: t(`$${plain(total)}`, `${plain(total)}元`),
        };
      },
    },
  ],
});

export const presentValue = defineKind<{ future: number; rate: number }>({
  name: "present_value",
  type: "financial_calculation",
  draw: (r) => {
    const rate = r.pick([10, 20, 25, 50]);
    return { rate, future: (20 * r.int(2, 100) * (100 + rate)) / 100 };
  },
  ask: {
    en: [
      (p, d) =>
        `${d.company} will receive $${p.future} in one year. The discount rate is ${p.rate}%. ` +
        "What is the present value?",
      (p) => `What is $${p.future} due in a year worth today at a discount rate of ${p.rate}%?`,
    ],
    zh: [
      (p, d) => `${d.company}一年后将收到${p.future}元,折现率${p.rate}%,现值是多少元?`,
      (p) => `折现率为${p.rate}%,一年后的${p.future}元今天值多少元?`,
    ],
  },
  right: {
    name: "divides_by_one_plus_rate",
    solve: (p, t) => {
      const value = (p.future * 100) / (100 + p.rate);
      return {
        steps: [
          t("present value=future value/(1+rate)", "现值=终值/(1+折现率)"),
          `1+${p.rate}%=${plain(1 + p.rate / 100)}`,
          `${p.future}/${plain(1 + p.rate / 100)}=${plain(value)}`,
        ],
        answer: t(`$${plain(value)}`, `${plain(value)}元`),
      };
    },
  },
  misconceptions: [
    {
      name: "multiplies_by_one_minus_rate",
      solve: (p, t) => {
        const value = (p.future * (100 - p.rate)) / 100;
        return {
          steps: [
            t("present value=future value*(1-rate)", "现值=终值*(1-折现率)"),
            `1-${p.rate}%=${plain(1 - p.rate / 100)}`,
            `${p.future}*${plain(1 - p.rate / 100)}=${plain(value)}`,
          ],
          answer: t(`$${plain(value)}`, `${plain(value)}元`),
        };
      },
    },
  ],
});

export const netPresentValue = defineKind<{ cost: number; future: number; rate: number }>({
  name: "net_present_value",
  type: "financial_reasoning",
  draw: (r) => {
    const rate = r.pick([10, 20, 25]);
    const value = 20 * r.int(4, 50);
    return { rate, future: (value * (100 + rate)) / 100, cost: value - 10 * r.int(1, 7) };
  },
  ask: {
    en: [
      (p, d) =>
        `A project of ${d.company} costs $${p.cost} now and returns $${p.future} in one year. At ` +
        `a discount rate of ${p.rate}%, what is its net present value?`,
      (p) => `Outlay ${p.cost} today, inflow ${p.future} after one year, discount rate ${p.rate}%. NPV?`,
    ],
    zh: [
      (p, d) =>
        `${d.company}的项目现在投入${p.cost}元,一年后收回${p.future}元,折现率${p.rate}%,净现值是多少元?`,
      (p) => `今天投资${p.cost}元,一年后流入${p.future}元,按${p.rate}%折现,求净现值(元)。`,
    ],
  },
  right: {
    name: "discounts_then_subtracts",
    solve: (p, t) => {
      const value = (p.future * 100) / (100 + p.rate);
      return {
        steps: [
          t("discount the inflow, then subtract the cost", "先折现再减投入"),
          `${p.future}/${plain(1 + p.rate / 100)}=${plain(value)}`,
          `${plain(value)}-${p.cost}=${plain(value - p.cost)}`,
        ],
        answer: t(`$${plain(value - p.cost)}`, `${plain(value - p.cost)}元`),
      };
    },
  },
  misconceptions: [
    {
      name: "forgets_discounting",
      solve: (p, t) => ({
        steps: [
          t("inflow less cost", "收回减投入"),
          t(`the inflow is ${p.future}`, `收回${p.future}`),
          `${p.future}-${p.cost}=${plain(p.future - p.cost)}`,
        ],
        answer: t(`$${plain(p.future - p.cost)}`, `${plain(p.future - p.cost)}元`),
      }),
    },
  ],
});

export const basisPoints = defineKind<{ loan: number; points: number }>({
  name: "basis_points",
  type: "financial_calculation",
  draw: (r) => ({ loan: 10000 * r.int(1, 60), points: r.pick([10, 20, 25, 30, 40, 50, 60, 80]) }),
  ask: {
    en: [
      (p, d) =>
        `The rate on a $${p.loan} loan of ${d.company} rises by ${p.points} basis points. How ` +
        "much more interest is due each year?",
      (p) => `A loan of $${p.loan}: the rate goes up ${p.points} bp. Extra interest a year?`,
    ],
    zh: [
      (p, d) => `${d.company}有贷款${p.loan}元,利率上调${p.points}个基点,每年多付利息多少元?`,
      (p) => `贷款${p.loan}元,利率上升${p.points}bp,一年利息增加多少元?`,
    ],
  },
  right: {
    name: "hundredth_of_a_percent",
    solve: (p, t) => {
      const rate = p.points / 100;
      return {
        steps: [
          t("1 bp=0.01%", "1个基点=0.01%"),
          `${p.points}*0.01%=${plain(rate)}%`,
          `${p.loan}*${plain(rate)}%=${plain((p.loan * rate) / 100)}`,
        ],
        answer: t(`$${plain((p.loan * rate) / 100)}`, `${plain((p.loan * rate) / 100)}元`),
      };
    },
  },
  misconceptions: [
    {
      name: "tenth_of_a_percent",
      solve: (p, t) => {
        const rate = p.points / 10;
        return {
          steps: [
            t("1 bp=0.1%", "1个基点=0.1%"),
            `${p.points}*0.1%=${plain(rate)}%`,
            `${p.loan}*${plain(rate)}%=${plain((p.loan * rate) / 100)}`,
          ],
          answer: t(`$${plain((p.loan * rate) / 100)}`, `${plain((p.loan * rate) / 100)}元`),
        };
      },
    },
  ],
});

export const installmentCost = defineKind<{ price: number; down: number; monthly: number; months: number }>({
  name: "installment_cost",
  type: "financial_reasoning",
  draw: (r) => {
    const [monthly, months, down] = [20 * r.int(2, 20), r.pick([5, 10, 12, 20]), 100 * r.int(1, 9)];
    return { monthly, months, down, price: down + monthly * months - 10 * r.int(2, 9) };
  },
  ask: {
    en: [
      (p, d) =>
        `A machine of ${d.company} costs $${p.price} in cash, or $${p.down} down and ${p.months} ` +
        `payments of $${p.monthly}. How much more does paying in instalments cost?`,
      (p) =>
        `Cash price ${p.price}; instalments: ${p.down} down plus ${p.months} times ${p.monthly}. ` +
        "Extra cost of instalments?",
    ],
    zh: [
      (p, d) =>
        `${d.company}的设备现价${p.price}元;分期则首付${p.down}元,` +
        `再付${p.months}期、每期${p.monthly}元。分期多付多少元?`,
      (p) => `现金价${p.price}元,分期首付${p.down}元、${p.months}期每期${p.monthly}元,分期比现金多花多少元?`,
    ],
  },
  right: {
    name: "down_payment_plus_instalments",
    solve: (p, t) => {
      const paid = p.monthly * p.months;
      return {
        steps: [
          t("all payments less the price", "付款总额减现价"),
          `${p.monthly}*${p.months}=${paid}`,
          `${paid}+${p.down}=${paid + p.down}`,
          `${paid + p.down}-${p.price}=${paid + p.down - p.price}`,
        ],
        answer: t(`$${paid + p.down - p.price}`, `${paid + p.down - p.price}元`),
      };
    },
  },
  misconceptions: [
    {
      name: "one_payment_too_few",
      solve: (p, t) => {
        const paid = p.monthly * (p.months - 1);
        return {
          steps: [
            t("the down payment is the first payment", "首付算作第一期"),
            `${p.monthly}*${p.months - 1}=${paid}`,
            `${paid}+${p.down}=${paid + p.down}`,
            `${paid + p.down}-${p.price}=${paid + p.down - p.price}`,
          ],
          answer: t(`$${paid + p.down - p.price}`, `${paid + p.down - p.price}元`),
        };
      },
    },
  ],
});
