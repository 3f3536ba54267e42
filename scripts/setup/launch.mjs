/**
 * Runs a TypeScript command of this repository from any state of a clone: sets up what is missing, then hands
 * over to Node 24.
 *
 *     node scripts/setup/launch.mjs scripts/bench.ts --answers 1000
 */
import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { kernelspec } from "./kernelspec.mjs";
import { NODE, packages } from "./packages.mjs";
import { pythonEnvironment } from "./python.mjs";
import { ROOT, runSteps, SetupError } from "./steps.mjs";

const EVERYTHING = [packages, pythonEnvironment, kernelspec];

/** Packages, Python environment and kernel, as far as they are not there yet. */
export function setUp(steps = EVERYTHING) {
  requireNode();
  runSteps(steps);
}

/**
 * Sets up, runs `script` with Node 24 and ends with its exit status. Signals go on to the script, which stops
 * what it started.
 * @param {string} script Relative to the repository. @param {string[]} args @param
 * {import("./steps.mjs").Step[]} [steps]
 */
export function launch(script, args, steps) {
  endWithMessage(() => setUp(steps));
  const child = spawn(NODE, [join(ROOT, script), ...args], { stdio: "inherit" });
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    // a terminal's Ctrl-C reaches the child twice: it must not mind
    process.on(signal, () => child.kill(signal));
  }
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}

/** Runs `work`; a `SetupError` is printed without a stack and ends the process. @param {() => void} work */
export function endWithMessage(work) {
  try {
    work();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}

function requireNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 18)
    throw new SetupError(
      `Node ${process.versions.node} is too old`,
      "install Node 18 or newer; Node 24 itself then comes with the packages.",
    );
}

const [, started, script, ...args] = process.argv;
if (started && realpathSync(started) === fileURLToPath(import.meta.url)) {
  if (!script) throw new Error("launch.mjs needs the script to run");
  launch(script, args);
}
