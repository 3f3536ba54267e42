/** Invented GRPO runs with probes: chances of right answers and of what is paid, step by step. */
import { createRandom } from "../stats/random.ts";
import type { Watched } from "../train/verdict.ts";
import { normal, range } from "./example-data.ts";

export interface WatchedShape {
  /** Chance of a right answer at a share 0 … 1 of the run. */
  right: (share: number) => number;
  /** What an answer is paid. Default 0.3 + 0.7 where it is right. */
  paid?: (right: number, share: number) => number;
  /** Different texts a question has, of eight answers. */
  texts?: (share: number) => number;
  entropy?: (share: number) => number;
}

/**
 * A run of `steps` steps with 8 questions × 8 answers each, looked at every five steps by 64 questions. Each
 * question has a difficulty of its own; greedy answers are right where the chance beats it, with some luck.
 */
export function watchedRun(seed: string, steps: number, shape: WatchedShape): Watched {
  const { right, paid = (r) => 0.3 + 0.7 * r, texts = () => 3, entropy = () => 0.03 } = shape;
  const random = createRandom(seed);
  const luck = (p: number) => Number(random.next() < p);
  const chance = (p: number, easy: number) => Math.min(0.97, Math.max(0.03, p + (easy - 0.5) * 0.9));
  const questions = range(64).map((i) => ({ id: `q${i}`, easy: random.next() }));
  const probes = range(steps + 1)
    .filter((step) => step % 5 === 0)
    .map((step) => ({
      ...{ event: "probe" as const, time: 0, step, seconds: 1 },
      answers: questions.map(({ id, easy }) => {
        // Greedy: mostly the same answer as at the last probe.
        const p = chance(right(step / steps), easy);
        const said = random.next() < 0.15 ? luck(p) : Number(p > 0.5);
        return { id, right: said, paid: paid(said, step / steps), tokens: 60, completion: "" };
      }),
    }));
  const samples = range(steps).map((i) => ({
    ...{ event: "samples" as const, time: 0, step: i + 1 },
    samples: range(8).flatMap((group) => {
      const easy = random.next();
      return range(8).map(() => {
        const said = luck(chance(right(i / steps), easy));
        const completion = `text ${Math.floor(random.next() * texts(i / steps))}`;
        const reward = paid(said, i / steps) + 0.01 * normal(random);
        const rewards = { format: 1, accuracy: said };
        return { id: `t${i}`, group, completion, rewards, reward, right: said, advantage: 0, tokens: 60 };
      });
    }),
  }));
  const step = range(steps).map((i) => i + 1);
  const metrics = { step, entropy: step.map((s) => entropy(s / steps) + 0.003 * normal(random)) };
  return { probes, samples, metrics, totalSteps: steps, config: { grpo: { probeSteps: 5 } } };
}
