/** 下降了多少, 亏损多少: the last word of direction before the question word decides. */
import { wordsOf } from "../reading/characters.ts";

const FALL_ZH = wordsOf(
  "下降|减少|降低|下滑|下跌|亏损|亏|亏了|跌幅|降幅|减幅|净流出|缩减|收窄|萎缩|缩水|回落|下调|损失" +
    "|跌了|降了|减了|少了|低了|少|低|跌",
);
const OTHER_ZH = wordsOf(
  "增长|增加|上升|提高|上涨|盈利|涨幅|增幅|变动|变化|波动|升降|增减|涨跌|盈亏|涨跌幅|升降幅" +
    "|增减幅|扩大|改善|多了|高了|至少|最少|最低|不少|较少|较低",
);
const PROFITS_ZH = wordsOf("盈利|利润|收益|增加|增长|上升|上涨|提高");
const ASKS_ZH = wordsOf("多少|百分之几|几个|几成|几倍|多大");
/** What may stand between the word that asks and its 多少. */
const BETWEEN_ZH = wordsOf(
  "百分点|百分比|百分|幅度|比例|金额|数额|总额|额度|程度|速度|人民币|绝对|相对|同比|环比|分别" +
    "|大约|左右|等于|到底|究竟|达到|合计|约|了|的|额|率|数|值|为|是|达|共|总|个|有|之|其|(|)|%| |:",
);

/** Where 多少 and its kin stand; −1 when they do not. */
export function askAt(text: string): number {
  const at = ASKS_ZH.map((word) => text.indexOf(word)).filter((i) => i >= 0);
  return at.length > 0 ? Math.min(...at) : -1;
}

/** One sentence; 利润（亏损）是多少 leaves the direction open. */
export function asksFallInChinese(text: string): boolean {
  const asked = askAt(text);
  const before = lastWord(asked < 0 ? text : text.slice(0, asked));
  if (before === null) return asked >= 0 && fallsAfter(text.slice(asked + 2, asked + 14));
  if (!before.falls || !isAll(BETWEEN_ZH, text.slice(before.end, asked < 0 ? text.length : asked)))
    return false;
  const lead = text.slice(0, before.start);
  const joined = trimJoiner(lead);
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

function trimJoiner(text: string): string {
  let end = text.length;
  while (end > 0 && "或者还是/(、".includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}
