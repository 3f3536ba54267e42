/** Which models an RL algorithm holds while it trains, and what they weigh: GRPO against PPO. Pure. */
import { countLoraParameters, countParameters, PUBLISHED_SHAPES, readModelShape } from "../model/shape.ts";
import type { ModelShape } from "../model/shape.ts";

/**
 * Mixed precision: 2 for the weight, 2 for its gradient, 4 for the float32 master copy, 4 + 4 for Adam's two
 * moments.
 */
const BYTES_TRAINED = 16;
/** bf16. */
const BYTES_FROZEN = 2;

export interface HeldModel {
  model: "policy" | "reference" | "value model";
  /** Parameters of its own; what it shares with another stands there. */
  parameters: number;
  trained: number;
  bytes: number;
}

/**
 * The models that `algorithm` keeps in memory, activations and caches left out, with a rule for a reward (so
 * no reward model).
 *
 * Policy: trained, all weights or a LoRA adapter of `rank` on frozen ones. Reference for the KL: frozen; with
 * LoRA only the starting adapter, for it shares the policy's base. PPO adds a value model that says what each
 * token is worth: "typically another model of comparable size as the policy" (Shao et al.), trained the same
 * way, with one output a token instead of the vocabulary.
 *
 * @param rank LoRA rank; null trains all weights, as Fin-R1 does. Source: Shao et al. 2024 (GRPO),
 * https://arxiv.org/abs/2402.03300, section 4.1; 16 bytes a parameter: Rajbhandari et al. 2020 (ZeRO),
 * https://arxiv.org/abs/1910.02054, section 3.1.
 */
export function heldModels(shape: ModelShape, rank: number | null, algorithm: "grpo" | "ppo"): HeldModel[] {
  const { total } = countParameters(shape);
  const adapter = rank === null ? 0 : countLoraParameters(shape, rank);
  const trainedAs = (model: HeldModel["model"], head: number): HeldModel => {
    const trained = (rank === null ? total : adapter) + head;
    const frozen = rank === null ? 0 : total;
    return {
      model,
      parameters: frozen + trained,
      trained,
      bytes: BYTES_TRAINED * trained + BYTES_FROZEN * frozen,
    };
  };
  const kept = rank === null ? total : adapter;
  const reference: HeldModel = {
    model: "reference",
    parameters: kept,
    trained: 0,
    bytes: BYTES_FROZEN * kept,
  };
  return [
    trainedAs("policy", 0),
    reference,
    ...(algorithm === "ppo" ? [trainedAs("value model", shape.hidden_size)] : []),
  ];
}

/**
 * A row a model: GiB that GRPO and PPO hold, with LoRA of `rank` and with all weights. `base` first, then the
 * models whose shape is published.
 */
export function memoryRows(base: string, rank: number): Record<string, unknown>[] {
  return [...new Set([base, ...Object.keys(PUBLISHED_SHAPES)])].flatMap((model) => {
    const shape = readModelShape(model);
    if (!shape) return [];
    const gib = (of: number | null, algorithm: "grpo" | "ppo") =>
      heldModels(shape, of, algorithm).reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 30;
    return [
      {
        model,
        "GRPO, LoRA": gib(rank, "grpo"),
        "PPO, LoRA": gib(rank, "ppo"),
        "GRPO, all weights": gib(null, "grpo"),
        "PPO, all weights": gib(null, "ppo"),
        "PPO needs, all weights": `${(gib(null, "ppo") / gib(null, "grpo")).toFixed(2)} ×`,
      },
    ];
  });
}
