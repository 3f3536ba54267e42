/**
 * The reward process: the trainer starts it and asks for the rewards of its completions, one JSON line each
 * way.
 *
 *     node lib/reward/server.ts REWARD_MODULE [WEIGHTS [RUN.JSON]]
 *
 * REWARD_MODULE exports `reward(row)`; WEIGHTS is JSON, {"format": 0.3, "accuracy": 0.7}; a judged reward
 * finds its Judge in RUN.JSON. Anything that goes wrong with a batch is answered by a line with `error`, and
 * ends the process: rewards of 0 would train the model on nothing. What cannot be answered (a module that
 * does not load) goes to stderr, with exit status 1.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { byteLines } from "../store/byte-lines.ts";
import { fieldProblem } from "../store/field-problem.ts";
import type { RewardFunction } from "./batch.ts";
import { RewardRequest, scoreBatch } from "./batch.ts";
import type { RewardWeights } from "./reward.ts";
import { DEFAULT_WEIGHTS } from "./reward.ts";

const Weights = z.object({ format: z.number(), accuracy: z.number(), judge: z.number().optional() });

async function loadReward(path: string | undefined): Promise<RewardFunction> {
  if (!path) throw new Error("usage: node lib/reward/server.ts REWARD_MODULE [WEIGHTS [RUN.JSON]]");
  const module = (await import(pathToFileURL(resolve(path)).href)) as { reward?: unknown };
  if (typeof module.reward !== "function")
    throw new Error(`${path}: expected an exported function named reward, found ${typeof module.reward}`);
  return module.reward as RewardFunction;
}

async function answer(
  line: string,
  reward: RewardFunction,
  weights: RewardWeights,
): Promise<{ text: string; ok: boolean }> {
  let batch: number | null = null;
  try {
    const value: unknown = JSON.parse(line);
    const request = RewardRequest.safeParse(value);
    if (!request.success) {
      const { field, expected, found } = fieldProblem(request.error, value);
      throw new Error(`The trainer's request is not valid (${field}): expected ${expected}, found ${found}`);
    }
    batch = request.data.batch;
    const scored = await scoreBatch(request.data.rows, reward, weights);
    return { text: JSON.stringify({ batch, ...scored }), ok: true };
  } catch (cause) {
    return {
      text: JSON.stringify({ batch, error: cause instanceof Error ? cause.message : String(cause) }),
      ok: false,
    };
  }
}

async function main(): Promise<void> {
  const [, , path, weightsText] = process.argv;
  const reward = await loadReward(path);
  const weights = weightsText === undefined ? DEFAULT_WEIGHTS : Weights.parse(JSON.parse(weightsText));
  // stdout carries the answers: what a reward prints goes to the log.
  console.log = console.info = console.error;
  for await (const line of byteLines(process.stdin)) {
    const { text, ok } =
      "invalid" in line
        ? { text: JSON.stringify({ batch: null, error: line.invalid }), ok: false }
        : await answer(line.text, reward, weights);
    await new Promise<void>((done, failed) =>
      process.stdout.write(`${text}\n`, (error) => (error ? failed(error) : done())),
    );
    if (!ok) {
      console.error(text);
      process.exitCode = 1;
      process.stdin.destroy();
      return;
    }
  }
}

try {
  await main();
} catch (cause) {
  console.error(cause instanceof Error ? (cause.stack ?? cause.message) : cause);
  process.exitCode = 1;
}
