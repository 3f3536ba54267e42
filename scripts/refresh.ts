/** `npm run notebooks:refresh`, for maintainers: runs the pipeline and puts the executed copies, normalised, into notebooks/. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { LabError } from "../lib/errors.ts";
import { openLab } from "../lib/config/lab.ts";
import { REPO_ROOT } from "../lib/config/paths.ts";
import { normaliseNotebook } from "./pipeline/normalise.ts";
import type { Notebook } from "./pipeline/normalise.ts";
import { environmentOf, notebookFiles, numberOf, parseOptions } from "./pipeline/options.ts";

try {
  const args = process.argv.slice(2);
  const options = parseOptions(args);
  const run = spawnSync(process.execPath, [join(REPO_ROOT, "scripts", "notebooks.ts"), ...args], { stdio: "inherit" });
  if (run.status !== 0 || options.help) process.exit(run.status ?? 1);
  const { paths } = openLab({}, environmentOf(options));
  for (const notebook of notebookFiles().filter((file) => options.only === null || options.only.includes(numberOf(file)))) {
    const executed = JSON.parse(readFileSync(join(paths.reports, "notebooks", basename(notebook)), "utf8")) as Notebook;
    writeFileAtomic(notebook, `${JSON.stringify(normaliseNotebook(executed, paths.root), null, 1)}\n`);
    console.log(`refreshed ${basename(notebook)}`);
  }
} catch (error) {
  console.error(error instanceof LabError ? `\n${error.message}` : error);
  process.exit(1);
}
