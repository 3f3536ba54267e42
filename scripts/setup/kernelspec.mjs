/**
 * The kernel `tslab` in the Python environment's Jupyter: absolute paths, so that it starts wherever a
 * notebook is opened from.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { NODE } from "./packages.mjs";
import { ROOT } from "./steps.mjs";

const FOLDER = join(ROOT, ".venv", "share", "jupyter", "kernels", "tslab");

const spec = JSON.stringify(
  {
    argv: [NODE, join(ROOT, "scripts", "kernel.ts"), "{connection_file}"],
    display_name: "TypeScript",
    language: "typescript",
    interrupt_mode: "signal",
  },
  null,
  2,
);

/** @type {import("./steps.mjs").Step} */
export const kernelspec = {
  name: "notebook kernel",
  stamp: join(FOLDER, "stamp"),
  fingerprint: () => spec,
  run() {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, "kernel.json"), spec);
    return "tslab";
  },
};
