/** The model that GRPO starts from, in this process: a policy whose last map one can train by hand. */
import { existsSync } from "node:fs";
import { armAdapter } from "../completions/models.ts";
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { headPolicy } from "../forward/head-policy.ts";
import type { DrawnAnswer, HeadPolicy } from "../forward/head-policy.ts";
import { loadModel } from "../forward/load.ts";
import { checkAdapter } from "../model/adapter.ts";
import { renderPrompt, restoreThink, templateOpensThink } from "../model/chat.ts";
import { modelFolder, resolveModel } from "../model/ref.ts";
import { countParameters, readModelShape } from "../model/shape.ts";
import { ownPrompt, promptMessages } from "../prompt/prompt.ts";

/** More of them, and eight answers in plain TypeScript would take minutes. */
const MOST_PARAMETERS = 20_000_000;

export type { DrawnAnswer } from "../forward/head-policy.ts";

/** `answer` takes a question here: the prompt is made of it as in training. */
export type Student = HeadPolicy;

/**
 * Loads the Base with the SFT adapter, or without it where the run starts from the Base, as `headPolicy`:
 * answers at GRPO's temperature, length and seed. Null for a model that is not on this machine or too large
 * for it. Throws LabError when SFT has not run, and as `checkAdapter` and `loadModel`.
 *
 * @example
 * const student = await openStudent(lab);
 * student?.answer("2 + 2?").text
 */
export async function openStudent(lab: Lab): Promise<Student | null> {
  const { models, prompt, grpo, seed } = lab.config;
  const shape = readModelShape(models.base);
  if (shape === null || countParameters(shape).total > MOST_PARAMETERS) return null;
  const ref = await resolveModel(models.base);
  const folder = modelFolder(ref);
  if (folder === null) return null;
  const adapter = grpo.startFromSft ? armAdapter(lab, "sft") : null;
  if (adapter !== null) {
    if (!existsSync(adapter))
      throw new LabError({
        what: "The SFT model has not been trained",
        where: adapter,
        todo: "Run 04_sft first.",
      });
    await checkAdapter(adapter, ref);
  }
  const policy = headPolicy(loadModel(folder, adapter), {
    maxTokens: grpo.maxTokens,
    temperature: grpo.temperature,
    seed,
  });
  const opened = templateOpensThink(folder);
  const answer = (question: string): DrawnAnswer => {
    const drawn = policy.answer(
      renderPrompt(folder, promptMessages(ownPrompt(prompt.system), question)) ?? question,
    );
    return { ...drawn, text: restoreThink(drawn.text, opened) };
  };
  return { ...policy, answer };
}
