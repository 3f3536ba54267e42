/** One style for everybody: what Biome and ruff would write, their lint rules, and how wide a line may be. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { PYTHON } from "../setup/python.mjs";
import { runProgram } from "./suite.ts";
import type { Count, Suite } from "./suite.ts";

const BIOME = join(REPO_ROOT, "node_modules", "@biomejs", "biome", "bin", "biome");
const CODE = ["lib", "scripts"].map((folder) => `${folder}/**/*.{ts,mjs,py,css}`);
/** As biome.json and pyproject.toml have it; formatters break no string, comment or regular expression. */
const WIDTH = 110;

export const style: Suite = {
  name: "format and lint (Biome, ruff)",
  async run() {
    const ruff = (...args: string[]) => runProgram(PYTHON, ["-m", "ruff", ...args, "scripts"]);
    const ended = [
      await runProgram(process.execPath, [BIOME, "ci", "--error-on-warnings", REPO_ROOT]),
      await ruff("format", "--check", "--quiet"),
      await ruff("check", "--quiet"),
    ];
    const wide = globSync(CODE, { cwd: REPO_ROOT, exclude: ["**/node_modules"] }).flatMap((file) =>
      wideLines(file, readFileSync(join(REPO_ROOT, file), "utf8")),
    );
    for (const line of wide) console.log(line);
    return count([...ended.map((status) => status === 0), wide.length === 0]);
  },
};

/** `file:line: n characters, at most 110` for each line that is wider. */
export function wideLines(file: string, text: string): string[] {
  return text.split("\n").flatMap((line, i) => {
    const { length } = [...line];
    return length > WIDTH ? [`${file}:${i + 1}: ${length} characters, at most ${WIDTH}`] : [];
  });
}

function count(fine: readonly boolean[]): Count {
  const passed = fine.filter(Boolean).length;
  return { passed, failed: fine.length - passed, skipped: 0 };
}
