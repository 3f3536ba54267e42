/** One style for everybody: what Biome and ruff would write, and their lint rules. */
import { join } from "node:path";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { PYTHON } from "../setup/python.mjs";
import { runProgram } from "./suite.ts";
import type { Count, Suite } from "./suite.ts";

const BIOME = join(REPO_ROOT, "node_modules", "@biomejs", "biome", "bin", "biome");

export const style: Suite = {
  name: "format and lint (Biome, ruff)",
  async run() {
    const ruff = (...args: string[]) => runProgram(PYTHON, ["-m", "ruff", ...args, "scripts"]);
    const ended = [
      await runProgram(process.execPath, [BIOME, "ci", REPO_ROOT]),
      await ruff("format", "--check", "--quiet"),
      await ruff("check", "--quiet"),
    ];
    return count(ended.map((status) => status === 0));
  },
};

function count(fine: readonly boolean[]): Count {
  const passed = fine.filter(Boolean).length;
  return { passed, failed: fine.length - passed, skipped: 0 };
}
