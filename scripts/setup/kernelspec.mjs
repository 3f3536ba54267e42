/**
 * The kernel `tslab` in the Python environment's Jupyter: absolute paths, so that it starts wherever a
 * notebook is opened from.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NODE } from "./packages.mjs";
import { ROOT } from "./steps.mjs";

/** As the notebooks' metadata name it. */
export const SPEC_NAME = "tslab";
const FOLDER = join(ROOT, ".venv", "share", "jupyter", "kernels", SPEC_NAME);

/**
 * The text of kernel.json. A signal interrupts a cell that never waits, too.
 * @param {"signal" | "message"} [interruptMode]
 */
export function kernelSpec(interruptMode = "signal") {
  const spec = {
    argv: [NODE, join(ROOT, "scripts", "kernel.ts"), "{connection_file}"],
    display_name: "TypeScript",
    language: "typescript",
    interrupt_mode: interruptMode,
  };
  return JSON.stringify(spec, null, 2);
}

/**
 * JupyterLab runs its yarn.js, which is CommonJS, by the nearest package.json; without one of its own in
 * .venv that is ours, of ES modules, and it fails with 15 kB of its source on the terminal.
 */
const COMMONJS = join(ROOT, ".venv", "package.json");

/** @type {import("./steps.mjs").Step} */
export const kernelspec = {
  name: "notebook kernel",
  stamp: join(FOLDER, "stamp"),
  fingerprint: () => `${kernelSpec()}\n${COMMONJS}`,
  run() {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, "kernel.json"), kernelSpec());
    writeFileSync(COMMONJS, '{ "type": "commonjs" }\n');
    return SPEC_NAME;
  },
};
