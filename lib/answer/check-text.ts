/**
 * Rule 12: free text by its keywords, negation and length bounded; what rules cannot decide is the Judge's.
 */
import { isWide, wordsOf } from "./reading/characters.ts";
import { occurrences, squash } from "./reading/squash.ts";
import type { Decision } from "./verdict.ts";

/**
 * Words of opposite direction: rise, fall, no change. A text that says another direction than the gold is
 * wrong.
 */
const DIRECTIONS = [
  "增强|上升|提高|增加|改善|增长|上涨|提升|变大|变强|" +
    "升高|扩大|走强|好转|变好|加快|加大|变长|变快|变高" +
    "|变多|increase|increased|increases|improve|improved|improves|rise|rises|rose|higher|stronger" +
    "|strengthened|up|grew|greater|better|above|outperformed|faster|bigger|larger|longer|more|strengthen" +
    "|strengthens|improving|rising|increasing",
  "减弱|下降|降低|减少|恶化|下滑|下跌|变小|变弱|" +
    "走弱|缩小|变差|变坏|放慢|减小|变短|变慢|变低|变少" +
    "|decrease|decreased|decreases|worsen|worsened|worsens|deteriorated|decline|declined|fall|fell|falls" +
    "|lower|weaker|weakened|down|worse|below|underperformed|less|slower|smaller|shorter|fewer|weaken" +
    "|weakens|worsening|falling|decreasing|deteriorates",
  "不变|持平|稳定|无变化|没有变化|unchanged|stable|flat|the same|no change",
].map(wordsOf);
const NEGATIONS = wordsOf(
  "不|没有|没|未|不能|无法|难以|不会|不再|不足以|" +
    "不可能|未见|未曾|从未|并非|非|无|并未|并不|不是" +
    "|未能|not|no|never|isn't|wasn't|didn't|doesn't|not been|neither|without|hardly|failed to" +
    "|unable to|cannot|can't|no longer|far from",
);
const DENIED_NEAR = wordsOf("没有|并未|并非|并不|未能|不是|不会|没能");
const OR = ["或", "或者", " or "];

/** Longest answer in which a keyword counts: a page that holds every word is no answer. */
const maxLength = (gold: string): number => Math.max(80, gold.length * 4);

/** A text gold, read once. */
export interface Keywords {
  /** The gold without case and punctuation. */
  words: string;
  /** The class of direction it names; −1 for none. */
  direction: number;
}

export function readKeywords(gold: string): Keywords {
  const words = squash(gold);
  return {
    words,
    direction:
      words.length > 40
        ? -1
        : DIRECTIONS.findIndex((list) => list.some((w) => occurrences(words, w).length > 0)),
  };
}

export function checkText(gold: Keywords, prediction: string): Decision {
  const g = gold.words;
  const p = squash(prediction);
  if (p === "") return { verdict: "unreadable", reason: "empty" };
  if (g === p) return { verdict: "right", reason: "same_text" };
  const found = occurrences(p, g);
  const free = found.filter((at) => !isNegated(p, at));
  const other = saysOtherDirection(gold.direction, p);
  if (found.length > 0 && free.length === 0) return { verdict: "wrong", reason: "negated_keyword" };
  if (free.length > 0) {
    if (other && OR.some((w) => p.includes(w))) return { verdict: "wrong", reason: "hedged_text" };
    if (other) return { verdict: "judge", reason: "both_directions" };
    if (found.length > free.length) return { verdict: "judge", reason: "keyword_and_negation" };
    if (p.length > maxLength(g)) return { verdict: "judge", reason: "long_text" };
    return significant(g)
      ? { verdict: "right", reason: "keyword" }
      : { verdict: "judge", reason: "short_keyword" };
  }
  if (other) return { verdict: "wrong", reason: "opposite_keyword" };
  return { verdict: "judge", reason: "free_text" };
}

/** One Chinese character or two letters prove nothing. */
const significant = (g: string): boolean => g.length >= 3 || (g.length === 2 && isWide(g.charCodeAt(0)));

/** A negation ends right before the keyword, with at most a few words between. */
function isNegated(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 40), at).trimEnd();
  if (NEGATIONS.some((n) => before.endsWith(n) && (isWide(n.charCodeAt(0)) || wordStarts(before, n))))
    return true;
  // "not significantly improved", "并没有明显增强"
  const latin = before.split(" ").slice(-2);
  if (latin.some((w) => w === "not" || w === "never" || w.endsWith("n't"))) return true;
  const tail = before.slice(-6);
  return DENIED_NEAR.some((n) => tail.includes(n));
}

const wordStarts = (text: string, word: string) =>
  text.length === word.length || text[text.length - word.length - 1] === " ";

/** Whether the text states a direction of another class than the gold's; not where the gold has none. */
function saysOtherDirection(own: number, text: string): boolean {
  if (own < 0) return false;
  for (const [direction, words] of DIRECTIONS.entries()) {
    if (direction === own) continue;
    for (const word of words) if (occurrences(text, word).some((at) => !isNegated(text, at))) return true;
  }
  return false;
}
