/**
 * Every value a stage uses: its schema, unit and the reason for it, one file of `sections/` a section; what
 * they must be together.
 */
import { z } from "zod";
import { Deploy } from "./sections/deploy.ts";
import { Distill } from "./sections/distill.ts";
import { Evaluate } from "./sections/evaluate.ts";
import { Filter } from "./sections/filter.ts";
import { Gpu } from "./sections/gpu.ts";
import { Grpo } from "./sections/grpo.ts";
import { Models } from "./sections/models.ts";
import { OnPolicy } from "./sections/on-policy.ts";
import { Prepare } from "./sections/prepare.ts";
import { Prompt } from "./sections/prompt.ts";
import { Serving } from "./sections/serving.ts";
import { Sft } from "./sections/sft.ts";
import { Tracking } from "./sections/tracking.ts";
import { int, meta } from "./sections/values.ts";

export const Config = z
  .strictObject({
    profile: z.enum(["tiny", "small", "gpu"]).meta(meta("", "which set of defaults")),
    seed: int(0, 2_147_483_647).meta(meta("", "of sampling, splits and training")),
    models: Models,
    prepare: Prepare,
    prompt: Prompt,
    distill: Distill,
    filter: Filter,
    sft: Sft,
    grpo: Grpo,
    onPolicy: OnPolicy,
    evaluate: Evaluate,
    serving: Serving,
    gpu: Gpu,
    deploy: Deploy,
    tracking: Tracking,
  })
  .superRefine((c, ctx) => {
    const answers = c.grpo.promptsPerStep * c.grpo.groupSize;
    if (answers % c.grpo.microBatch !== 0)
      ctx.addIssue({
        code: "custom",
        path: ["grpo", "microBatch"],
        message: `must divide promptsPerStep × groupSize = ${answers}`,
      });
    for (const [key, message] of grpoProblems(c.grpo))
      ctx.addIssue({ code: "custom", path: ["grpo", key], message });
    const { promptsPerStep, microBatch } = c.onPolicy;
    if (promptsPerStep % microBatch !== 0)
      ctx.addIssue({
        code: "custom",
        path: ["onPolicy", "microBatch"],
        message: `must divide promptsPerStep = ${promptsPerStep}`,
      });
    const p = c.prepare;
    const mix = p.mixCalculation + p.mixReasoning + p.mixConcept + p.mixAnalysis;
    if (Math.abs(mix - 1) > 1e-9)
      ctx.addIssue({
        code: "custom",
        path: ["prepare", "mixCalculation"],
        message: `the four shares must sum to 1, they sum to ${mix}`,
      });
  });
export type Config = z.infer<typeof Config>;

/** What the variants of GRPO ask of other values: key and message. */
function grpoProblems(grpo: z.infer<typeof Grpo>): [key: keyof typeof grpo, message: string][] {
  const { loss, updatesPerBatch: updates, maxSteps, scaleRewards, inspectSteps } = grpo;
  const isPlain = loss === "grpo" && updates === 1;
  return [
    ...(updates > maxSteps
      ? [["updatesPerBatch", `at most maxSteps = ${maxSteps}: they count as steps`] as const]
      : []),
    ...(loss === "dr_grpo" && scaleRewards
      ? [["scaleRewards", "false with grpo.loss dr_grpo, which does not divide by it"] as const]
      : []),
    ...(!isPlain && inspectSteps.length > 0
      ? [
          [
            "inspectSteps",
            "[] unless grpo.loss is grpo and grpo.updatesPerBatch is 1: what is kept of a step is read by " +
              "that formula",
          ] as const,
        ]
      : []),
  ].map(([key, message]) => [key, message]);
}
export type ConfigSection = Exclude<keyof Config, "profile" | "seed">;
export type ProfileName = Config["profile"];

/** Whether a profile's models want a GPU. */
export function wantsGpu({ profile }: { profile: string }): boolean {
  return profile !== "tiny";
}

/** What each part of the reward counts, as `reward/` takes it. */
export function rewardWeights({ grpo }: Pick<Config, "grpo">) {
  return { format: grpo.rewardFormat, accuracy: grpo.rewardAccuracy, judge: grpo.rewardJudge };
}
