/** The Chinese words and the signs the reader of values knows; the longest word that fits wins. */
import type { Role } from "./lexicon.ts";
import { wordsOf } from "./characters.ts";

const WORDS: [Role, string][] = [
  [{ role: "percent", power: -2 }, "%"],
  [{ role: "percent", power: -3 }, "‰"],
  [{ role: "percent", power: -4 }, "‱"],
  [{ role: "point" }, "个百分点|百分点"],
  [{ role: "bp" }, "个基点|基点|个bp|个BP"],
  [{ role: "multiple" }, "倍"],
  [{ role: "tenths" }, "成"],
  [{ role: "partsOf", power: -1 }, "十分之"],
  [{ role: "partsOf", power: -2 }, "百分之"],
  [{ role: "partsOf", power: -3 }, "千分之"],
  [{ role: "partsOf", power: -4 }, "万分之"],
  [{ role: "denominator" }, "分之"],
  [{ role: "unit", unit: "year" }, "年|个年头|周年"],
  [{ role: "unit", unit: "month" }, "个月|月"],
  [{ role: "unit", unit: "week" }, "周|个星期|星期"],
  [{ role: "unit", unit: "day" }, "天|日|号"],
  [{ role: "unit", unit: "hour" }, "小时|个小时"],
  [{ role: "unit", unit: "minute" }, "分钟"],
  [{ role: "unit", unit: "quarter" }, "个季度|季度"],
  [{ role: "unit", unit: "share" }, "股"],
  [{ role: "unit", unit: "kg" }, "公斤|千克"],
  [{ role: "unit", unit: "ton" }, "吨"],
  [{ role: "currency", code: "CNY", power: 0 }, "元|圆|人民币|块钱|块|元人民币|人民币元"],
  [{ role: "subunit", power: -1 }, "角"],
  [{ role: "subunit", power: -2 }, "分"],
  [{ role: "currency", code: "yen", power: 0 }, "¥|￥"],
  [{ role: "currency", code: "dollar", power: 0 }, "$"],
  [{ role: "currency", code: "USD", power: 0 }, "美元|美金|US$|USD$"],
  [{ role: "currency", code: "HKD", power: 0 }, "港元|港币|港幣|HK$"],
  [{ role: "currency", code: "AUD", power: 0 }, "澳元|A$|AU$"],
  [{ role: "currency", code: "CAD", power: 0 }, "加元|C$|CA$"],
  [{ role: "currency", code: "SGD", power: 0 }, "新元|新加坡元|S$"],
  [{ role: "currency", code: "EUR", power: 0 }, "€|欧元"],
  [{ role: "currency", code: "GBP", power: 0 }, "£|英镑"],
  [{ role: "currency", code: "JPY", power: 0 }, "日元|日圆|円"],
  [{ role: "currency", code: "INR", power: 0 }, "₹|卢比"],
  [{ role: "currency", code: "KRW", power: 0 }, "₩|韩元"],
  [{ role: "currency", code: "CHF", power: 0 }, "瑞郎|瑞士法郎"],
  [{ role: "currency", code: "cent", power: -2 }, "¢|美分"],
  [{ role: "counter", unit: null }, "个|只|件|份|张|次|笔|套|项|种|部|整|正"],
  [{ role: "counter", unit: "item" }, "家|名|位|人|台|辆|户"],
  [{ role: "per", unit: "share" }, "每股|/股|每一股"],
  [{ role: "per", unit: "year" }, "每年|/年|年化"],
  [{ role: "per", unit: "month" }, "每月|/月|每个月"],
  [{ role: "per", unit: "day" }, "每天|每日|/天|/日"],
  [{ role: "per", unit: "hour" }, "每小时|/小时"],
  [{ role: "per", unit: "kg" }, "每公斤|/公斤|每千克|/千克"],
  [{ role: "per", unit: "ton" }, "每吨|/吨"],
  [{ role: "per", unit: "piece" }, "每件|每个|/件|/个|每台|/台|每只|/只|每单位"],
  [{ role: "per", unit: "person" }, "每人|/人|人均"],
  [{ role: "direction", sign: -1, adjacent: false, noun: true }, "亏损|净亏损|跌幅|降幅|减幅"],
  [{ role: "direction", sign: 1, adjacent: false, noun: true }, "盈利|涨幅|增幅|增长率|增速"],
  [
    { role: "direction", sign: -1, adjacent: false, noun: false },
    "下降|降低|下滑|减少|下跌|减|缩减|收窄|回落|萎缩|下调|负增长|" +
      "缩水|下挫|走低|少了|缩小|净流出|同比下降|环比下降|同比减少",
  ],
  [{ role: "direction", sign: -1, adjacent: true, noun: false }, "跌|降|减|亏|跌了|降了|减了|少"],
  [
    { role: "direction", sign: 1, adjacent: false, noun: false },
    "增长|上升|提高|增加|上涨|提升|攀升|扩大|走高|上调|同比增长|环比增长|多了",
  ],
  [{ role: "direction", sign: 1, adjacent: true, noun: false }, "涨|升|增|涨了|升了|增了|多"],
  [{ role: "negative" }, "负|負"],
  [
    { role: "level" },
    "降至|降到|减至|跌至|跌到|增至|增到|升至|升到|" +
      "涨至|涨到|达到|达|下降至|下降到|减少至|减少到" +
      "|上升至|上升到|增加至|增加到|增长至|增长到|" +
      "提高至|提高到|降低至|降低到|下滑至|回落至|提升至",
  ],
  [{ role: "negation" }, "不是|并非|不为|不等于|并不是|不会是|≠|非|不|没有|未|绝非|而非|!="],
  [{ role: "but" }, "而是|但是|而为"],
  [
    { role: "plain" },
    "不过|不含|不包括|不考虑|不变|不仅|未来|非常|并未|不错|未分配|非流动|" +
      "非经常性|不良|未经|非货币|不同|不动产|非标|非公开|未到期|未实现|未偿还",
  ],
  [
    { role: "hedge" },
    "约|大约|约为|约等于|大概|左右|上下|近|接近|" +
      "将近|差不多|估计|共|合计|总计|仅|只有|是|为|即" +
      "|等于|得|得到|了|的|有|在|共计|可得|应为|" +
      "应该是|则|也就是|约合|正好|恰好|大致|仅为|高达",
  ],
  [{ role: "inequality", op: ">" }, ">|超过|大于|高于|多于|逾|超"],
  [
    { role: "inequality", op: ">=" },
    "大于等于|大于或等于|高于或等于|没有低于|≥|≧|>=|⩾|至少|不低于|不少于|不小于|最少|不下于",
  ],
  [{ role: "inequality", op: "<" }, "<|小于|低于|少于|不足|不到|未满|未达到|不满"],
  [
    { role: "inequality", op: "<=" },
    "小于等于|小于或等于|低于或等于|未超过|没有超过|≤|≦|<=|⩽|最多|至多|不超过|不高于|不大于|不多于|不超",
  ],
  [{ role: "bound", op: "≥" }, "以上|及以上|或以上|或更多|或更高|余|多"],
  [{ role: "bound", op: "≤" }, "以下|以内|及以下|或以下|之内|或更少|或更低"],
  [{ role: "join" }, "至|到|~|〜|–|—|―"],
  [{ role: "and" }, "和|与|及|跟"],
  [{ role: "between" }, "介于|在于"],
  [{ role: "fiscal" }, "财年|年度|财政年度"],
  [{ role: "lead" }, "答案|答案是|答案为|结果|最终答案|因此|所以|故|综上|选"],
  [{ role: "ordinal" }, "第"],
  [
    { role: "plain" },
    "一般|一致|一些|一定|一直|一样|一旦|一方面|" +
      "统一|唯一|同一|单一|进一步|一步|万科|万一|百货" +
      "|百度|十分|三方|两者|二者|一次性|一体|一季度|" +
      "二季度|三季度|四季度|之一|其一|一系列|一部分" +
      "|一起|一半|万物|千方百计|一种|零售|一级|二级|" +
      "三级|成本|成为|成立|成果|成功|成员|成交|成长" +
      "|成熟|成分|元素|年报|年初|年末|年底|年利率|年化率|年均|日常|月末|月初|日均|周转|" +
      "周期|股权|股东|股价|股本|股息|股票|股份|天津|分红|倍数|月均|年金|个人|人们|人数|余额",
  ],
];

/** A word and what it does. */
interface Entry {
  word: string;
  role: Role;
}

/** By the first character's code, longest first; a word may be listed with two roles. */
const STARTS = new Map<number, Entry[]>();
for (const [role, words] of WORDS) {
  for (const word of wordsOf(words)) {
    const list = [...(STARTS.get(word.charCodeAt(0)) ?? []), { word, role }];
    STARTS.set(
      word.charCodeAt(0),
      list.sort((a, b) => b.word.length - a.word.length),
    );
  }
}

/** The longest known word that stands at `at` and whose role fits there. */
export function findEntry(
  text: string,
  at: number,
  fits: (role: Role, end: number) => boolean,
): Entry | undefined {
  const known = STARTS.get(text.charCodeAt(at));
  return known?.find(({ word, role }) => text.startsWith(word, at) && fits(role, at + word.length));
}
