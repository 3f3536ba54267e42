/** `grpo.…`: stage 5. */
import { z } from "zod";
import { flag, int, Lora, meta, real } from "./values.ts";

export const Grpo = z.strictObject({
  startFromSft: flag().meta(meta("", "false trains the Base directly (Fin-R1-Zero)")),
  loraRank: Lora.loraRank,
  loraAlpha: Lora.loraAlpha,
  maxSteps: int(1, 1_000_000).meta(
    meta("steps", "optimizer steps; the run ends earlier when the epochs are through"),
  ),
  epochs: real(0.01, 100).meta(meta("epochs", "passes over the RL questions")),
  promptsPerStep: int(1, 4096).meta(meta("questions", "questions answered before each update")),
  groupSize: int(2, 128).meta(
    meta("answers", "answers a question; the advantage compares them with each other"),
  ),
  microBatch: int(1, 4096).meta(
    meta("answers", "answers per forward/backward pass; divides promptsPerStep × groupSize"),
  ),
  temperature: real(0.05, 2).meta(meta("", "exploration while answering")),
  maxTokens: int(8, 32_768).meta(meta("tokens", "longer answers are cut; see maskTruncated")),
  learningRate: real(1e-9, 1).meta(meta("", "after warm-up")),
  warmupShare: real(0, 0.9).meta(meta("share of steps", "linear warm-up before that learning rate")),
  schedule: z
    .enum(["constant", "linear"])
    .meta(
      meta(
        "",
        "the learning rate after warm-up: stays, or falls to 0 by the last step, so that the noise of " +
          "single batches is averaged out of the weights",
      ),
    ),
  beta: real(0, 10).meta(meta("", "weight of the KL to the starting policy")),
  klGradient: z
    .enum(["paper", "unbiased"])
    .meta(
      meta(
        "",
        "of the KL's estimate k3: as the paper differentiates it, or times the ratio, whose " +
          "gradient is the KL's own",
      ),
    ),
  rewardFormat: real(0, 1).meta(
    meta("weight", "of the format reward; 0.3 is the original project's, Fin-R1 adds both unweighted"),
  ),
  rewardAccuracy: real(0, 1).meta(meta("weight", "of the accuracy reward")),
  rewardJudge: real(0, 1).meta(meta("weight", "of the Judge's score; used with useJudge")),
  useJudge: flag().meta(meta("", "let the Judge take part in the reward")),
  dropDeadGroups: flag().meta(
    meta(
      "",
      "ask groupSize answers a question first and leave out those answered all right or all " +
        "wrong: they carry no gradient",
    ),
  ),
  maskTruncated: flag().meta(
    meta(
      "",
      "leave answers that were cut at maxTokens out of the loss (overlong filtering of DAPO, " +
        "arXiv 2503.14476)",
    ),
  ),
  scaleRewards: flag().meta(
    meta(
      "",
      "divide advantages by the group's standard deviation, as GRPO does; false leaves r − mean, which is " +
        "RLOO's advantage (leave one out) times (G − 1) / G",
    ),
  ),
  loss: z
    .enum(["grpo", "dr_grpo", "dapo", "gspo", "cispo"])
    .meta(
      meta(
        "",
        "a published variant: dr_grpo divides by maxTokens for an answer's own length, dapo by the tokens " +
          "of the batch and clips higher above, gspo takes the ratio of a whole answer, cispo bounds the " +
          "ratio and drops no token; scripts/grpo.py has the formulas",
      ),
    ),
  updatesPerBatch: int(1, 64).meta(
    meta(
      "steps",
      "optimizer steps on the same answers; from the second on the policy is no longer the one that " +
        "answered, and the clip begins to act",
    ),
  ),
  saveSteps: int(1, 100_000).meta(meta("steps", "a killed run loses at most this much")),
  gradientCheckpointing: flag().meta(meta("", "recompute activations: less memory, a third more time")),
  sampleEvery: int(1, 1000).meta(
    meta(
      "steps",
      "how often completions are kept for the figures; batches, where updatesPerBatch makes several of one",
    ),
  ),
  probeSteps: int(0, 100_000).meta(
    meta(
      "steps",
      "how often the policy answers questions that it does not learn from, greedily; 0 for never",
    ),
  ),
  probeQuestions: int(10, 512).meta(
    meta(
      "questions",
      "for that, generated where questions are; of questions that are all your own at most a tenth, kept " +
        "from training",
    ),
  ),
  inspectSteps: z
    .array(int(-1, 1_000_000).refine((step) => step !== 0, "a step from 1 on, or -1 for the last"))
    .max(20)
    .meta(
      meta(
        "steps",
        "of which every token's numbers are kept (insideStep shows them), -1 for the last; each costs " +
          "one more forward pass",
      ),
    ),
});
