/** Rule 10: which option letters a text names, and whether it hedges or denies them. */
import { wordsOf } from "./characters.ts";
import { dropLeadIn, trimGlue } from "./lead-in.ts";

export interface Letters {
  /** Named and not denied, sorted. */
  chosen: string[];
  /** "A or B", "A或B". */
  hedged: boolean;
  denied: string[];
  /** Where the text goes on after a leading "B." or "B、"; null where it does not start with a letter. */
  rest: string | null;
  /** That letter. */
  first: string | null;
  /** There is nothing but letters. */
  alone: boolean;
}

const DEFAULT = "ABCDEFGHIJ";
const isUpper = (c: string | undefined) => c !== undefined && c >= "A" && c <= "Z";
const isWordChar = (c: string | undefined) => c !== undefined && /[A-Za-z0-9'’&]/.test(c);
const DELIMITERS = ".．、:：)）,，;；]】(（-– \n";
/** A股, C类, B轮: names that hold a letter. */
const NAMED = "股轮级类端座栋公司";
const NAME_BEFORE = wordsOf(
  "class |series |grade |type |tier |level |schedule |appendix |公司|企业|基金|产品",
);
const VERBS = new Set("is are was and or because since as has should would option choice seems".split(" "));
const MARKERS = wordsOf(
  "answer is |answer: |answer:|option |choose |choice |select |" +
    "选项|应选|选择|选|選|答案是|答案为|答案:|答案: ",
);
const DENIALS = wordsOf(
  "not |isn't |不是|非|不选|并非|排除|而非|不应选|" +
    "rather than |instead of |except |不能选|neither |除|除了",
);
const DENIED_AFTER = wordsOf(
  "不正确|不对|错误|是错|不选|有误| is wrong| is incorrect| is not |" +
    " is false|项错误|项不正确|选项错误|选项不正确|项有误",
);

/**
 * `listed` are the letters of the question's options, null when it lists none. Only the first 4,096
 * characters reach this.
 */
export function readLetters(text: string, listed: string | null): Letters {
  const body = raiseLetters(dropLeadIn(trimBrackets(trimGlue(text))));
  const allowed = listed ?? DEFAULT;
  const alone = bareLetters(body, allowed);
  if (alone !== null)
    return { chosen: alone, hedged: false, denied: [], rest: null, first: null, alone: true };
  const chosen = new Set<string>();
  const denied = new Set<string>();
  const result: Letters = { chosen: [], hedged: false, denied: [], rest: null, first: null, alone: false };
  let last = -1;
  for (let i = 0; i < body.length; i++) {
    const run = runAt(body, i, allowed);
    if (run === 0) continue;
    const end = i + run;
    const letters = body.slice(i, end).toUpperCase();
    const isDenied = startsAny(body, end, DENIED_AFTER) || endsAny(body, i, DENIALS);
    for (const letter of letters) (isDenied ? denied : chosen).add(letter);
    if (last >= 0 && !isDenied && joinsWithOr(body.slice(last, i))) result.hedged = true;
    if (i === 0 && run === 1 && DELIMITERS.includes(body[end] ?? "?")) {
      result.rest = trimGlue(body.slice(end + 1));
      result.first = letters;
    }
    if (!isDenied) last = end;
    i = end - 1;
  }
  for (const letter of denied) chosen.delete(letter);
  return { ...result, chosen: [...chosen].sort(), denied: [...denied].sort() };
}

/** "b or c" names two letters, as nothing else stands beside them. */
function raiseLetters(body: string): string {
  if (body[1] !== " " || body.length > 24) return body;
  const words = body.split(" ");
  return words.length > 1 &&
    words.every((w) => w === "or" || w === "and" || (w.length === 1 && w >= "a" && w <= "j"))
    ? words.map((w) => (w.length === 1 ? w.toUpperCase() : w)).join(" ")
    : body;
}

/**
 * "c", "(c)", "c.", "ab" and nothing else; several lower-case letters only in their order, as "bad" is a
 * word.
 */
function bareLetters(body: string, allowed: string): string[] | null {
  if (body.length > 40) return null;
  const found: string[] = [];
  for (const c of body) {
    if ("()[]【】（）.。、,!*\"' &+和与及".includes(c)) continue;
    const letter = c.toUpperCase();
    if (letter.length !== 1 || letter < "A" || letter > "J" || !allowed.includes(letter)) return null;
    if (found.length > 0 && (c >= "a" ? letter <= found.at(-1)! : found.includes(letter))) return null;
    found.push(letter);
  }
  return found.length > 0 ? found.sort() : null;
}

/**
 * Length of the option letters that stand alone at `i`: "B" in "选B", "ABD" in "选ABD"; 0 when there are
 * none.
 */
function runAt(body: string, i: number, allowed: string): number {
  if (isWordChar(body[i - 1])) return 0;
  const c = body[i]!;
  if (
    c >= "a" &&
    c <= "j" &&
    !isWordChar(body[i + 1]) &&
    allowed.includes(c.toUpperCase()) &&
    afterMarker(body, i)
  )
    return 1;
  if (!isUpper(c) || !allowed.includes(c)) return 0;
  let end = i + 1;
  while (isUpper(body[end])) end++;
  if (isWordChar(body[end])) return 0;
  const run = body.slice(i, end);
  if (run.length > 1) return isSet(run, allowed) ? run.length : 0;
  if (NAMED.includes(body[end] ?? "?") || endsAny(body, i, NAME_BEFORE)) return 0;
  if (run === "I" && end < body.length && body[end] === " ") return 0;
  return run === "A" && isArticle(body, end) && !afterMarker(body, i) ? 0 : 1;
}

const isSet = (run: string, allowed: string): boolean =>
  [...run].every((c) => allowed.includes(c)) && new Set(run).size === run.length;

/** "A company": a word follows that is neither a verb nor a joiner. */
function isArticle(body: string, end: number): boolean {
  if (body[end] !== " ") return false;
  let stop = end + 1;
  while (stop < body.length && body[stop]! >= "a" && body[stop]! <= "z") stop++;
  const word = body.slice(end + 1, stop);
  return word !== "" && !VERBS.has(word);
}

function afterMarker(body: string, at: number): boolean {
  const from = Math.max(0, at - 12);
  const before = body.slice(from, at).toLowerCase();
  return (
    MARKERS.some((m) => before.endsWith(m) || before.endsWith(m + "(")) ||
    (at === 0 && DELIMITERS.includes(body[1] ?? " ") && body[1] !== " ")
  );
}

const startsAny = (text: string, at: number, words: string[]) => words.some((w) => text.startsWith(w, at));
function endsAny(text: string, at: number, words: string[]): boolean {
  const before = text.slice(Math.max(0, at - 12), at).toLowerCase();
  return words.some((w) => before.endsWith(w));
}

function joinsWithOr(between: string): boolean {
  const b = between.toLowerCase();
  return b.includes("或") || b.includes(" or ") || b === "/" || b === " / " || b.includes("抑或");
}

const BRACKETED = /^(?:\(.{0,4}\)|\[.{0,4}\])$/s;
const trimBrackets = (text: string): string => (BRACKETED.test(text) ? text.slice(1, -1) : text);
