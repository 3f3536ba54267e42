/** A further way to go on from SFT: the Teacher's word on every token of the student's own answers. */
import { checkAdapter } from "../model/adapter.ts";
import { resolveModel } from "../model/ref.ts";
import type { Lab } from "../config/lab.ts";
import { RlRow } from "../records.ts";
import { defaultLabel } from "../run/settings.ts";
import type { RunSpec } from "../run/key.ts";
import { assertMadeTogether } from "../store/manifest.ts";
import { CUT_OFF, inputFile, publishedAs, runTraining } from "./train.ts";
import type { Trained, TrainOptions } from "./train.ts";

/**
 * On-policy distillation: the SFT model answers the questions of `rl.jsonl`, and the Teacher's distribution
 * at every token of these answers is what it learns; no gold and no reward take part. Publishes
 * ckpts/on_policy_lora, the arm `sft_on_policy`. As trainSft otherwise.
 *
 * Teacher and Base must have one tokenizer: the run fails with the cause "other_tokenizer" before any weights
 * are read. Throws LabError, too, for an adapter of another base.
 *
 * Source: Agarwal et al. 2023 (arXiv 2306.13649); TRL's DistillationTrainer.
 *
 * @example await trainOnPolicy(lab, { onProgress: (run) => console.log(run.step) });
 */
export async function trainOnPolicy(lab: Lab, options: TrainOptions = {}): Promise<Trained> {
  const { config, paths } = lab;
  const [base, teacher] = [await resolveModel(config.models.base), await resolveModel(config.models.teacher)];
  assertMadeTogether(paths.rl, paths.test, CUT_OFF);
  const train = await inputFile(paths.rl, RlRow, "Run 03_filter first; it keeps the questions to ask.");
  const adapter = await checkAdapter(paths.sftLora, base, "Run 04_sft on this base first.");
  const spec: RunSpec = {
    stage: "on_policy",
    label: options.label ?? defaultLabel("On-policy distillation", config, "on_policy"),
    config,
    inputs: { train },
    models: { base, adapter, teacher },
    reward: null,
  };
  return await runTraining(lab, spec, base, options, publishedAs(lab, spec));
}
