/** What on-policy distillation can afford on a GPU beside the Teacher: rows a pass, checkpointing. Pure. */
import type { ModelShape } from "../model/shape.ts";
import { weightBytes } from "../model/shape.ts";
import { choose, divisors } from "./choose.ts";
import type { Choice, Option } from "./choose.ts";
import { cacheBytes, trainingMemory } from "./memory.ts";
import { assertDivides, passes, processesFor, words } from "./passes.ts";
import type { TrainingNeed } from "./passes.ts";

/** Answers a pass beyond which nothing gets faster. */
const ENOUGH_ANSWERS = 16;

/**
 * bf16 where memory allows, NF4 where it does not, the Teacher like the base. All answers of a step are
 * written at once, and are planned at their greatest length. The Teacher's pass keeps nothing for a backward
 * one, and is over when the student's activations are largest.
 */
export function planOnPolicy({ config, shape, room, gpus, free }: TrainingNeed, teacher: ModelShape): Choice {
  const { promptsPerStep, microBatch, maxTokens, gradientCheckpointing } = config.onPolicy;
  const mayCut = free("onPolicy.microBatch");
  const least = mayCut ? 1 : microBatch;
  const processes = processesFor(config, promptsPerStep, gpus, least, "onPolicy.promptsPerStep");
  const answers = promptsPerStep / processes;
  if (!mayCut) assertDivides(answers, microBatch, "onPolicy.microBatch", processes);
  const length = config.prepare.maxPromptTokens + maxTokens;
  const options = passes(
    config,
    free,
    mayCut ? divisors(answers, ENOUGH_ANSWERS) : [microBatch],
    length,
    free("onPolicy.gradientCheckpointing") ? null : gradientCheckpointing,
  ).map(({ format, checkpointing, micro }): Option => {
    const training = trainingMemory({
      ...{ shape, format, checkpointing, tokens: micro * length },
      ...{ rank: config.sft.loraRank, dropout: false, kernels: "fused" },
    });
    const cache = answers * length * cacheBytes(shape);
    return {
      overrides: {
        "models.loadIn4bit": format !== "bf16",
        "onPolicy.microBatch": micro,
        "onPolicy.gradientCheckpointing": checkpointing,
        "gpu.processes": processes,
      },
      setting: words(format, checkpointing, `${micro} answers, a Teacher`),
      memory: {
        ...training,
        weights: training.weights + weightBytes(teacher, format),
        // either answers are written, or the policy learns from them
        cache,
        activations: Math.max(0, training.activations - cache),
      },
    };
  });
  return choose("on-policy distillation", options, room);
}
