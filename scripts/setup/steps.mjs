/**
 * One step of the set-up: skipped when its stamp still fits, timed, one line printed. Runs on any Node ≥ 18:
 * nothing is installed yet.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A set-up step that cannot go on; `todo` says what a person can do about it. */
export class SetupError extends Error {
  /** @param {string} what @param {string} todo */
  constructor(what, todo) {
    super(`${what}\n  to do: ${todo}`);
    this.name = "SetupError";
  }
}

/**
 * @typedef {object} Step
 * @property {string} name What the line says.
 * @property {string} stamp File that remembers what was done; inside the folder that the step fills, so that
 * removing the folder undoes the step.
 * @property {() => string} fingerprint Everything the result depends on.
 * @property {() => string} run Does it; returns what to say behind the name.
 */

/**
 * Runs the steps in order; a step whose stamp fits costs a few milliseconds and prints nothing. @param
 * {Step[]} steps
 */
export function runSteps(steps) {
  for (const step of steps) {
    const fingerprint = step.fingerprint();
    if (existsSync(step.stamp) && readFileSync(step.stamp, "utf8") === fingerprint) continue;
    const started = Date.now();
    const outcome = step.run();
    mkdirSync(dirname(step.stamp), { recursive: true });
    writeFileSync(step.stamp, fingerprint);
    console.error(
      `setup  ${step.name.padEnd(20)} ${((Date.now() - started) / 1000).toFixed(1).padStart(6)} ` +
        `s  ${outcome}`,
    );
  }
}

/**
 * sha256 of texts and of files below the repository. @param {{ files?: string[], texts?: string[] }} parts
 */
export function hashOf({ files = [], texts = [] }) {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\0");
  for (const file of files)
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(ROOT, file)))
      .update("\0");
  return hash.digest("hex");
}

/**
 * Runs a program in the repository and waits. Its output is kept and shown only when it fails.
 * @param {string} command @param {string[]} args @param {{ env?: NodeJS.ProcessEnv, todo: string }} options
 */
export function runQuietly(command, args, { env, todo }) {
  const child = spawnSync(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (child.status === 0) return child.stdout;
  const output = `${child.stdout ?? ""}${child.stderr ?? ""}`.trim().split("\n").slice(-40).join("\n");
  const ending = child.error
    ? child.error.message
    : child.signal
      ? `ended by ${child.signal}`
      : `exit status ${child.status}`;
  throw new SetupError(`${[command, ...args].join(" ")}: ${ending}\n${output}`, todo);
}
