/** Ways in which a multiple-choice question is set, and in which people and models answer it: for tests. */

/** A question without its options, their texts, and the letters that are right ("B", "ABD"). */
export interface ChoiceQuestion {
  stem: string;
  options: readonly string[];
  gold: string;
}

const LETTERS = "ABCDEFGHIJ";
const wide = (text: string) => text.replace(/[A-J]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0));

/**
 * The same label before each option, the same text between two; a headline that they follow at once becomes a
 * question.
 */
function labelled(label: (i: number) => string, between: string, before: string, end = ""): Layout["set"] {
  const isOpen = (stem: string) => before === "" && !"？?。.：:；;）)”」_".includes(stem.at(-1) ?? "？");
  return ({ stem, options }) => {
    const list = options.map((text, i) => label(i) + text).join(between);
    return `${stem}${isOpen(stem) ? "？" : ""}${before}${list}${end}`;
  };
}

const letter = (i: number) => LETTERS[i]!;
const circled = (i: number) => String.fromCharCode(0x2460 + i);

export interface Layout {
  name: string;
  set(question: ChoiceQuestion): string;
  /** Numbers run into options that begin or end in a digit: nobody can tell them apart, so none is set so. */
  digits?: true;
}

export const LAYOUTS: readonly Layout[] = [
  { name: "on lines, A.", set: labelled((i) => `${letter(i)}. `, "\n", "\n") },
  { name: "on lines, A、", set: labelled((i) => `${letter(i)}、`, "\n", "\n") },
  { name: "on lines, (A)", set: labelled((i) => `(${letter(i)}) `, "\n", "\n") },
  { name: "on lines, （A）", set: labelled((i) => `（${letter(i)}）`, "\n", "\n") },
  { name: "on lines, A：", set: labelled((i) => `${letter(i)}：`, "\n", "\n") },
  { name: "on lines, A)", set: labelled((i) => `${letter(i)}) `, "\n", "\n") },
  { name: "on lines, Ａ．", set: labelled((i) => `${wide(letter(i))}．`, "\n", "\n") },
  { name: "on lines, a)", set: labelled((i) => `${letter(i).toLowerCase()}) `, "\n", "\n") },
  { name: "on lines, a letter alone", set: labelled((i) => `${letter(i)} `, "\n", "\n") },
  { name: "on lines, 选项A：", set: labelled((i) => `选项${letter(i)}：`, "\n", "\n") },
  { name: "on lines, Option A:", set: labelled((i) => `Option ${letter(i)}: `, "\n", "\n") },
  { name: "on lines, ①", set: labelled(circled, "\n", "\n") },
  { name: "on lines, 1.", set: labelled((i) => `${i + 1}. `, "\n", "\n") },
  { name: "on lines, 1、", set: labelled((i) => `${i + 1}、`, "\n", "\n") },
  { name: "on lines, （1）", set: labelled((i) => `（${i + 1}）`, "\n", "\n") },
  { name: "on lines, 甲、", set: labelled((i) => `${"甲乙丙丁戊"[i]}、`, "\n", "\n") },
  { name: "on one line, blanks", set: labelled((i) => `${letter(i)}. `, " ", " ") },
  { name: "on one line, wide blanks", set: labelled((i) => `${letter(i)}．`, "　", "　") },
  { name: "on one line, tabs", set: labelled((i) => `${letter(i)}.`, "\t", "\n") },
  { name: "two on a line", set: labelled((i) => `${i % 2 ? "    " : "\n"}${letter(i)}. `, "", " ") },
  { name: "behind the question mark, blanks", set: labelled((i) => `${letter(i)}. `, " ", "") },
  { name: "behind the question mark, A.增加 B.减少", set: labelled((i) => `${letter(i)}.`, " ", "") },
  { name: "behind the question mark, A、", set: labelled((i) => `${letter(i)}、`, " ", "") },
  { name: "behind the question mark, A：", set: labelled((i) => `${letter(i)}：`, " ", "") },
  { name: "behind the question mark, (A)", set: labelled((i) => `(${letter(i)})`, " ", "") },
  { name: "behind the question mark, a.", set: labelled((i) => `${letter(i).toLowerCase()}. `, " ", "") },
  { name: "behind the question mark, ①", set: labelled(circled, " ", "") },
  { name: "behind the question mark, 1、", set: labelled((i) => `${i + 1}、`, " ", "") },
  { name: "behind the question mark, (1)", set: labelled((i) => `(${i + 1})`, " ", "") },
  { name: "behind the question mark, ；", set: labelled((i) => `${letter(i)}. `, "；", "", "。") },
  { name: "behind the question mark, ;", set: labelled((i) => `${letter(i)}.`, "; ", "", ".") },
  { name: "behind the question mark, ，", set: labelled((i) => `${letter(i)}.`, "，", "", "。") },
  { name: "behind the question mark, 、A：", set: labelled((i) => `${letter(i)}：`, "、", "") },
  { name: "behind the question mark, |", set: labelled((i) => `${letter(i)}. `, " | ", " ") },
  {
    name: "a request behind them on a line",
    set: labelled((i) => `${letter(i)}. `, "\n", "\n", "\n请一步步思考，并把答案选项放到\\boxed{}中。"),
  },
  {
    name: "a request behind them, one line",
    set: labelled((i) => `${letter(i)}.`, " ", "", "。请选择正确的选项。"),
  },
  { name: "without blanks, A.", set: labelled((i) => `${letter(i)}.`, "", "") },
  { name: "without blanks, A、", set: labelled((i) => `${letter(i)}、`, "", "") },
  { name: "without blanks, Ａ．", set: labelled((i) => `${wide(letter(i))}．`, "", "") },
  { name: "without blanks, A：", set: labelled((i) => `${letter(i)}：`, "", "") },
  { name: "without blanks, （A）", set: labelled((i) => `（${letter(i)}）`, "", "") },
  { name: "without blanks, ①", set: labelled(circled, "", "") },
  { name: "without blanks, 1、", set: labelled((i) => `${i + 1}、`, "", ""), digits: true },
];

export interface Habit {
  name: string;
  /** What is said by someone who takes these letters; null where the habit cannot say it. */
  say(letters: string, options: readonly string[]): string | null;
  /** It names no letter. */
  textAlone?: true;
}

const one =
  (say: (letter: string, text: string) => string): Habit["say"] =>
  (letters, options) =>
    letters.length === 1 ? say(letters, options[LETTERS.indexOf(letters)]!) : null;
const several =
  (say: (letters: string[], texts: string[]) => string): Habit["say"] =>
  (letters, options) =>
    letters.length > 1
      ? say(
          [...letters],
          [...letters].map((l) => options[LETTERS.indexOf(l)]!),
        )
      : null;

export const HABITS: readonly Habit[] = [
  { name: "B", say: (letters) => letters },
  { name: "b", say: one((l) => l.toLowerCase()) },
  { name: "Ｂ", say: (letters) => wide(letters) },
  { name: "B.", say: one((l) => `${l}.`) },
  { name: "(B)", say: (letters) => `(${letters})` },
  { name: "（B）", say: (letters) => `（${letters}）` },
  { name: "【B】", say: (letters) => `【${letters}】` },
  { name: "(b)", say: one((l) => `(${l.toLowerCase()})`) },
  { name: "b)", say: one((l) => `${l.toLowerCase()})`) },
  { name: "\\boxed{B}", say: (letters) => `\\boxed{${letters}}` },
  { name: "**B**", say: (letters) => `**${letters}**` },
  { name: "选B", say: (letters) => `选${letters}` },
  { name: "选 B。", say: (letters) => `选 ${letters}。` },
  { name: "故选B", say: (letters) => `故选${letters}` },
  { name: "本题选B。", say: (letters) => `本题选${letters}。` },
  { name: "应选 B 项", say: one((l) => `应选 ${l} 项`) },
  { name: "B项", say: one((l) => `${l}项`) },
  { name: "B选项", say: one((l) => `${l}选项`) },
  { name: "选项B", say: one((l) => `选项${l}`) },
  { name: "选项B正确", say: one((l) => `选项${l}正确`) },
  { name: "B选项正确。", say: one((l) => `${l}选项正确。`) },
  { name: "B正确", say: one((l) => `${l}正确`) },
  { name: "答案：B", say: (letters) => `答案：${letters}` },
  { name: "答案是B。", say: (letters) => `答案是${letters}。` },
  { name: "正确答案为B选项", say: one((l) => `正确答案为${l}选项`) },
  { name: "正确答案是（B）。", say: (letters) => `正确答案是（${letters}）。` },
  { name: "因此，答案为 B", say: (letters) => `因此，答案为 ${letters}` },
  { name: "The answer is B.", say: (letters) => `The answer is ${letters}.` },
  { name: "the answer is (b)", say: one((l) => `the answer is (${l.toLowerCase()})`) },
  { name: "Option B", say: one((l) => `Option ${l}`) },
  { name: "option b", say: one((l) => `option ${l.toLowerCase()}`) },
  { name: "Option B is correct.", say: one((l) => `Option ${l} is correct.`) },
  { name: "减少", textAlone: true, say: one((_, text) => text) },
  { name: "减少。", textAlone: true, say: one((_, text) => `${text}。`) },
  { name: "答案：减少", textAlone: true, say: one((_, text) => `答案：${text}`) },
  { name: "答案是“减少”。", textAlone: true, say: one((_, text) => `答案是“${text}”。`) },
  { name: "B. 减少", say: one((l, text) => `${l}. ${text}`) },
  { name: "B.减少", say: one((l, text) => `${l}.${text}`) },
  { name: "B、减少", say: one((l, text) => `${l}、${text}`) },
  { name: "B：减少", say: one((l, text) => `${l}：${text}`) },
  { name: "B．减少", say: one((l, text) => `${l}．${text}`) },
  { name: "B) 减少", say: one((l, text) => `${l}) ${text}`) },
  { name: "（B）减少", say: one((l, text) => `（${l}）${text}`) },
  { name: "(B) 减少", say: one((l, text) => `(${l}) ${text}`) },
  { name: "B 减少", say: one((l, text) => `${l} ${text}`) },
  { name: "B，减少", say: one((l, text) => `${l}，${text}`) },
  { name: "b. 减少", say: one((l, text) => `${l.toLowerCase()}. ${text}`) },
  { name: "选B，减少", say: one((l, text) => `选${l}，${text}`) },
  { name: "选择B、减少", say: one((l, text) => `选择${l}、${text}`) },
  { name: "答案：B、减少", say: one((l, text) => `答案：${l}、${text}`) },
  { name: "答案是B. 减少。", say: one((l, text) => `答案是${l}. ${text}。`) },
  { name: "选项B：减少", say: one((l, text) => `选项${l}：${text}`) },
  { name: "The answer is B. 减少", say: one((l, text) => `The answer is ${l}. ${text}`) },
  { name: "减少（B）", say: one((l, text) => `${text}（${l}）`) },
  { name: "减少，选B", say: one((l, text) => `${text}，选${l}`) },
  { name: "A和C", say: several((ls) => ls.join("和")) },
  { name: "A、C", say: several((ls) => ls.join("、")) },
  { name: "A,C", say: several((ls) => ls.join(",")) },
  { name: "A, C", say: several((ls) => ls.join(", ")) },
  { name: "A，C", say: several((ls) => ls.join("，")) },
  { name: "A；C", say: several((ls) => ls.join("；")) },
  { name: "A C", say: several((ls) => ls.join(" ")) },
  { name: "A and C", say: several((ls) => ls.join(" and ")) },
  { name: "选A、C", say: several((ls) => `选${ls.join("、")}`) },
  { name: "选A和C。", say: several((ls) => `选${ls.join("和")}。`) },
  { name: "ac", say: several((ls) => ls.join("").toLowerCase()) },
  { name: "应选AC两项", say: several((ls) => `应选${ls.join("")}`) },
  { name: "A、C正确", say: several((ls) => `${ls.join("、")}正确`) },
  { name: "答案：AC", say: several((ls) => `答案：${ls.join("")}`) },
  { name: "texts", say: several((_, texts) => texts.join("；")) },
  {
    name: "letters and texts on lines",
    say: several((letters, texts) => letters.map((l, i) => `${l}. ${texts[i]}`).join("\n")),
  },
];

/** Habits of naming an option by the number it is listed under. */
export const NUMBER_HABITS: readonly Habit[] = [
  { name: "②", say: (letters) => [...letters].map((l) => circled(LETTERS.indexOf(l))).join("") },
  { name: "选②", say: (letters) => `选${[...letters].map((l) => circled(LETTERS.indexOf(l))).join("")}` },
  { name: "答案：②", say: one((l) => `答案：${circled(LETTERS.indexOf(l))}`) },
  { name: "②减少", say: one((l, text) => `${circled(LETTERS.indexOf(l))}${text}`) },
];
