/**
 * The words the reader of values knows, and what each does to the number beside it. Everything else is passed
 * over.
 */
import { wordsOf } from "./characters.ts";

export type Role =
  | { role: "scale"; power: number }
  /** A whole in hundredths and the like: power is what one of it is worth. */
  | { role: "percent"; power: number }
  | { role: "point" }
  | { role: "bp" }
  | { role: "multiple" }
  | { role: "tenths" }
  /** 百分之, 千分之: stands before its number. */
  | { role: "partsOf"; power: number }
  /** 分之: the denominator stands before it. */
  | { role: "denominator" }
  | { role: "unit"; unit: string }
  | { role: "currency"; code: string; power: number }
  /** `unit`: what it counts is no money and no time (人, 家). */
  | { role: "counter"; unit: string | null }
  | { role: "per"; unit: string | null }
  /** `noun`: a loss or a growth, which may itself rise or fall. */
  | { role: "direction"; sign: 1 | -1; adjacent: boolean; noun: boolean }
  | { role: "negative" }
  | { role: "level" }
  | { role: "negation" }
  /** but, 而是: what was denied is over. */
  | { role: "but" }
  | { role: "hedge" }
  /** in, for: before four digits, a year. */
  | { role: "during" }
  /** 角, 分: only after 元. */
  | { role: "subunit"; power: number }
  | { role: "inequality"; op: string }
  /** Stands after its number: 以上, or more. */
  | { role: "bound"; op: string }
  | { role: "join" }
  | { role: "and" }
  | { role: "between" }
  | { role: "month"; month: number }
  | { role: "fiscal" }
  | { role: "ordinal" }
  /** Lead-ins that say nothing: the answer is, 答案, 为. */
  | { role: "lead" }
  /** A known word that holds a numeral and is no number: 一般, 第一. */
  | { role: "plain" };

const LATIN: [Role, string][] = [
  [{ role: "scale", power: 2 }, "hundred|hundreds"],
  [{ role: "scale", power: 3 }, "k|thousand|thousands"],
  [{ role: "scale", power: 5 }, "lakh|lakhs"],
  [{ role: "scale", power: 6 }, "m|mn|mm|mil|mln|million|millions"],
  [{ role: "scale", power: 7 }, "crore|crores"],
  [{ role: "scale", power: 9 }, "b|bn|bln|billion|billions"],
  [{ role: "scale", power: 12 }, "tn|trn|trillion|trillions"],
  [{ role: "percent", power: -2 }, "percent|pct|per cent|percentage"],
  [
    { role: "point" },
    "percentage point|percentage points|percent point|percent points|pct pt|pct pts|pp|pps|ppt|ppts",
  ],
  [{ role: "bp" }, "bp|bps|basis point|basis points"],
  [{ role: "multiple" }, "x|times|fold"],
  [{ role: "unit", unit: "year" }, "year|years|yr|yrs"],
  [{ role: "unit", unit: "month" }, "month|months|mo|mos"],
  [{ role: "unit", unit: "week" }, "week|weeks"],
  [{ role: "unit", unit: "day" }, "day|days"],
  [{ role: "unit", unit: "hour" }, "hour|hours|hr|hrs|h"],
  [{ role: "unit", unit: "minute" }, "minute|minutes|min|mins"],
  [{ role: "unit", unit: "quarter" }, "quarter|quarters"],
  [{ role: "unit", unit: "share" }, "share|shares"],
  [{ role: "unit", unit: "kg" }, "kg|kilogram|kilograms"],
  [{ role: "unit", unit: "ton" }, "ton|tons|tonne|tonnes"],
  [{ role: "currency", code: "CNY", power: 0 }, "rmb|cny|yuan|renminbi|cnh"],
  [{ role: "currency", code: "USD", power: 0 }, "usd|us dollar|us dollars"],
  [{ role: "currency", code: "dollar", power: 0 }, "dollar|dollars"],
  [{ role: "currency", code: "HKD", power: 0 }, "hkd|hong kong dollars"],
  [{ role: "currency", code: "AUD", power: 0 }, "aud|australian dollars"],
  [{ role: "currency", code: "CAD", power: 0 }, "cad|canadian dollars"],
  [{ role: "currency", code: "SGD", power: 0 }, "sgd"],
  [{ role: "currency", code: "EUR", power: 0 }, "eur|euro|euros"],
  [{ role: "currency", code: "GBP", power: 0 }, "gbp|pound|pounds|sterling"],
  [{ role: "currency", code: "JPY", power: 0 }, "jpy|yen"],
  [{ role: "currency", code: "INR", power: 0 }, "inr|rupee|rupees|rs"],
  [{ role: "currency", code: "KRW", power: 0 }, "krw|won"],
  [{ role: "currency", code: "CHF", power: 0 }, "chf|francs"],
  [{ role: "currency", code: "cent", power: -2 }, "cent|cents"],
  [{ role: "currency", code: "GBP", power: -2 }, "pence|p"],
  [{ role: "per", unit: null }, "per"],
  [{ role: "per", unit: "year" }, "per annum|annually|pa|p a"],
  [
    { role: "per", unit: "share" },
    "a share|each share|per ordinary share|per common share|per diluted share|per basic share",
  ],
  [{ role: "direction", sign: -1, adjacent: false, noun: true }, "loss|losses"],
  [{ role: "direction", sign: 1, adjacent: false, noun: true }, "gain|gains|growth"],
  [
    { role: "plain" },
    "loss ratio|loss ratios|loss rate|loss rates|loan loss|loan losses|credit loss|credit losses|" +
      "loss provision|loss provisions|loss reserve|loss reserves|loss allowance|lower bound|lower " +
      "limit|lower end",
  ],
  [
    { role: "direction", sign: -1, adjacent: false, noun: false },
    "decrease|decreases|decreased|decreasing|decline|declines|declined|declining|drop|drops|" +
      "dropped|fell|fall|falls|fallen|falling|down|reduce|reduced|reduction|reduces|lower|lowered|" +
      "lost|shrank|shrunk|shrinkage|contracted|contraction|less|worse|slipped|slid|plunged|downturn|dipped",
  ],
  [
    { role: "direction", sign: 1, adjacent: false, noun: false },
    "increase|increases|increased|increasing|rise|rises|rose|risen|rising|grew|grow|grows|grown|" +
      "growing|up|gained|higher|climbed|jumped|surged|improved|upturn",
  ],
  [{ role: "negative" }, "negative|minus"],
  [
    { role: "negation" },
    "not|isn't|isnt|wasn't|aren't|never|neither|nor|no|cannot|doesn't|didn't|won't|without|" +
      "incorrect|except|rather than|instead of|ain't",
  ],
  [{ role: "but" }, "but|but rather|but instead"],
  [{ role: "during" }, "in|for|during|since|until|years ended|year-end|yearend|from"],
  [
    { role: "hedge" },
    "about|approximately|approx|around|roughly|nearly|almost|circa|ca|some|estimated|just|" +
      "exactly|precisely|only|equal|equals|at|by|of|a|an|the|a total of|is|was|are|were|be|total|" +
      "totals|totaled|around about|or so",
  ],
  [
    { role: "inequality", op: ">" },
    "more than|greater than|over|above|exceeds|exceed|exceeding|exceeded|in excess of|higher " +
      "than|larger than|bigger than|upwards of|upward of",
  ],
  [
    { role: "inequality", op: ">=" },
    "greater than or equal to|more than or equal to|not lower than|at least|no less than|not " +
      "less than|no fewer than|not fewer than|minimum of|a minimum of|not below",
  ],
  [{ role: "inequality", op: "<" }, "less than|fewer than|below|under|lower than|smaller than"],
  [
    { role: "inequality", op: "<=" },
    "less than or equal to|lower than or equal to|within|not higher than|not greater than|at " +
      "most|no more than|not more than|up to|not exceeding|maximum of|a maximum of|not exceed|not " +
      "over|not above",
  ],
  [
    { role: "bound", op: "≥" },
    "or more|or above|or higher|or greater|or over|and above|and over|and more|and up|at minimum|" +
      "at a minimum",
  ],
  [
    { role: "bound", op: "≤" },
    "or less|or below|or lower|or fewer|or under|and below|and under|and less|at maximum|at the most",
  ],
  [{ role: "join" }, "to|through"],
  [{ role: "and" }, "and"],
  [{ role: "between" }, "between"],
  [
    { role: "fiscal" },
    "fy|fiscal|fiscal year|year ended|cy|calendar year|in fiscal year|the year|the fiscal year|in the year",
  ],
  [
    { role: "lead" },
    "answer|final|result|final answer|so|thus|therefore|hence|ie|i.e|that|it|this|which|value",
  ],
];
const MONTHS = wordsOf(
  "january|february|march|april|may|june|july|august|september|october|november|december",
);

/** Words of Latin letters in lower case, phrases with single spaces. */
export const LATIN_WORDS: ReadonlyMap<string, Role> = new Map([
  ...LATIN.flatMap(([role, words]) => wordsOf(words).map((word) => [word, role] as const)),
  ...MONTHS.flatMap((name, i) => {
    const role: Role = { role: "month", month: i + 1 };
    return [name, name.slice(0, 3), ...(i === 8 ? ["sept"] : [])].map((word) => [word, role] as const);
  }),
]);

/** Words of the longest phrase that starts with a word. */
export const PHRASES: ReadonlyMap<string, number> = [...LATIN_WORDS.keys()].reduce((longest, phrase) => {
  const words = phrase.split(" ");
  if (words.length > 1) longest.set(words[0]!, Math.max(words.length, longest.get(words[0]!) ?? 0));
  return longest;
}, new Map<string, number>());
