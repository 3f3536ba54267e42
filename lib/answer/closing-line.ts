/** The line in which prose states its answer: "The answer is 800.", "**答案**：B", "因此，毛利率为 12.5%。" */
import { stripMarkup } from "./markup.ts";
import { stripTags } from "./tags.ts";

/** What a text says its answer is, and where. UTF-16 offsets: `start` is the marker's, `end` that of the sentence with the answer. */
export interface Statement {
  answer: string;
  start: number;
  end: number;
}

/** Characters of a statement; what is longer is no answer but a text about one. */
const MAX_STATEMENT = 400;
/** Markers that are tried, from the last one back: a bound for hostile texts. */
const MAX_MARKERS = 40;
/** Lines below a heading ("### Final answer") in which its answer is looked for. */
const MAX_LINES_BELOW = 6;
/** Characters from the end in which "therefore … is …" concludes the whole text and not one of its steps. */
const CONCLUSION_WITHIN = 600;

const MARKER = /answer|答案|选|正确的是|is the (?:correct|right|best)|is correct|####/gi;
/** "To answer this, …": a verb, not what is stated. */
const VERB_BEFORE = /\b(?:to|can|will|must|should|cannot|not|we|you|i|please|could|would|let's|questions?)[\s*_]*$/i;
const NOUN_BEFORE = /\b(?:the|final|correct|my|our|right|best|your|an|numerical)[\s*_]*$/i;
/** Markup and closing brackets between a marker and its colon. */
const GLUE = /^[\s*_"'`”’)\]}】）」』]*/;
/** "The answer is correct", "is as follows": it speaks of the answer instead of giving it. */
const SPEAKS_OF_IT = /^(?:in|un)?(?:correct|right|wrong|clear)$/i;
const POINTS_BELOW = /^(?:is\s+|is given\s+)?(?:as follows|below|follows|here|如下)$/i;
const POINTS_ELSEWHERE = /^(?:(?:shown|given|stated|provided|found)\s+)?(?:above|below|here)$|^(?:如上|以上)$/i;
/** "Answer: To find …, we first …": a text about the question starts here, no answer. */
const BEGINS_A_SOLUTION = /^(?:to (?:find|solve|determine|calculate|compute|answer|get)|let(?:'s|’s| us| me)|first|we (?:need|can|have|know|are)|given|step|in order|based on|according|首先|根据|要|我们|由题|解[:：]|步骤)/i;
/** An option's letter, or several. */
const LETTERS = "[（(【]?\\s*[A-H]{1,6}(?![A-Za-z股轮])";

/**
 * The last line that a marker names as the answer: "answer", "答案", "故选", "B is correct", "#### 72". The text of the line behind it, or
 * below a heading the first line that says something. Null when no marker has one. Looks at `text` from its end.
 */
export function markedLine(text: string): Statement | null {
  const markers = Array.from(text.matchAll(MARKER)).slice(-MAX_MARKERS);
  for (const { index, 0: marker } of markers.reverse()) {
    const found = readMarker(text, index, marker.toLowerCase());
    if (found) return found;
  }
  return null;
}

const CHOSEN = new RegExp(`^(?:项|择)?[是为：:]?[\\s*]*(?=${LETTERS})`);
const VALUE_AT_ONCE = new RegExp(`^(?:[$¥￥€£\\\\-]{0,2}\\d|${LETTERS})`);
const ENGLISH_HEADING = /^[\s#*_>\d.:-]*(?:step\s+\d+[:.]?\s*)?(?:the\s+)?(?:final|correct|numerical|my|short)?[\s*_]*$/i;

function readMarker(text: string, at: number, marker: string): Statement | null {
  const lineStart = text.lastIndexOf("\n", at - 1) + 1;
  const before = text.slice(Math.max(lineStart, at - 40), at);
  const line = lineFrom(text, at + marker.length);
  if (marker === "answer") {
    const skip = skipEnglish(before, line, lineStart < at - 40);
    const found = skip === null ? null : statementFrom(text, at, at + marker.length + skip);
    const isSaid = /^[\s\S]*[:：]/.test(line.slice(0, skip ?? 0));
    return found && SPEAKS_OF_IT.test(found.answer) && !isSaid ? null : found;
  }
  if (marker === "答案") {
    const skip = skipChinese(before, line);
    return skip === null ? null : statementFrom(text, at, at + marker.length + skip);
  }
  if (marker === "选" || marker === "正确的是") {
    if (marker === "选" && !/(?:故|应|应该|应当|以|此|而|上|题|答|[，,。；：:\s*]|^)$/.test(before)) return null;
    const choice = CHOSEN.exec(line);
    if (!choice || (choice[0].startsWith("项") && !before.endsWith("正确"))) return null;
    return statementFrom(text, at, at + marker.length + choice[0].length);
  }
  if (marker === "####") {
    const number = /^#*\s*([$¥€£]?-?[\d,]+(?:\.\d+)?%?)[\s*]*$/.exec(line);
    return number && at === lineStart ? { answer: number[1]!, start: at, end: at + marker.length + line.length } : null;
  }
  const letter = /(?:^|[^A-Za-z])([A-H])[)）.*_"\s]*$/.exec(before);
  return letter ? { answer: letter[1]!, start: at - before.length + letter.index, end: at + marker.length + sentenceLength(line) } : null;
}

/** How much of `line` stands between "answer" and what it introduces; null when it introduces nothing. */
function skipEnglish(before: string, line: string, isLongBefore: boolean): number | null {
  if (/[a-z]$/i.test(before) || /^[a-z]/i.test(line)) return null;
  const glue = GLUE.exec(line)![0].length;
  const rest = line.slice(glue);
  const aside = /^\([^()]{0,40}\)[\s*_]*/.exec(rest)?.[0].length ?? 0;
  const link = /^(?:[:：=→]|-+>|(?:is|are|was|would be|should be|will be|must be|equals)(?![a-z]))/i.exec(rest.slice(aside));
  const isVerb = VERB_BEFORE.test(before);
  if (link && !(isVerb && /[a-z]/i.test(link[0]))) return glue + aside + link[0].length;
  if (isVerb) return null;
  if (rest === "") return !isLongBefore && ENGLISH_HEADING.test(before) ? line.length : null;
  if (NOUN_BEFORE.test(before)) {
    const far = /^[^.:;?!。\n]{0,60}?(?:\s(?:is|are|equals|would be|should be)(?![a-z])|:)/i.exec(rest);
    if (far) return glue + far[0].length;
  }
  const startsLine = !isLongBefore && /^[\s#*_>-]*(?:(?:the|final|correct)\s+)*$/i.test(before);
  return startsLine && VALUE_AT_ONCE.test(rest) ? glue : null;
}

/** The same for "答案". */
function skipChinese(before: string, line: string): number | null {
  if (/(?:没有|无|个|写出|给出|得出|得到|求出|找到|输出)$/.test(before) && !/^[\s*】]*[:：是为]/.test(line)) return null;
  const glue = GLUE.exec(line)![0].length;
  const rest = line.slice(glue);
  const aside = /^[（(][^（()）]{0,40}[）)][\s*_]*/.exec(rest)?.[0].length ?? 0;
  const link = /^(?:如下|见下)?[:：=→]|^(?:应该|应当|应|就|即|分别|可以)?(?:是|为|选)(?![否什不啥]|择题)(?:择|项)?(?:是|为)?|^即|^如下/.exec(rest.slice(aside));
  if (link) return glue + aside + link[0].length;
  if (rest === "") return before.trim().length <= 10 ? line.length : null;
  return VALUE_AT_ONCE.test(rest) ? glue : null;
}

/** The answer that starts at `from`: the rest of its line, or the first line below that says something. */
function statementFrom(text: string, start: number, from: number): Statement | null {
  let at = from;
  for (let below = 0; below <= MAX_LINES_BELOW && at <= text.length; below++) {
    const line = lineFrom(text, at);
    const length = sentenceLength(line);
    const sentence = line.slice(0, length);
    const answer = tidyAnswer(numberSaid(valueOf(sentence)));
    if (answer !== "" && !POINTS_BELOW.test(answer)) {
      const isNone = /[?？]\s*$/.test(sentence) || POINTS_ELSEWHERE.test(answer) || BEGINS_A_SOLUTION.test(answer);
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

const SENTENCE_END = /[。！？]|[.!?](?=[*_)"”\]]*\s+["“*(]*[A-Z\u4e00-\u9fff])/g;
/** A stop behind these ends no sentence: "B. Increase", "U.S. Treasury", "vs. Cost". */
const ABBREVIATION = /(?:(?:^|[^A-Za-z])[A-Za-z]|\b(?:inc|co|corp|ltd|vs|mr|ms|no|approx|dept|fig))$/i;

/** Where the first sentence of a line ends, its stop included. */
function sentenceLength(line: string): number {
  for (const match of line.matchAll(SENTENCE_END)) {
    if (match[0] !== "." || !ABBREVIATION.test(line.slice(Math.max(0, match.index - 10), match.index))) return match.index + 1;
  }
  return line.length;
}

/** What explains a value, behind it: "12.5%, which is above …", "12.5%，高于…". */
const AFTERTHOUGHT = /[,，;；]?\s+(?:which|as|because|since|so that|indicating|meaning|representing|assuming|when)(?![a-z])|[，；](?![A-H\d])/i;

const SAYS_ENOUGH = /\d|^[^A-Za-z]*[A-H]{1,6}[^A-Za-z]*$|^[\s:：*]*(?:yes|no|true|false|correct|incorrect|是的?|否|不是|不能|正确|错误)[\s*]*$/i;

/** Up to what only explains it, once a number or an option has been said. */
function valueOf(stated: string): string {
  const aside = AFTERTHOUGHT.exec(stated);
  if (!aside) return stated;
  const value = stated.slice(0, aside.index);
  return SAYS_ENOUGH.test(value) ? value : stated;
}

const LEADING = /^(?:[\s:：=*_`#"“‘'’”}\])】）」』,，、]+|\\[[(]|\$\$|[-–•]\s+(?!\d)|that\s+|```\w*|选项(?=[A-H])|option\s+(?=[（(]?[A-H](?![A-Za-z])))+/i;
const TRAILING = " \t\r\n.。;；,，、!！*_`\"”’'\\";

/**
 * An answer as it is stated, without what stands around it: tags, markup, LaTeX (`12.5\%` → 12.5%, `\frac{1}{3}` → 1/3), colons and stops;
 * of an equation the last right-hand side. "" where nothing is left.
 */
export function tidyAnswer(stated: string): string {
  let text = stripTags(stated).trim().replace(LEADING, "");
  if (/^\\(?:begin|end)\{/.test(text)) return "";
  if (/[\\*`#]|\$[^$]*\$/.test(text)) {
    const plain = stripMarkup(text);
    // stripMarkup writes one sign for all functions: a root stays LaTeX.
    if (!plain.includes("√")) text = plain.replaceAll("\u0002", ",").replace(/\s+/g, " ");
  }
  text = rightSide(trimTrailing(text.replace(LEADING, "")));
  return closeBrackets(trimTrailing(text.replace(LEADING, "")));
}

function trimTrailing(text: string): string {
  let end = text.length;
  while (end > 0 && TRAILING.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** Behind the last "=" that is one: "1,200 - 800 = 400" → 400. */
function rightSide(text: string): string {
  const at = text.lastIndexOf("=");
  if (at < 0 || "<>!≠≤≥=".includes(text[at - 1] ?? "")) return text;
  const right = text.slice(at + 1).trim();
  return right === "" ? text : right;
}

/** Without a bracket at the end that nothing opened. */
function closeBrackets(text: string): string {
  const last = text.at(-1) ?? "";
  const open = { ")": "(", "]": "[", "）": "（", "}": "{" }[last];
  return open !== undefined && !text.includes(open) ? text.slice(0, -1).trim() : text;
}

const CONCLUSION = /^[\s*_#>\-\d.]{0,8}(?:and\s+)?(?:therefore|thus|so|hence|in conclusion|in summary|consequently|finally|overall|as a result|(?:the\s+)?(?:final\s+)?result|(?:the\s+)?total|conclusion)(?![a-z])/i;
const CONCLUSION_ZH = /^[\s*_#>\-\d.]{0,8}(?:综上所述|综上|因此|因而|所以|故|由此|可见|总之|最终|最后|计算结果|结果|结论|即)/;
const PREDICATE = /\s(?:is|are|was|were|be|equals|equal to|amounts to|comes to|totals)(?![a-z])(?:\s+(?:equal to|approximately|about))?[\s:]*|[:：]\s*/gi;
const PREDICATE_ZH = /(?:等于|约为|约是|达到|(?<![因认作成行以分视称])为|(?<![但于还不要就只可总凡若])是)(?![否了什不])[约\s:：]*|[：:]\s*/g;

/**
 * A text's conclusion: its last sentence with "therefore", "so", "因此", "所以" …, from the last "is", "=", "为", "是" on; the whole sentence
 * where it holds one number and none of these. Null when numbers follow it (it was a step), or it stands too far from the end.
 */
export function conclusion(text: string): Statement | null {
  const from = Math.max(0, text.length - CONCLUSION_WITHIN);
  const sentences = sentencesOf(text, from);
  for (const { start, end } of sentences.reverse()) {
    const sentence = text.slice(start, end);
    const lead = CONCLUSION.exec(sentence) ?? CONCLUSION_ZH.exec(sentence);
    if (lead) return start === from && from > 0 ? null : concluded(sentence, lead[0].length, start, end);
    if (/[0-9]/.test(sentence)) return null;
  }
  return null;
}

function concluded(sentence: string, lead: number, start: number, end: number): Statement | null {
  if (/[?？]\s*$/.test(sentence)) return null;
  const clause = sentence.slice(lead).replace(/^[\s,，:：*]+/, "");
  if (/正确|correct/.test(clause)) {
    const letters = new Set(Array.from(clause.matchAll(/(?<![A-Za-z])[A-H](?![A-Za-z])/g), ([letter]) => letter));
    if (letters.size === 1) return { answer: [...letters][0]!, start, end };
  }
  const said = valueOf(clause);
  const value = said.slice(predicateEnd(said));
  const numbers = said.match(/\d[\d,.]*/g) ?? [];
  // "Natalia sold 72 clips.", "10 pens are left.": no "is" before the number, and the sentence says it in one.
  const stated = numbers.length === 0 || /\d/.test(value) ? value : numbers.length === 1 ? said : "";
  const answer = value === said && numbers.length !== 1 ? "" : tidyAnswer(valueOf(stated));
  return answer === "" ? null : { answer, start, end };
}

/** "The total cost is $7" says $7. */
function numberSaid(sentence: string): string {
  const at = predicateEnd(sentence);
  return /\d/.test(sentence.slice(at)) && !/\d/.test(sentence.slice(0, at)) ? sentence.slice(at) : sentence;
}

/** Behind the last predicate or equals sign that something follows; 0 when there is none. */
function predicateEnd(clause: string): number {
  let end = 0;
  for (const pattern of [PREDICATE, PREDICATE_ZH]) {
    for (const match of clause.matchAll(pattern)) {
      const after = match.index + match[0].length;
      if (trimTrailing(clause.slice(after)) !== "") end = Math.max(end, after);
    }
  }
  const equals = clause.lastIndexOf("=");
  return equals > end && !"<>!≠≤≥=".includes(clause[equals - 1] ?? "") ? equals + 1 : end;
}

/** The sentences and lines of `text` from `from` on. */
function sentencesOf(text: string, from: number): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = [];
  for (let at = from; at < text.length; ) {
    const newline = text.indexOf("\n", at);
    const lineEnd = newline < 0 ? text.length : newline;
    const end = at + sentenceLength(text.slice(at, lineEnd));
    if (text.slice(at, end).trim() !== "") found.push({ start: at, end });
    at = end === lineEnd ? lineEnd + 1 : end;
  }
  return found;
}

const BARE_VALUE = /^(?:[$¥￥€£]?\s*-?\d[\d,]*(?:\.\d+)?(?:\s*(?:%|[\p{L}/]+)){0,3}|[（(]?[A-H]{1,6}[)）]?|yes|no|是|否|正确|错误)$/iu;

/** A last line that is a value and nothing else ("**66**", "B"), or an equation that ends in one ("Profit = 96 - 30 = 66"). */
export function bareLine(text: string): Statement | null {
  const end = text.trimEnd().length;
  for (let to = end, lines = 0; to > 0 && lines < MAX_LINES_BELOW; lines++) {
    const start = text.lastIndexOf("\n", to - 1) + 1;
    const line = text.slice(start, to);
    // A box here was never closed: the text is cut. A line of closing signs says nothing.
    if (line.length > MAX_STATEMENT || line.includes("\\boxed")) return null;
    const answer = tidyAnswer(line);
    if (answer !== "") return BARE_VALUE.test(answer) ? { answer, start, end: to } : null;
    to = start - 1;
  }
  return null;
}
