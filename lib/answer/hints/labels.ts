/**
 * Answers that name an option by its number in the list (②, "2.", "第2项", 乙), in letters: the second is
 * B.
 */
import { dropLeadIn, trimGlue } from "../reading/lead-in.ts";
import type { Options } from "./options.ts";

const STEMS = "甲乙丙丁戊己庚辛壬癸";
const LONGEST = 4096;

interface Forms {
  /** Nothing but labels: "2", "(2)", "1、3", "1 and 3". */
  alone: RegExp;
  /** "2. 减少", "(2)减少". */
  leading: RegExp;
  /** "选2", "第2项", "option 2"; no "选择2年". */
  marked: RegExp;
  each: RegExp;
}

const formsOf = (label: string): Forms => ({
  alone: new RegExp(
    `^[(\\[]?${label}[)\\]]?(?: ?(?:[,、;和与及&/ ]|and) ?[(\\[]?${label}[)\\]]?){0,9}[.。、]?$`,
  ),
  leading: new RegExp(`^[(\\[]?(${label})(?:[)\\]][.、:]?|[.、:](?!\\d))\\s?(?=\\S)`),
  marked: new RegExp(
    `(选项|应选|选择|选|第|option |choice )\\s?[(]?(${label})[)]?(?![\\d.%年月日天个元万亿倍期股次人])`,
    "gi",
  ),
  each: new RegExp(label, "g"),
});
const FORMS = { number: formsOf("\\d{1,2}"), stem: formsOf(`[${STEMS}]`) };

/** ① to ⑩ as letters, before normalisation makes digits of them; where options are listed under numbers. */
export function circledAsLetters(text: string, { labels, list }: Options): string {
  if (labels !== "number" || text.length > LONGEST) return text;
  return text.replace(/[①-⑩](?=([^\s.．、:：)）,，;；。和与及/&①-⑩]?))/gu, (sign, follows: string) => {
    const letter = list[sign.charCodeAt(0) - 0x2460]?.letter;
    return letter === undefined ? sign : follows === "" ? letter : `${letter}.`;
  });
}

/**
 * `text` with the labels it names as letters; unchanged where options are listed under letters, or it names
 * none.
 */
export function labelsAsLetters(text: string, { labels, list }: Options): string {
  const forms = labels === "number" || labels === "stem" ? FORMS[labels] : null;
  if (forms === null || text.length > LONGEST) return text;
  const order = (label: string) => (labels === "number" ? Number(label) - 1 : STEMS.indexOf(label));
  const letterOf = (label: string): string | undefined => list[order(label)]?.letter;
  const body = dropLeadIn(trimGlue(text));
  if (forms.alone.test(body)) {
    const letters = (body.match(forms.each) ?? []).map(letterOf);
    return letters.includes(undefined) ? text : letters.join(", ");
  }
  const [head, label] = forms.leading.exec(body) ?? [];
  const letter = label && letterOf(label);
  if (head && letter) return `${letter}. ${body.slice(head.length)}`;
  return text.replace(forms.marked, (whole: string, marker: string, named: string) => {
    const meant = letterOf(named);
    return meant === undefined ? whole : `${marker === "第" ? "选项" : marker}${meant}`;
  });
}
