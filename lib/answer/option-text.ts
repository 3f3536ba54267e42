/** Which of a question's options a text states, by the option's text, its number or its meaning. */
import { agree } from "./agree.ts";
import type { Hints } from "./hints/hints.ts";
import type { Option } from "./hints/options.ts";
import { readSingle } from "./reading/read-values.ts";
import { occurrences, squash } from "./reading/squash.ts";
import { readYesNo, yesNoOf } from "./reading/yes-no.ts";

/** The one option whose text or number `text` states, or null. */
export function optionOf(text: string, options: Option[], hints: Hints): string | null {
  const meant = lettersOf(text, options, hints);
  return meant.length === 1 ? meant[0]! : null;
}

/** The options whose text `text` is, or else whose number; several where the question lists one twice. */
export function lettersOf(text: string, options: Option[], hints: Hints): string[] {
  const words = squash(text);
  if (words === "") return [];
  const same = options.filter((o) => o.words === words);
  if (same.length > 0) return same.map((o) => o.letter);
  const sum = summaryOf(words);
  if (sum !== null) return options.filter((o) => summaryOf(o.words) === sum).map((o) => o.letter);
  const value = readSingle(text);
  if (value === null) return [];
  const equal = options.filter((o) => o.number !== null && agree(o.number, value, hints).ok === true);
  return equal.map((o) => o.letter);
}

const SUMMARY =
  /^(?:以上|上述)(?:选项|各项|说法|答案|[二三四两][项者]|内容|情况){0,2}(?:全都|全部|都|均|全|皆)(不|没有?)?/;
const NO_MORE = /^(?:对|正确|是|误|错误?|符合|包括|属于|可以?)?$/;

/**
 * "以上都对", "all of the above"; "以上均不正确", "none of the above"; null for others. `words`: squashed.
 */
function summaryOf(words: string): "all" | "none" | null {
  if (words === "all of the above" || words === "all of these") return "all";
  if (words === "none of the above" || words === "none of these") return "none";
  const found = SUMMARY.exec(words);
  if (!found) return null;
  const rest = words.slice(found[0].length);
  if (!NO_MORE.test(rest)) return null;
  const [denied, wrong] = [found[1] !== undefined, rest.startsWith("错")];
  if (denied && wrong) return null; // "都不错"
  return denied || wrong ? "none" : "all";
}

/** Both are numbers, and not the same. */
export function contradicts(own: Option, rest: string, hints: Hints): boolean {
  const value = readSingle(rest);
  return own.number !== null && value !== null && agree(own.number, value, hints).ok === false;
}

/** Options whose text a sentence quotes, not denied; an option within a longer quoted one does not count. */
export function mentionedOptions(text: string, options: Option[]): string[] {
  const words = squash(text);
  const hits = options.flatMap((o) => {
    if (o.words.length < 2) return [];
    return occurrences(words, o.words).map((at) => ({ letter: o.letter, at, end: at + o.words.length }));
  });
  const kept = hits.filter(
    (h) =>
      !hits.some(
        (other) =>
          other !== h && other.at <= h.at && other.end >= h.end && other.end - other.at > h.end - h.at,
      ),
  );
  const free = kept.filter(
    (h) => !["不是", "并非", "不", "非", "not ", "不选"].some((w) => words.slice(0, h.at).endsWith(w)),
  );
  return [...new Set(free.map((h) => h.letter))].sort();
}

/** "正确" where the options are 对 and 错; null where they are no such pair, or the answer is neither. */
export function ofPair(text: string, options: Option[]): string | null {
  if (options.length !== 2) return null;
  const [first, second] = options.map((option) => yesNoOf(option.text));
  if (!first || !second || first === second) return null;
  const said = readYesNo(text);
  return said === first ? options[0]!.letter : said === second ? options[1]!.letter : null;
}
