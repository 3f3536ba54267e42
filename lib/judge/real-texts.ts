/** Real texts as sets with labels, the Teacher's and the arms': the checker says which are right. Pure. */
import { scoreCompletion } from "../answer/index.ts";
import type { Distilled, EvalDetail, RlRow } from "../records.ts";
import { createRandom } from "../stats/random.ts";
import type { JudgeRow } from "./gate.ts";
import type { LabelledSet } from "./measure.ts";
import type { LabelledText } from "./sets.ts";

/** A run's own distilled texts as a set for the Judge's card. */
export function teacherSet(rows: readonly DistilledText[], seed: number): LabelledSet {
  return { name: "the Teacher's texts", texts: labelledTexts(rows, { seed }) };
}

/** The text with its label, or null when it has not the form, or rules cannot decide. */
function labelByRules(row: JudgeRow): LabelledText | null {
  const { format, strict } = scoreCompletion(row);
  if (!format || (strict.verdict !== "right" && strict.verdict !== "wrong")) return null;
  return { ...row, fault: strict.verdict === "right" ? null : "wrong_answer" };
}

export type DistilledText = Pick<
  Distilled,
  "key" | "id" | "question" | "gold_answer" | "teacher_output" | "response" | "assembly" | "failure" | "kind"
>;

/**
 * The Teacher's training texts that the rules call right (`fault: null`) or wrong (`fault: "wrong_answer"`),
 * as many of each as there are, at most half of `count` (200 unless told), at most one a question.
 *
 * Left out is what rules cannot decide, and what has not the form that the filter asks for. Drawn with
 * `seed`, in an order that mixes both. A Teacher that is always right gives no wrong texts.
 */
export function labelledTexts(
  rows: readonly DistilledText[],
  options: { count?: number; seed?: number } = {},
): LabelledText[] {
  const { count = 200, seed = 42 } = options;
  const random = createRandom(`teacher texts/${seed}`);
  const labelled = random.shuffle(rows.flatMap(teacherText));
  const asked = new Set<string>();
  const take = (isWrong: boolean): LabelledText[] => {
    const taken: LabelledText[] = [];
    for (const { question, text } of labelled) {
      if (taken.length === Math.floor(count / 2)) break;
      if ((text.fault !== null) !== isWrong || asked.has(question)) continue;
      asked.add(question);
      taken.push(text);
    }
    return taken;
  };
  // Wrong texts first: they are the rarer ones.
  return random.shuffle([...take(true), ...take(false)]);
}

function teacherText(row: DistilledText): { question: string; text: LabelledText }[] {
  // Where nothing was put together, the raw text is what the filter looks at.
  const asWritten = row.assembly === null && row.failure === null ? row.teacher_output : null;
  const completion = row.response ?? asWritten;
  if (completion === null) return [];
  const text = labelByRules({ id: row.key, question: row.question, gold: row.gold_answer, completion });
  return text === null ? [] : [{ question: row.id, text: { ...text, kind: row.kind } }];
}

/**
 * An arm's greedy answers that keep the format and that the rules decide, with their labels. Answers without
 * the format are left out: no Judge has ever seen such texts. `questions` are those of test.jsonl; details of
 * other questions are left out.
 */
export function armTexts(
  arm: string,
  details: readonly EvalDetail[],
  questions: readonly RlRow[],
): LabelledText[] {
  const byId = new Map(questions.map((row) => [row.id, row]));
  return details.flatMap(({ id, mode, format, completion }) => {
    const row = byId.get(id);
    if (!row || mode !== "greedy" || !format) return [];
    return (
      labelByRules({ id: `${arm}/${id}`, question: row.prompt, gold: row.gold_answer, completion }) ?? []
    );
  });
}
