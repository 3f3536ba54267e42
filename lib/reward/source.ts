/** A reward written in a notebook's cell, made into a module that the trainer's Node process can load. */
import { stripTypeScriptTypes } from "node:module";
import vm from "node:vm";
import { LabError } from "../errors.ts";
import { sha256 } from "../store/hash.ts";
import { rewardRow } from "./reward.ts";
import type { Reward, RewardRow } from "./reward.ts";

/** A reward as the text of a module, and its hash: part of the run's key. */
export interface RewardSource {
  source: string;
  sha256: string;
}

/** Right, wrong, without tags, cut off, empty. */
const TRIAL_COMPLETIONS = [
  ["<think>\n20 / 80 = 0.25\n</think>\n<answer>\n25%\n</answer>", 40],
  ["<think>\n20 / 100 = 0.2\n</think>\n<answer>\n20%\n</answer>", 40],
  ["25%", 3],
  ["<think>\nover and over", 512],
  ["", 0],
] as const;

function trialRows(): RewardRow[] {
  const asked = { id: "q1", question: "Revenue rose from 80 to 100. By how many per cent?", gold: "25%" };
  return TRIAL_COMPLETIONS.map(([completion, tokens]) => rewardRow({ ...asked, completion, tokens }));
}

/**
 * Turns a reward function into a module, after trying it on a few answers.
 *
 * `reward` is a function of one RewardRow that returns named numbers ({ format: …, total: … }; null for a
 * part that is not judged; without a total, the sum trains), or its source text. It runs in another process,
 * so it must hold all it uses: variables and imports of the notebook are not there. Throws LabError when it
 * does not compile, uses a name from outside (as far as the trial reaches), throws, does not end within a
 * second, or returns anything but finite numbers.
 *
 * @example
 * defineReward((row) => ({ total: (row.score.accuracy ?? 0) - 0.001 * row.tokens }))
 */
export function defineReward(reward: string | Reward): RewardSource {
  const written = (typeof reward === "string" ? reward : String(reward)).trim().replace(/;+$/, "");
  // The kernel compiles a notebook's variable to exports.name: found here in branches, too, that no sample
  // reaches.
  const fromNotebook = /\bexports\.([A-Za-z_$][\w$]*)/.exec(written);
  if (fromNotebook) throw usesOutside(`${fromNotebook[1]}, a variable or import of the notebook`);
  for (const sample of trialRows()) checkParts(tryOn(written, sample), sample.completion);
  const source = `/** A reward written in a notebook. */\nexport const reward = ${written};\n`;
  return { source, sha256: sha256(source) };
}

function tryOn(written: string, sample: RewardRow): unknown {
  const code = compile(written);
  const context = vm.createContext({
    sample: JSON.stringify(sample),
    console: { log: () => undefined, error: () => undefined },
  });
  try {
    // JSON out, so that nothing of the other realm escapes.
    const out = code.runInContext(context, { timeout: 1000 }) as string;
    return JSON.parse(out);
  } catch (cause) {
    const { name, message } = cause as Error;
    if (name === "ReferenceError") throw usesOutside(message, cause);
    throw new LabError(
      {
        what: "The reward failed on a sample answer",
        where: JSON.stringify(sample.completion),
        found: `${name}: ${message}`,
        expected: "named numbers for any answer, the empty one too",
      },
      { cause },
    );
  }
}

function usesOutside(found: string, cause?: unknown): LabError {
  return new LabError(
    {
      what: "The reward uses something from outside itself",
      found,
      expected: "a function that holds all it needs",
      todo:
        "Move the constant or helper into the function: it runs in another process, where the " +
        "notebook's variables and imports do not exist.",
    },
    { cause },
  );
}

function compile(written: string): vm.Script {
  const wrap = (text: string) =>
    new vm.Script(
      `"use strict"; (() => {
        const reward = (${text}\n);
        const parts = reward(JSON.parse(sample));
        const isOdd = (value) => typeof value === "number" && !Number.isFinite(value);
        return JSON.stringify(parts, (key, value) => (isOdd(value) ? String(value) : value)) ?? "null";
      })()`,
      { filename: "reward" },
    );
  try {
    return wrap(written);
  } catch (plain) {
    try {
      return wrap(stripTypeScriptTypes(`(${written}\n)`));
    } catch {
      throw new LabError(
        {
          what: "The reward is not a function",
          found: (plain as Error).message,
          expected: "(row) => ({ total: … }) or function reward(row) { … }",
        },
        { cause: plain },
      );
    }
  }
}

function checkParts(parts: unknown, completion: string): void {
  const where = `for the answer ${JSON.stringify(completion.slice(0, 40))}`;
  const expected = "named numbers, such as { format: 1, total: 0.3 }";
  if (typeof parts !== "object" || parts === null || Array.isArray(parts) || Object.keys(parts).length === 0)
    throw new LabError({
      what: "The reward does not return named numbers",
      where,
      expected,
      found: JSON.stringify(parts),
    });
  for (const [name, value] of Object.entries(parts)) {
    if (value === null && name !== "total") continue;
    if (typeof value !== "number")
      throw new LabError({
        what: "A part of the reward is not a finite number",
        where: `${name} ${where}`,
        expected,
        found: String(value),
      });
  }
}
