/** What a GRPO run keeps of a step, token by token: the form of `steps/0010.json`, by the sidecar. */
import { z } from "zod";

/** One number a token; null for a token that vLLM could not score. */
const Numbers = z.array(z.number().nullable());
const Exact = z.array(z.number());

const Answer = z
  .strictObject({
    rewards: z.record(z.string(), z.number()),
    reward: z.number(),
    advantage: z.number(),
    ids: z.array(z.number().int()).min(1),
    /** Of each token; a character of several tokens stands with the last of them. */
    texts: z.array(z.string()),
    /** Places of special tokens. */
    special: z.array(z.number().int()),
    /** Log-probability where vLLM answered; null where the trainer answered, whose own is `before`. */
    sampled: Numbers.nullable(),
    /** Log-probabilities before and after the optimizer's step; null for an answer left out of the loss. */
    before: Exact.nullable(),
    after: Exact.nullable(),
    /** Under the policy that the run started from; null without a KL. */
    reference: Exact.nullable(),
    /** Of gpu.vllmCorrection; null without. */
    weight: Exact.nullable(),
    /** d loss / d log-probability, the loss being the mean over all answers of the step. */
    slope: Exact.nullable(),
  })
  .superRefine((answer, context) => {
    for (const name of ["texts", "sampled", "before", "after", "reference", "weight", "slope"] as const) {
      const count = answer[name]?.length ?? answer.ids.length;
      if (count !== answer.ids.length)
        context.addIssue({
          code: "custom",
          path: [name],
          message: `one for each of ${answer.ids.length} tokens, not ${count}`,
        });
    }
    if (
      (answer.before === null) !== (answer.after === null) ||
      (answer.before === null) !== (answer.slope === null)
    )
      context.addIssue({
        code: "custom",
        path: ["before"],
        message: "before, after and slope, or none of them",
      });
  });
export type StepAnswer = z.infer<typeof Answer>;

export const StepFile = z.strictObject({
  step: z.number().int().min(1),
  /** With which this step was taken: 0 at the start of a warm-up. */
  learningRate: z.number().min(0),
  temperature: z.number(),
  beta: z.number(),
  klGradient: z.enum(["paper", "unbiased"]),
  /** Bounds of the ratio. */
  clip: z.tuple([z.number(), z.number()]),
  /** That writing this took the trainer: a forward pass. */
  seconds: z.number(),
  questions: z
    .array(
      z.strictObject({
        id: z.string(),
        question: z.string(),
        gold: z.string(),
        answers: z.array(Answer).min(1),
      }),
    )
    .min(1),
});
export type StepFile = z.infer<typeof StepFile>;
export type StepQuestion = StepFile["questions"][number];
