/** The line that a marker names as the answer: "The answer is 800.", "**答案**：B", "故选B", "#### 72". */
import { MAX_STATEMENT, numberSaid, sentenceLength, tidyAnswer, valueOf } from "./statement.ts";
import type { Statement } from "./statement.ts";

/** Markers that are tried, from the last one back: a bound for hostile texts. */
const MAX_MARKERS = 40;
/** Lines below a heading ("### Final answer") in which its answer is looked for. */
const MAX_LINES_BELOW = 6;
/** Characters before a marker on its line that are looked at. */
const LOOK_BACK = 40;

const MARKER = /answer|答案|选|正确的是|is the (?:correct|right|best)|is correct|####/gi;
/** An option's letter, or several; A股 is a share. */
const LETTERS = "[（(【]?\\s*[A-H]{1,6}(?![A-Za-z股轮])";
const VALUE_AT_ONCE = new RegExp(`^(?:[$¥￥€£\\\\-]{0,2}\\d|${LETTERS})`);
/** Markup and closing brackets between a marker and its colon. */
const GLUE = /^[\s*_"'`”’)\]}】）」』]*/;

/**
 * The last line that a marker names as the answer. What stands behind the marker on its line, or below a
 * heading the first line that says something. Null when no marker has one.
 */
export function markedLine(text: string): Statement | null {
  const markers = Array.from(text.matchAll(MARKER)).slice(-MAX_MARKERS);
  for (const { index, 0: marker } of markers.reverse()) {
    const found = readMarker(text, index, marker.toLowerCase());
    if (found) return found;
  }
  return null;
}

function readMarker(text: string, at: number, marker: string): Statement | null {
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const before = text.slice(Math.max(lineStart, at - LOOK_BACK), at);
  const behind = at + marker.length;
  const line = lineFrom(text, behind);
  if (marker === "answer") return readEnglish(text, at, before, line);
  if (marker === "####") {
    const number = /^#*\s*([$¥€£]?-?[\d,]+(?:\.\d+)?%?)[\s*]*$/.exec(line);
    return number && at === lineStart ? { answer: number[1]!, start: at, end: behind + line.length } : null;
  }
  if (marker.startsWith("is")) {
    const letter = /(?:^|[^A-Za-z])([A-H])[)）.*_"\s]*$/.exec(before);
    const start = at - before.length + (letter?.index ?? 0);
    return letter ? { answer: letter[1]!, start, end: behind + sentenceLength(line) } : null;
  }
  const skip = marker === "答案" ? skipChinese(before, line) : skipChoice(before, line, marker === "选");
  return skip === null ? null : statementFrom(text, at, behind + skip);
}

/** "The answer is correct": it speaks of the answer instead of giving it. "Answer: Correct" gives it. */
const SPEAKS_OF_IT = /^(?:in|un)?(?:correct|right|wrong|clear)$/i;

function readEnglish(text: string, at: number, before: string, line: string): Statement | null {
  const skip = skipEnglish(before, line);
  const found = skip === null ? null : statementFrom(text, at, at + "answer".length + skip);
  return found && SPEAKS_OF_IT.test(found.answer) && !/[:：]/.test(line.slice(0, skip!)) ? null : found;
}

/** "To answer this, …": a verb, not what is stated. */
const VERB_BEFORE =
  /\b(?:to|can|will|must|should|cannot|not|we|you|i|please|could|would|let's|questions?)[\s*_]*$/i;
const NOUN_BEFORE = /\b(?:the|final|correct|my|our|right|best|your|an|numerical)[\s*_]*$/i;
const HEADING =
  /^[\s#*_>\d.:-]*(?:step\s+\d+[:.]?\s*)?(?:the\s+)?(?:final|correct|numerical|my|short)?[\s*_]*$/i;
const LINK = /^(?:[:：=→]|-+>|(?:is|are|was|would be|should be|will be|must be|equals)(?![a-z]))/i;
/** "The answer to the question is", "the correct answer choice is". */
const FAR_LINK = /^[^.:;?!。\n]{0,60}?(?:\s(?:is|are|equals|would be|should be)(?![a-z])|:)/i;

/** How much of `line` stands between "answer" and what it introduces; null when it introduces nothing. */
function skipEnglish(before: string, line: string): number | null {
  const isCut = before.length === LOOK_BACK;
  if (/[a-z]$/i.test(before) || /^[a-z]/i.test(line)) return null;
  const glue = GLUE.exec(line)![0].length;
  const rest = line.slice(glue);
  const aside = /^\([^()]{0,40}\)[\s*_]*/.exec(rest)?.[0].length ?? 0;
  const link = LINK.exec(rest.slice(aside));
  const isVerb = VERB_BEFORE.test(before);
  if (link && !(isVerb && /[a-z]/i.test(link[0]))) return glue + aside + link[0].length;
  if (isVerb) return null;
  if (rest === "") return !isCut && HEADING.test(before) ? line.length : null;
  const far = NOUN_BEFORE.test(before) ? FAR_LINK.exec(rest) : null;
  if (far) return glue + far[0].length;
  const startsLine = !isCut && /^[\s#*_>-]*(?:(?:the|final|correct)\s+)*$/i.test(before);
  return startsLine && VALUE_AT_ONCE.test(rest) ? glue : null;
}

/** "求出答案", "没有答案": it is spoken of, not given. */
const SPOKEN_OF = /(?:没有|无|个|写出|给出|得出|得到|求出|找到|输出)$/;
const LINK_ZH =
  /^(?:如下|见下)?[:：=→]|^(?:应[该当]?|就|即|分别|可以)?(?:是|为|选)(?![否什不啥]|择题)[择项]?[是为]?|^即|^如下/;

/** The same for "答案". */
function skipChinese(before: string, line: string): number | null {
  if (SPOKEN_OF.test(before) && !/^[\s*】]*[:：是为]/.test(line)) return null;
  const glue = GLUE.exec(line)![0].length;
  const rest = line.slice(glue);
  const aside = /^[（(][^（()）]{0,40}[）)][\s*_]*/.exec(rest)?.[0].length ?? 0;
  const link = LINK_ZH.exec(rest.slice(aside));
  if (link) return glue + aside + link[0].length;
  if (rest === "") return before.trim().length <= 10 ? line.length : null;
  return VALUE_AT_ONCE.test(rest) ? glue : null;
}

const CHOSEN = new RegExp(`^(?:项|择)?[是为：:]?[\\s*]*(?=${LETTERS})`);
/** 故选, 应选, 所以选, 因此选, 本题选 …; "选项A" speaks of an option. */
const CHOOSES = /(?:[故应该当以此而上题答，,。；：:\s*]|^)$/;

/** The same for "故选B", "正确选项是B", "正确的是B". */
function skipChoice(before: string, line: string, isVerb: boolean): number | null {
  if (isVerb && !CHOOSES.test(before) && !before.endsWith("正确") && !before.endsWith("正确的")) return null;
  const choice = CHOSEN.exec(line);
  if (!choice || (choice[0].startsWith("项") && !/正确的?$/.test(before))) return null;
  return choice[0].length;
}

const POINTS_BELOW = /^(?:is\s+|is given\s+)?(?:as follows|below|follows|here|如下)$/i;
const POINTS_ELSEWHERE =
  /^(?:(?:shown|given|stated|provided|found)\s+)?(?:above|below|here)$|^(?:如上|以上)$/i;
/** "Answer: To find …, we first …": a text about the question starts here, no answer. */
const BEGINS_A_SOLUTION = new RegExp(
  "^(?:to (?:find|solve|determine|calculate|compute|answer|get)|let(?:'s|’s| us| me)|first|given|step" +
    "|in order|we (?:need|can|have|know|are)|based on|" +
    "according|首先|根据|要|我们|由题|解[:：]|步骤)",
  "i",
);

/** The answer that starts at `from`: the rest of its line, or the first line below that says something. */
function statementFrom(text: string, start: number, from: number): Statement | null {
  let at = from;
  for (let below = 0; below <= MAX_LINES_BELOW && at <= text.length; below++) {
    const line = lineFrom(text, at);
    const length = sentenceLength(line);
    const sentence = line.slice(0, length);
    const answer = tidyAnswer(numberSaid(valueOf(sentence)));
    if (answer !== "" && !POINTS_BELOW.test(answer)) {
      const isAsked = /[?？]\s*$/.test(sentence);
      const isNone = isAsked || POINTS_ELSEWHERE.test(answer) || BEGINS_A_SOLUTION.test(answer);
      return isNone ? null : { answer, start, end: at + length };
    }
    const next = text.indexOf("\n", at + line.length);
    if (next < 0) return null;
    at = next + 1;
  }
  return null;
}

/** From `at` to the end of its line, at most MAX_STATEMENT characters. */
function lineFrom(text: string, at: number): string {
  const most = text.slice(at, at + MAX_STATEMENT);
  const end = most.indexOf("\n");
  return end < 0 ? most : most.slice(0, end);
}
