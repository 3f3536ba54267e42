/** Rule 11: yes or no, negation first ("不正确" holds 正确). */
import { wordsOf } from "./characters.ts";
import { dropLeadIn, trimGlue } from "./lead-in.ts";

/**
 * `both`: it says yes and no; `open`: a sentence that rules cannot place; `none`: nothing about yes or no.
 */
export type Polarity = "yes" | "no" | "both" | "open" | "none";

const set = (words: string) => new Set(wordsOf(words));
const YES = set(
  "是|是的|对|对的|正确|正确的|真|真的|属实|成立|" +
    "可以|能|能够|会|有|需要|应该|允许|同意|没错" +
    "|无误|没有错|不错误|yes|true|correct|right|yeah|yep|y|t|agree|agreed|√|✓|✔|it is|it does" +
    "|it did|it was|they are|they do|indeed|certainly|definitely|of course|当然|肯定|肯定的" +
    "|that is correct|that is true|it is correct|it is true|this is correct|this is true" +
    "|not wrong|not false|not incorrect",
);
const NO = set(
  "否|不|不是|不是的|不对|不正确|错|错误|错的|" +
    "错误的|不对的|假|假的|不会|不能|没有|不可以" +
    "|不需要|不应该|不允许|不成立|不属实|不同意|" +
    "并非|并非如此|并不是|不可|不行|无|非|并不" +
    "|并不正确|并不对|不能够|有误|no|false|incorrect|wrong|not correct|not true|not right|not" +
    "|nope|n|f|disagree|×|✗|✘|it is not|it isn't|it does not|it doesn't|it did not|it didn't" +
    "|it was not|it wasn't|isn't|never|that is not correct|that is not true|it is not correct" +
    "|it is not true|it is incorrect|it is false|it is wrong|this is incorrect|this is false|否定" +
    "|否定的|不属于|untrue",
);
const NO_PARTS = wordsOf(
  "不正确|不对|不成立|不属实|错误|并非|有误|" +
    "不是的|说法错|是错的|错的|not correct|not true" +
    "|not right|isn't true|isn't correct|isn't right|incorrect|untrue|is false|is wrong",
);
const YES_PARTS = wordsOf(
  "没有错误|没有错|没错|无误|正确|属实|成立|是对的|" +
    "is correct|is true|is right|not incorrect|not wrong|not false",
);
const DOUBLE = wordsOf(
  "并非不正确|不是不正确|并非错误|不是错误|不是错的|并不错误|没有错误|" +
    "没有错|没错误|没错|无误|并无不当|not incorrect|not wrong|not false|不错",
);

/** Says that nothing can be said: "no idea" is no "no". */
const UNDECIDED = wordsOf(
  "no idea|no information|no data|no answer|no opinion|not sure|not known|not enough" +
    "|not applicable|unknown|uncertain|不知道|不清楚|不确定|不适用|不好说|无法",
);

/** The polarity of a gold answer: it must be nothing but a yes or a no. */
export function yesNoOf(text: string): "yes" | "no" | null {
  const word = clean(text.slice(0, 40));
  return YES.has(word) ? "yes" : NO.has(word) ? "no" : null;
}

/** The words that make a gold a yes/no question by themselves. */
const GOLD_WORDS = set(
  "是|否|对|错|正确|错误|是的|不是|yes|no|true|false|y|" +
    "n|√|×|✓|✗|correct|incorrect|不对|不正确|right|wrong",
);
export function isYesNoGold(text: string): boolean {
  return text.length <= 12 && GOLD_WORDS.has(clean(text));
}

function clean(text: string): string {
  let s = trimGlue(text).toLowerCase();
  let end = s.length;
  while (end > 0 && " .。!！?？,，;；:：\"'”’)】]\n~".includes(s[end - 1]!)) end--;
  s = s.slice(0, end);
  return s.startsWith("(") || s.startsWith("[") ? s.slice(1).trim() : s;
}

const CLAUSE_END = /[,.。;!?\n、:(/]/;
const MAX_CLAUSES = 200;
const LETTER = /[a-z\u2e80-\uffff]/;

/** What a normalised answer says. Whole clauses that are a yes or a no decide; else the words in them. */
export function readYesNo(text: string): Polarity {
  const body = dropLeadIn(trimGlue(text)).toLowerCase().replaceAll("是否", "  ");
  if (UNDECIDED.some((w) => body.startsWith(w))) return "none";
  const said = new Set<"yes" | "no">();
  const hinted = new Set<"yes" | "no">();
  let words = 0;
  const clauses = body.split(CLAUSE_END).filter((clause) => clause !== "");
  for (const clause of clauses.slice(0, MAX_CLAUSES)) {
    const word = clean(dropLeadIn(clause));
    if (word === "") continue;
    if (YES.has(word)) said.add("yes");
    else if (NO.has(word)) said.add("no");
    else {
      words += word.length;
      for (const p of polaritiesIn(word)) hinted.add(p);
    }
  }
  const from = said.size > 0 ? said : hinted;
  if (from.size === 2) return "both";
  if (from.size === 1) return [...from][0]!;
  return words >= 4 && LETTER.test(body) ? "open" : "none";
}

/** Negated forms are looked for first and taken out, so that what they hold is not read again. */
function polaritiesIn(clause: string): ("yes" | "no")[] {
  let rest = clause;
  const out: ("yes" | "no")[] = [];
  const take = (parts: string[], polarity: "yes" | "no") => {
    for (const part of parts) {
      if (!rest.includes(part)) continue;
      out.push(polarity);
      rest = rest.replaceAll(part, "  ");
    }
  };
  take(DOUBLE, "yes");
  take(NO_PARTS, "no");
  for (const part of YES_PARTS) {
    const at = rest.indexOf(part);
    if (at < 0) continue;
    const denied = denial(rest.slice(0, at));
    if (denied !== "partly") out.push(denied === "yes" ? "no" : "yes");
    rest = rest.replaceAll(part, "  ");
  }
  const padded = ` ${rest} `;
  const yes = padded.includes(" yes ");
  if (yes) out.push("yes");
  if (padded.includes(" no ") && (yes || padded.startsWith(" no "))) out.push("no");
  if (rest.includes("是或否") || rest.includes("对或错")) out.push("yes", "no");
  return out;
}

const DENIALS = wordsOf("不|未|没|没有|不是|不算|不会|不能|不可能|不能说|不能算|谈不上|称不上|难说");
const PARTLY = wordsOf("不完全|不一定|未必|不全|不总是|不都|不见得|不太|不够|不尽|不全都|不是完全|难以");
const DENIALS_EN = set("not|never|no|hardly|isn't|wasn't|doesn't|cannot|can't");
const PARTLY_EN = set("entirely|completely|always|fully|quite|necessarily|wholly|strictly|all");

/** Whether what stands right before a word denies it: 不能说（正确）, "not entirely (correct)". */
function denial(before: string): "yes" | "partly" | "no" {
  const text = before.trimEnd();
  if (PARTLY.some((w) => text.endsWith(w))) return "partly";
  if (DENIALS.some((w) => text.endsWith(w))) return "yes";
  const words = text.slice(-40).split(" ").slice(-3);
  if (!words.some((w) => DENIALS_EN.has(w))) return "no";
  return words.some((w) => PARTLY_EN.has(w)) ? "partly" : "yes";
}
