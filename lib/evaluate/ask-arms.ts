/**
 * The same questions to several arms, greedily: the travelling examples, or anything else one wants to see
 * them answer.
 */
import { scoreCompletion } from "../answer/index.ts";
import { shownAnswer } from "./answer-view.ts";
import { answerTasks } from "../completions/tasks.ts";
import type { StoredCompletion } from "../completions/cache.ts";
import { askModels } from "../completions/ask-models.ts";
import { evaluatedModel } from "../completions/models.ts";
import type { EvaluatedModel } from "../completions/models.ts";
import type { Client } from "../serving/client.ts";
import type { Lab } from "../config/lab.ts";
import type { AskedArm, Question } from "../records.ts";
import type { ShownText } from "../view/sample-view.ts";

export interface AskArmsOptions {
  signal?: AbortSignal;
  /** Ask this instead of starting servers; it knows adapters by their arm's name. */
  client?: Client;
}

export interface AskedQuestion {
  id: string;
  question: string;
  gold: string;
  /** One an arm, in the order of the arms, for `sideBySide`. */
  texts: ShownText[];
  /** What happens to the question from arm to arm; see `fateOf`. */
  fate: string;
}

/**
 * Greedy answers of each arm, scored by the rule checker. They are kept with the arm's evaluation, so asking
 * again starts no server, and they are in no report. Throws LabError as `evaluate`.
 *
 * @example
 * for (const { question, texts } of await askArms(lab, ["base", "sft"], few))
 *   await show(sideBySide(texts, question));
 */
export async function askArms(
  lab: Lab,
  arms: readonly AskedArm[],
  questions: readonly Pick<Question, "id" | "question" | "gold_answer" | "type">[],
  options: AskArmsOptions = {},
): Promise<AskedQuestion[]> {
  const rows = questions.map(({ id, question, gold_answer, type }) => ({
    id,
    prompt: question,
    gold_answer,
    type,
  }));
  const tasks = answerTasks(rows, { ...lab.config, evaluate: { ...lab.config.evaluate, samples: 0 } });
  const models: EvaluatedModel[] = [];
  for (const arm of arms) models.push(await evaluatedModel(lab, { arm }));
  const answered = await askModels(
    lab,
    models.map((model) => ({ model, tasks })),
    options,
  );
  return questions.map(({ id, question, gold_answer: gold }, i) => {
    const texts = arms.map((arm, k) => shown(arm, question, gold, answered[k]!.answers[i]!));
    return { id, question, gold, texts, fate: fateOf(texts.map(({ title, ok }) => ({ arm: title, ok }))) };
  });
}

/**
 * What happens to a question from arm to arm, in words: each arm whose verdict is another than that of the
 * arm before it, or that there is none. Null: rules cannot decide.
 *
 * @example fateOf([{ arm: "Base", ok: false }, { arm: "SFT", ok: true }]) //=> "repaired by SFT"
 */
export function fateOf(verdicts: readonly { arm: string; ok?: boolean | null | undefined }[]): string {
  const turns = verdicts.slice(1).flatMap(({ arm, ok = null }, i) => {
    const before = verdicts[i]!.ok ?? null;
    if (ok === before) return [];
    if (ok === null) return [`left open by ${arm}`];
    if (before === null) return [`answered ${ok ? "right" : "wrong"} by ${arm}`];
    return [`${ok ? "repaired" : "broken"} by ${arm}`];
  });
  const all = verdicts[0]?.ok ?? null;
  return turns.length > 0
    ? turns.join(", ")
    : `${all === null ? "left open" : all ? "right" : "wrong"} for all`;
}

function shown(
  arm: AskedArm,
  question: string,
  gold: string,
  { completion, tokens }: StoredCompletion,
): ShownText {
  const { format, lenient } = scoreCompletion({ question, gold, completion });
  return shownAnswer(arm, {
    completion,
    tokens,
    format,
    lenient: lenient.verdict === "right",
    reason: lenient.reason,
    message: lenient.message,
  });
}
