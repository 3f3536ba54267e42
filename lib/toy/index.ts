/** GRPO on a softmax over a few answers: what a notebook uses of it, under one name. */
import { clipping, collapse, drGrpo, hacking, luckyPairs } from "./experiments.ts";
import { entropyOf, factsOf, measureToy, runToy } from "./facts.ts";
import { softmax } from "./grpo.ts";
import { turnKnobs } from "./knobs.ts";
import { tellVariants } from "./variants.ts";
import { walkToy } from "./walk.ts";
import { createRandom } from "../stats/random.ts";
import { drawAnswer } from "./draw.ts";

export const toyGrpo = {
  /** One batch, term by term. */
  walk: walkToy,
  run: runToy,
  facts: factsOf,
  /** The facts of twenty seeds. */
  measure: measureToy,
  /** Every knob turned alone. */
  knobs: turnKnobs,
  clipping,
  luckyPairs,
  collapse,
  hacking,
  drGrpo,
  /** The published variants, on answers of several tokens. */
  variants: tellVariants,
  softmax,
  /** Draws answers by their chances, the same ones for the same seed. */
  drawer: (seed: number) => {
    const random = createRandom(seed);
    return (policy: readonly number[]): number => drawAnswer(policy, random);
  },
  /** In nats. */
  entropy: entropyOf,
};
