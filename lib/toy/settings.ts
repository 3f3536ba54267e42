/** What can be turned on the toy, and what a run of it holds. */

export interface ToySettings {
  /** G, answers drawn for one batch; at least 2. */
  groupSize: number;
  /** β, weight of the KL to the policy the run starts from. */
  beta: number;
  /** ε: beyond 1 ± ε a ratio of new to old chance earns nothing more. */
  epsilon: number;
  /** ε of the upper bound alone (DAPO's "clip higher"); default `epsilon`. */
  epsilonHigh?: number;
  /** Whether advantages are divided by the group's standard deviation. Dr. GRPO: false. */
  scale: boolean;
  /**
   * Updates made with one batch of answers. 1 is on-policy: the policy that answered is the one that learns.
   */
  updatesPerBatch: number;
  /** Of drawing and of learning: softmax(logits / temperature). */
  temperature: number;
  /** Step of plain gradient descent on the logits. */
  learningRate: number;
  batches: number;
  seed: number | string;
  /** Draw again while all rewards of a group are equal (DAPO's dynamic sampling). */
  redraw?: boolean;
}

export const TOY_DEFAULTS: ToySettings = {
  groupSize: 8,
  beta: 0.02,
  epsilon: 0.2,
  scale: true,
  updatesPerBatch: 1,
  temperature: 1,
  learningRate: 0.2,
  batches: 200,
  seed: 42,
};

export type Clip = Pick<ToySettings, "epsilon" | "epsilonHigh" | "beta">;

export interface Batch {
  /** Place of each drawn answer, G of them. */
  group: readonly number[];
  /** One a drawn answer. */
  advantages: readonly number[];
  /** Chances of all answers when the batch was drawn. */
  old: readonly number[];
  /** Chances of all answers before the run: the reference of the KL. */
  start: readonly number[];
}

/** A batch after its updates. */
export interface Learnt extends Batch {
  /** Answers drawn for it: G, or more with `redraw`. */
  asked: number;
  /** Of every update: the chances it started from, the terms of each drawn answer, the loss. */
  updates: {
    p: number[];
    terms: { ratio: number; clipped: boolean; gain: number; k3: number; loss: number; slope: number }[];
    loss: number;
    gradient: number[];
  }[];
  /** Chances of all answers after the last update. */
  policy: number[];
}
