/** Strict type checks: of the library and the scripts, and of the notebooks' cells. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { notebookFiles } from "../pipeline/options.ts";
import { PYTHON } from "../setup/python.mjs";
import { runProgram, scratchFolder } from "./suite.ts";
import type { Suite } from "./suite.ts";

const TSC = join(REPO_ROOT, "node_modules", "typescript", "bin", "tsc");
const asCount = (status: number) => ({
  passed: status === 0 ? 1 : 0,
  failed: status === 0 ? 0 : 1,
  skipped: 0,
});

export const libraryTypes: Suite = {
  name: "types of lib and scripts",
  async run() {
    // what runs in a page knows a page and no Node
    const projects = [REPO_ROOT, join(REPO_ROOT, "lib", "explore", "page")];
    const statuses = [];
    for (const project of projects) statuses.push(await runProgram(process.execPath, [TSC, "-p", project]));
    return asCount(Math.max(...statuses));
  },
};

/**
 * Each notebook becomes one module, so a name is declared once a notebook; TypeScript's messages carry the
 * line of that module.
 */
export const notebookTypes: Suite = {
  name: "types of the notebooks' cells",
  async run() {
    const folder = scratchFolder("cells");
    const notebooks = notebookFiles();
    if (notebooks.length === 0) return { passed: 0, failed: 0, skipped: 1 };
    const modules = notebooks.map((notebook) => toModule(notebook, folder));
    const project = join(folder, "tsconfig.json");
    writeFileSync(
      project,
      JSON.stringify({
        extends: "../../tsconfig.json",
        compilerOptions: {
          noUncheckedIndexedAccess: false,
          exactOptionalPropertyTypes: false,
          noUnusedLocals: false,
        },
        include: [],
        files: modules.map((file) => basename(file)),
      }),
    );
    const status = await runProgram(process.execPath, [TSC, "-p", project]);
    if (status === 0) rmSync(folder, { recursive: true });
    return status === 0
      ? { passed: notebooks.length, failed: 0, skipped: 0 }
      : { passed: 0, failed: notebooks.length, skipped: 0 };
  },
};

function toModule(notebook: string, folder: string): string {
  const file = join(folder, `${basename(notebook, ".ipynb")}.ts`);
  execFileSync(PYTHON, ["-m", "jupytext", "--quiet", "--to", "ts:percent", "--output", file, notebook], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  // a module even where nothing is imported
  writeFileSync(file, `${readFileSync(file, "utf8")}\nexport {};\n`);
  return file;
}
