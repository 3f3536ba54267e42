/** An invented step of GRPO: two questions, one of them Chinese and hostile, as the sidecar writes it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StepAnswer, StepFile } from "../inside/step-record.ts";
import { HOSTILE } from "./explore-rows.ts";

const BETA = 0.04;
const ANSWERS = 4;

/** Slopes are those of GRPO's formula, so that a step learned what it says. */
function answer(texts: readonly string[], advantage: number, by: readonly number[]): StepAnswer {
  const before = texts.map((_, i) => -0.4 - (i % 4) / 2);
  const reference = before.map((value, i) => value + 0.05 * ((i % 3) - 1));
  return {
    rewards: { format: 1, accuracy: advantage > 0 ? 1 : 0 },
    reward: advantage > 0 ? 1 : 0.3,
    advantage,
    ids: texts.map((_, i) => (advantage > 0 ? 100 : 200) + i),
    texts: [...texts],
    special: [texts.length - 1],
    sampled: null,
    before,
    after: before.map((value, i) => value + by[i % by.length]!),
    reference,
    weight: null,
    slope: before.map((p, i) => -(advantage - BETA * (p - reference[i]!)) / (texts.length * ANSWERS)),
  };
}

/** An answer that was cut, and left out of the loss. */
function cut(texts: readonly string[]): StepAnswer {
  const nothing = { before: null, after: null, reference: null, slope: null };
  return { ...answer(texts, -1, [0]), ...nothing, rewards: {}, reward: 0, special: [] };
}

export function exampleStep(changes: Partial<StepFile> = {}): StepFile {
  return {
    step: 10,
    learningRate: 1e-3,
    temperature: 0.7,
    beta: BETA,
    klGradient: "unbiased",
    clip: [0.8, 1.2],
    seconds: 0.2,
    questions: [
      {
        id: "q1",
        question: "Revenue is $50, cost is $27. What is the gross margin in per cent?",
        gold: "46%",
        answers: [
          answer(
            ["<think>", "\n", "23", " /", " 50", "</think>", "46", "%", "<|im_end|>"],
            1.2,
            [0.33, 0.02, -0.01, 0.32, 0.02, -0.01, 0.31, 0.02, -0.01],
          ),
          answer(
            ["<think>", "\n", "27", " /", " 50", "</think>", "54", "%", "<|im_end|>"],
            -1.2,
            [-0.3, -0.02],
          ),
        ],
      },
      {
        id: "q2",
        question: `营收50元，成本27元，毛利率是多少？ ${HOSTILE}`,
        gold: "<b>46%</b>",
        answers: [
          answer(["毛利率", "", "👍", HOSTILE, "<|im_end|>"], 0.9, [0.01]),
          cut(["毛", "利", "\u202E"]),
        ],
      },
    ],
    ...changes,
  };
}

/** Writes steps as a run keeps them; the run as far as `insideStep` reads it. */
export function writeSteps(folder: string, steps: readonly unknown[]): { key: string; folder: string } {
  mkdirSync(join(folder, "steps"), { recursive: true });
  for (const step of steps) {
    const name = `${String((step as StepFile).step).padStart(4, "0")}.json`;
    writeFileSync(join(folder, "steps", name), JSON.stringify(step));
  }
  return { key: "grpo-0123456789ab", folder };
}
