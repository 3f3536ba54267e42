/**
 * Does a question ask how much something fell? Then the sign may be dropped or repeated. The word that asks
 * decides, not any word of direction: "By how much did profit fall?" states a fall, "What is revenue less
 * cost?" and 收入下降后的利润是多少 do not.
 */
import { wordsOf } from "../reading/characters.ts";

const set = (words: string) => new Set(words.split(" "));
/** After "did", "has", "will": verbs. */
const FALL_VERBS = set(
  "fall fell fallen decrease decreased decline declined drop dropped shrink shrank shrunk reduce " +
    "reduced lose lost slip slipped slump slumped contracted lower lowered cut plunge plunged " +
    "diminish diminished",
);
const RISE_VERBS = set(
  "increase increased rise rose risen grow grew grown gain gained climb climbed change changed " +
    "vary varied move moved",
);
/** After "what was the": nouns. */
const FALL_NOUNS = set(
  "fall falls decrease decreases decline declines drop drops reduction reductions loss losses " +
    "shrinkage contraction slump outflow outflows",
);
const RISE_NOUNS = set(
  "increase increases rise rises growth gain gains change changes variation variations " +
    "difference movement fluctuation",
);
const PARTICIPLES = set(
  "fell fallen decreased declined dropped shrank shrunk reduced lost lowered slipped slumped",
);
const COMPARATIVES = set("lower less fewer smaller");
const HEADS = set("how what what's calculate compute determine find estimate");
const AUXILIARIES = set("did does do has have had will would could can should may might");
const DETERMINERS = set(
  "the a an its their his her our this that these those any each every of in to by from on for " +
    "with after due",
);
/** What comes after these is about something else: "net income after the decline". */
const STOPS = set("of in for from following on at with between as during excluding including");
const SUBORDINATE = set("when if because while after before since due despite");
const SIZES = set("amount rate size percentage percent magnitude extent value much many total");
const IN_UNITS = set(
  "percent percentage thousands millions billions thousand million billion dollars usd rmb terms absolute",
);
/** A loss ratio, a loss provision: no fall. */
const NOT_A_LOSS = set(
  "ratio ratios rate rates provision provisions reserve reserves allowance coverage given",
);
const PROFITS = set("profit profits gain gains income earnings");

/** `text`: the asking part in lower case. Its last sentence that asks for an amount decides. */
export function statesFall(text: string): boolean {
  const sentences = text.split(/[?!。！？;；\n]|\.(?: |$)/).filter((s) => s.trim() !== "");
  for (let i = sentences.length - 1; i >= 0; i--) {
    const sentence = sentences[i]!;
    const words = latinWords(sentence);
    const english = words.some((w) => HEADS.has(w));
    if (!english && askAt(sentence) < 0) continue;
    // "Revenue fell from 100 to 95. By how much?"
    if (english && words.length <= 3 && i > 0)
      return asksFall([...latinWords(sentences[i - 1]!).filter((w) => FALL_VERBS.has(w)), ...words]);
    return asksFall(words) || asksFallInChinese(sentence);
  }
  const last = sentences.at(-1) ?? "";
  return asksFall(latinWords(last)) || asksFallInChinese(last);
}

function asksFall(words: string[]): boolean {
  const head = words.findIndex((w) => HEADS.has(w));
  let auxiliary = false;
  for (let i = head + 1; i < words.length; i++) {
    const word = words[i]!;
    if (AUXILIARIES.has(word)) auxiliary = true;
    else if (isFall(words, i, auxiliary)) return words[i + 1] !== "to" && !isAlternative(words, i);
    else if (isRise(words, i, auxiliary) || SUBORDINATE.has(word) || (!auxiliary && stops(words, i)))
      return false;
  }
  return head > 0 && fellBy(words, head);
}

const previous = (words: string[], i: number): string => words[i - 1] ?? "";

function isFall(words: string[], i: number, auxiliary: boolean): boolean {
  const word = words[i]!;
  const determined = DETERMINERS.has(previous(words, i)) || previous(words, i).endsWith("'s");
  if (COMPARATIVES.has(word) && (SIZES.has(previous(words, i)) || words.indexOf("than", i) > 0)) return true;
  if (auxiliary) return FALL_VERBS.has(word) && !determined;
  if (PARTICIPLES.has(word)) return !determined;
  return FALL_NOUNS.has(word) && !(word.startsWith("loss") && NOT_A_LOSS.has(words[i + 1] ?? ""));
}

function isRise(words: string[], i: number, auxiliary: boolean): boolean {
  const word = words[i]!;
  if (auxiliary) return RISE_VERBS.has(word) && !DETERMINERS.has(previous(words, i));
  return RISE_NOUNS.has(word) || RISE_VERBS.has(word);
}

function stops(words: string[], i: number): boolean {
  const word = words[i]!;
  if (!STOPS.has(word)) return false;
  if (word === "of") return !SIZES.has(previous(words, i));
  return !(word === "in" && IN_UNITS.has(words[i + 1] ?? ""));
}

/** "decrease or increase", "profit (loss)": either way. */
function isAlternative(words: string[], i: number): boolean {
  const joined = (at: number, step: 1 | -1) =>
    (words[at] === "or" || words[at] === "and" ? words[at + step] : words[at]) ?? "";
  const after = joined(i + 1, 1);
  if (RISE_NOUNS.has(after) || RISE_VERBS.has(after)) return true;
  return words[i]!.startsWith("loss") && (PROFITS.has(after) || PROFITS.has(joined(i - 1, -1)));
}

/** "Profit fell by how much?" */
function fellBy(words: string[], head: number): boolean {
  const verb = words[head - 1] === "by" ? words[head - 2] : words[head - 1];
  return verb !== undefined && FALL_VERBS.has(verb);
}

/** The words of Latin letters and the numerals of a text in lower case. */
export const latinWords = (text: string): string[] => text.match(/[a-z0-9.']+/g) ?? [];

// 下降了多少, 亏损多少: the last word of direction before the question word decides.

const FALL_ZH = wordsOf(
  "下降|减少|降低|下滑|下跌|亏损|亏|亏了|跌幅|降幅|减幅|净流出|缩减|" +
    "收窄|萎缩|缩水|回落|下调|损失|跌了|降了|减了|少了|低了|少|低|跌",
);
const OTHER_ZH = wordsOf(
  "增长|增加|上升|提高|上涨|盈利|涨幅|增幅|变动|变化|波动|升降|增减|涨跌|盈亏|" +
    "涨跌幅|升降幅|增减幅|扩大|改善|多了|高了|至少|最少|最低|不少|较少|较低",
);
const PROFITS_ZH = wordsOf("盈利|利润|收益|增加|增长|上升|上涨|提高");
const ASKS_ZH = wordsOf("多少|百分之几|几个|几成|几倍|多大");
/** What may stand between the word that asks and its 多少. */
const BETWEEN_ZH = wordsOf(
  "百分点|百分比|百分|幅度|比例|金额|数额|总额|" +
    "额度|程度|速度|人民币|绝对|相对|同比|环比|分别" +
    "|大约|左右|等于|到底|究竟|达到|合计|约|了|的|" +
    "额|率|数|值|为|是|达|共|总|个|有|之|其|(|)|%| |:",
);

const JOINER = /[或者还是/(、]+$/;

/** Where 多少 and its kin stand; −1 when they do not. */
function askAt(text: string): number {
  const at = ASKS_ZH.map((word) => text.indexOf(word)).filter((i) => i >= 0);
  return at.length > 0 ? Math.min(...at) : -1;
}

/** One sentence; 利润（亏损）是多少 leaves the direction open. */
function asksFallInChinese(text: string): boolean {
  const asked = askAt(text);
  const before = lastWord(asked < 0 ? text : text.slice(0, asked));
  if (before === null) return asked >= 0 && fallsAfter(text.slice(asked + 2, asked + 14));
  if (!before.falls || !isAll(BETWEEN_ZH, text.slice(before.end, asked < 0 ? text.length : asked)))
    return false;
  const lead = text.slice(0, before.start);
  const joined = lead.replace(JOINER, "");
  return joined === lead || !PROFITS_ZH.some((word) => joined.endsWith(word));
}

/** 有多少下降 */
function fallsAfter(text: string): boolean {
  const word = lastWord(text);
  return word !== null && word.falls && word.end - word.start > 1;
}

/** The last word of direction, the longest where two end together. */
function lastWord(text: string): { start: number; end: number; falls: boolean } | null {
  let last: { start: number; end: number; falls: boolean } | null = null;
  const look = (words: string[], falls: boolean) => {
    for (const word of words) {
      const start = text.lastIndexOf(word);
      const end = start + word.length;
      if (start >= 0 && (last === null || end > last.end || (end === last.end && start < last.start)))
        last = { start, end, falls };
    }
  };
  look(FALL_ZH, true);
  look(OTHER_ZH, false);
  return last;
}

function isAll(parts: string[], text: string): boolean {
  let rest = text;
  while (rest !== "") {
    const part = parts.find((p) => rest.startsWith(p));
    if (part === undefined) return false;
    rest = rest.slice(part.length);
  }
  return true;
}
