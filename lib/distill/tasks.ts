/** What the Teacher is asked, and the key under which each answer is kept. Pure. */
import type { StoredCompletion } from "../completions/cache.ts";
import type { CompletionRequest } from "../serving/completion.ts";
import { assembleRow } from "./assemble.ts";
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import { promptId, promptOf, promptRequest } from "../prompt/prompt.ts";
import { hashJson, sampleSeed } from "../store/hash.ts";
import type { Distilled, Question } from "../records.ts";

/** One text to be had. */
export interface DistillTask {
  key: string;
  /** The question's. */
  id: string;
  question: Question;
  /** 0 … k − 1 */
  sample: number;
  request: CompletionRequest;
}

export type DistillSettings = Pick<Config, "distill" | "prompt" | "seed">;

/**
 * `samplesPerQuestion` texts of every question, in the questions' order.
 *
 * key = sha256(model, prompt, question, sampling, seed, sample, id), `model` as `planRole` says, the prompt
 * by its texts (`promptId`): another model, prompt or seed asks anew, nothing else does. Each text has a seed
 * of its own, drawn from the config's seed, the question and the sample, so neither order nor company changes
 * it. Throws LabError on an id that comes twice.
 */
export function distillTasks(
  questions: readonly Question[],
  model: string,
  { distill, prompt, seed }: DistillSettings,
): DistillTask[] {
  const { temperature, topP, maxTokens, samplesPerQuestion } = distill;
  const told = promptOf(prompt.teacher);
  const toldId = promptId(told);
  const ids = new Set<string>();
  for (const { id } of questions) {
    if (ids.has(id))
      throw new LabError({
        what: "distill requires questions with ids of their own",
        where: `question ${id}`,
        found: "the id twice",
      });
    ids.add(id);
  }
  return questions.flatMap((question) =>
    Array.from({ length: samplesPerQuestion }, (_, sample): DistillTask => {
      const asked = { prompt: toldId, question: question.question, id: question.id };
      const key = hashJson({ model, ...asked, temperature, topP, maxTokens, seed, sample });
      const sampling = { temperature, topP, maxTokens, seed: sampleSeed(seed, sample, question.question) };
      return {
        key,
        id: question.id,
        question,
        sample,
        request: { ...promptRequest(told, question.question), ...sampling },
      };
    }),
  );
}

/**
 * The row of a task, as its completion and the rules of today have it. A cut text is kept beside its failure:
 * people want to see where it broke off.
 */
export function distilledRow(
  { key, question, sample }: DistillTask,
  { completion, reasoning, failure, tokens }: StoredCompletion,
  { models, distill }: Pick<Config, "models" | "distill">,
): Distilled {
  const row: Distilled = {
    ...question,
    key,
    sample,
    teacher_output: failure !== null && completion.trim() === "" ? null : completion,
    teacher_reasoning: reasoning ?? null,
    failure,
    completion_tokens: tokens,
    model: models.teacher,
    response: null,
    assembly: null,
  };
  return assembleRow(row, distill.assemble);
}
