/** Which of the four types a question is: the first rule of a list that anyone can read. */
import { plain } from "../question/canonical.ts";
import { splitOptions } from "../question/options.ts";
import { QuestionType } from "../records.ts";

export interface Classification {
  type: QuestionType;
  /** Name of the rule that fired. */
  rule: string;
}

/** What the rules look at; all texts are plain (half width, lower case). */
export interface Features {
  /** The question without options, at most its first 20,000 characters. */
  stem: string;
  /** Its last sentences, at most 300 characters: where the question itself stands. */
  ask: string;
  options: string[];
  /** A table, or 200 characters and more before the question itself. */
  hasPassage: boolean;
  gold: "number" | "choice" | "yesno" | "text";
  /** How many numbers question and options hold. */
  numbers: number;
  /** All options are numbers with at most a unit. */
  numericOptions: boolean;
  /** The gold's number stands in the passage as it is. */
  goldInPassage: boolean;
}

export interface ClassifyRule {
  name: string;
  type: QuestionType;
  /** For the reader: what the rule goes by. */
  because: string;
  test: (f: Features) => boolean;
}

const DEFINITION = anyOf(
  /什么是|是什么意思|何谓|是指什么|指的是什么|的(?:定义|含义|概念)(?:是|为|[?。]|$)/,
  /名词解释|衡量的是|反映.{0,12}(?:能力|什么|哪)/,
  /what (?:is|are) meant by|what does .{1,60} (?:mean|measure|stand for)/,
  /^define |definition of|explain the (?:term|concept)/,
);
const EXPLAINING_OPTION = /是指|指的是|是一种|refers? to|means? that|is (?:a|an|the) /;
const STANCE =
  /^(?:积极|消极|中性|利好|利空|未知|正面|负面|看多|看空|乐观|悲观|positive|negative|neutral|bullish|bearish|unknown|not sure)。?$/;
const JUDGEMENT = anyOf(
  /分析|评价|评估|解读|趋势|影响|展望|观点|比较|对比|怎么看|看法|风险有哪些|总结|概括|摘要/,
  /analy[sz]e|analysis|assess|evaluate|compare|impact|trend|outlook|summari[sz]e/,
);
const DIRECTION = /(?:higher|lower|faster|slower|stronger|weaker|better|worse|more|less|up|down)/.source;
const TREND = anyOf(
  /还是.{0,6}[低降差弱小慢少坏]|[高升好强大快多]还是/,
  new RegExp(String.raw`${DIRECTION}\W{1,2}or ${DIRECTION}`),
);
const COMPARATIVE = [
  /more|less|better|worse|higher|lower|cheaper|larger|smaller|greater|faster|safer|riskier/.source,
  /\w{3,}est/.source,
].join("|");
const COMPARISON = anyOf(
  /哪[一]?[个家种项只支款笔].{0,16}(?:更|较|最)/,
  new RegExp(String.raw`\bwhich\b.{0,60}\b(?:${COMPARATIVE})\b`),
);
const CAUSE =
  /为什么|为何|原因|如何|怎么|怎样|why |how (?:do|does|did|can|should|would|is|are) |reason|cause|explain/;
const SCENARIO =
  /如果|若(?!干)|假设|假定|应当|应该|应如何|能否|是否|可否|某(?:公司|企业|银行|投资者|客户|上市|股份|单位|人)|\bif\b|would|should|suppose|assume/;
const FINANCE_QUANTITY = anyOf(
  /利率|利息|利润|收益|净值|现值|终值|成本|税|折旧|股利|市盈|市净|资产|负债|权益|周转|毛利|营收|收入|贷款|存款/,
  /本金|票面|保费|汇率|杠杆|产权比率|现金|[万亿]?元|兑换/,
  /\brate|interest|profit|margin|return|ratio|revenue|\btax|cost|price|dividend|yield|discount|loan|deposit/,
  /asset|liabilit|equity|cash|income|expense|earn|sales|salary|budget|dollar|yuan|euro|pound sterling/,
  /[$€¥%]/,
);

function anyOf(...parts: readonly RegExp[]): RegExp {
  return new RegExp(parts.map(({ source }) => source).join("|"));
}

/** In order; the first that fits decides. */
export const CLASSIFY_RULES: readonly ClassifyRule[] = [
  {
    name: "asks what a term means",
    type: "financial_concept",
    because: "what is / 什么是 / 的含义, and no number as answer",
    test: (f) => f.gold !== "number" && !f.numericOptions && DEFINITION.test(f.ask),
  },
  {
    name: "options explain a term",
    type: "financial_concept",
    because: "a short stem whose options are explanations (是指, refers to)",
    test: (f) =>
      f.stem.length <= 40 &&
      f.options.length > 1 &&
      2 * f.options.filter((o) => EXPLAINING_OPTION.test(o)).length >= f.options.length,
  },
  {
    name: "asks for the stance of a text",
    type: "financial_analysis",
    because: "all options are stances: positive, negative, neutral, 利好, 利空 …",
    test: (f) => f.options.length > 1 && f.options.every((o) => STANCE.test(o)),
  },
  {
    name: "recalls a number",
    type: "financial_concept",
    because: "numbers to choose from, but none in the question to compute from",
    test: (f) => f.gold === "choice" && f.numericOptions && !/\d/.test(f.stem),
  },
  {
    name: "reads a number off a passage",
    type: "financial_analysis",
    because: "the answer is a number that stands in the table or text",
    test: (f) => f.gold === "number" && f.hasPassage && f.goldInPassage,
  },
  {
    name: "computes from named quantities",
    type: "financial_calculation",
    because:
      "the answer is a number and the question names a financial quantity or a unit of money, or " +
      "holds a table",
    test: (f) => isNumber(f) && (f.hasPassage || FINANCE_QUANTITY.test(f.stem)),
  },
  {
    name: "works out an everyday story",
    type: "financial_reasoning",
    because: "the answer is a number, but no financial quantity is named",
    test: (f) => isNumber(f),
  },
  {
    name: "rules yes or no",
    type: "financial_reasoning",
    because: "the answer is yes or no",
    test: (f) => f.gold === "yesno",
  },
  {
    name: "reads a passage",
    type: "financial_analysis",
    because: "a table or a long text, and the answer stands in it",
    test: (f) => f.hasPassage,
  },
  {
    name: "reads a trend from figures",
    type: "financial_analysis",
    because: "at least two numbers, and the question is better or worse, 提高还是降低",
    test: (f) => f.numbers > 1 && TREND.test(f.ask),
  },
  {
    name: "compares alternatives",
    type: "financial_reasoning",
    because: "numbers in question or options, and the question is which one is more, cheaper, 更高",
    test: (f) => f.numbers > 1 && COMPARISON.test(f.stem),
  },
  {
    name: "asks for a judgement",
    type: "financial_analysis",
    because: "分析 / 评价 / 影响 / compare / impact …",
    test: (f) => JUDGEMENT.test(f.ask),
  },
  {
    name: "applies a rule to a case",
    type: "financial_reasoning",
    because: "如果 / 某公司 / 应当 / if / would …",
    test: (f) => SCENARIO.test(f.stem),
  },
  {
    name: "asks for a cause or a way",
    type: "financial_reasoning",
    because: "为什么 / 如何 / why / how",
    test: (f) => CAUSE.test(f.ask),
  },
  {
    name: "otherwise",
    type: "financial_concept",
    because: "what is left asks for knowledge",
    test: () => true,
  },
];

function isNumber(f: Features): boolean {
  return f.gold === "number" || (f.gold === "choice" && f.numericOptions);
}

/**
 * The type of a question and the rule that decided, by the visible list `CLASSIFY_RULES`. Total: every
 * question gets a type.
 */
export function classify(question: string, gold: string): Classification {
  const f = readFeatures(question, gold);
  const rule = CLASSIFY_RULES.find((r) => r.test(f))!;
  return { type: rule.type, rule: rule.name };
}

/** What the rules look at. Bounded: only the first 20,000 and the last 1,000 characters are read. */
function readFeatures(question: string, gold: string): Features {
  const text = plain(
    question.length > 21_000 ? `${question.slice(0, 20_000)}\n${question.slice(-1000)}` : question,
  ).trim();
  const { stem, options } = splitOptions(text);
  const trimmed = stem.trim();
  const ask = lastSentences(trimmed);
  return {
    stem: trimmed,
    ask,
    options,
    hasPassage: /\|.*\|.*\|/.test(trimmed) || trimmed.length - ask.length >= 200,
    gold: kindOfGold(gold, options),
    numbers: text.match(/\d+(?:\.\d+)?/g)?.length ?? 0,
    numericOptions: options.length > 1 && options.every((o) => NUMBER.test(o)),
    goldInPassage: standsIn(trimmed.slice(0, trimmed.length - ask.length), gold),
  };
}

/**
 * Whether the first number of the gold is a number of the passage; single digits do not count, they stand
 * everywhere.
 */
function standsIn(passage: string, gold: string): boolean {
  const number = /\d[\d,]*(?:\.\d+)?/.exec(plain(gold.slice(0, 100)))?.[0].replace(/,/g, "");
  if (number === undefined || number.length < 2) return false;
  return new Set(passage.replace(/(?<=\d),(?=\d{3})/g, "").match(/\d+(?:\.\d+)?/g)).has(number);
}

const NUMBER =
  /^[\s$€£¥(≈约-]{0,4}\d[\d,. ]{0,30}(?:e[-+]?\d{1,3})?(?:\s?(?:%|[a-z\u4e00-\u9fff/]{1,12}))?[)。.;]?$/;
const LETTERS = /^\(?[a-j](?:[\s,、和]{0,2}[a-j]){0,9}\)?\.?$/;
const YES_NO = /^(?:是|否|对|错|正确|错误|不是|不对|yes|no|true|false|√|×)[。.]?$/;

function kindOfGold(gold: string, options: readonly string[]): Features["gold"] {
  const text = plain(gold.slice(0, 500))
    .replace(/\\(?:text|mathrm|boxed)\s?\{([^{}]*)\}/g, "$1")
    .replace(/\\%/g, "%")
    .trim();
  if (YES_NO.test(text)) return "yesno";
  if (options.length > 1 && LETTERS.test(text))
    return options.every((o) => YES_NO.test(o)) ? "yesno" : "choice";
  return NUMBER.test(text) ? "number" : "text";
}

/**
 * After the last "Question:" or "问题:", else what follows the last sentence end but one; at most 300
 * characters.
 */
function lastSentences(stem: string): string {
  const tail = stem.slice(-300);
  const marked = Math.max(tail.lastIndexOf("question:"), tail.lastIndexOf("问题:"));
  if (marked !== -1) return tail.slice(tail.indexOf(":", marked) + 1).trim();
  const body = tail.replace(/[\s。.?!_()]+$/, "");
  const cut = Math.max(
    body.lastIndexOf("。"),
    body.lastIndexOf("\n"),
    body.lastIndexOf(". "),
    body.lastIndexOf("? "),
  );
  const last = tail.slice(cut + 1).trim();
  return last.length >= 4 || cut === -1 ? last : tail.trim();
}

/** The rule of a question that came with one of our types. */
export const GIVEN = "given by the source";

/** The type its source gives where that is one of ours, else by the rules. */
export function typeQuestion(given: string | undefined, question: string, gold: string): Classification {
  const known = QuestionType.safeParse(given);
  if (known.success) return { type: known.data, rule: GIVEN };
  return classify(question, gold);
}
