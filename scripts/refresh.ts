/**
 * `npm run notebooks:refresh`, for maintainers: runs the pipeline and puts the executed copies, normalised,
 * into notebooks/, and the ablation figure into reports/example/, where the README shows it.
 */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { openLab } from "../lib/config/lab.ts";
import { REPO_ROOT } from "../lib/config/paths.ts";
import { ablation } from "../lib/figures/ablate.ts";
import { AblationSummary } from "../lib/records.ts";
import { closeBrowser } from "../lib/show/browser.ts";
import { drawFigure } from "../lib/show/png.ts";
import { normaliseNotebook, notebookText } from "./pipeline/normalise.ts";
import type { Notebook } from "./pipeline/normalise.ts";
import { environmentOf, notebookFiles, numberOf, parseOptions } from "./pipeline/options.ts";
import { endWith } from "./command-line.ts";

try {
  const args = process.argv.slice(2);
  const options = parseOptions(args);
  const run = spawnSync(process.execPath, [join(REPO_ROOT, "scripts", "notebooks.ts"), ...args], {
    stdio: "inherit",
  });
  if (run.status !== 0 || options.help) process.exit(run.status ?? 1);
  const { paths } = openLab({}, environmentOf(options));
  for (const notebook of notebookFiles().filter(
    (file) => options.only === null || options.only.includes(numberOf(file)),
  )) {
    const executed = JSON.parse(
      readFileSync(join(paths.reports, "notebooks", basename(notebook)), "utf8"),
    ) as Notebook;
    writeFileAtomic(notebook, notebookText(normaliseNotebook(executed, paths.root)));
    console.log(`refreshed ${basename(notebook)}`);
  }
  const summary = globSync(join(paths.reports, "ablation_summary_*.json")).sort().at(-1);
  if (summary !== undefined) {
    const figure = ablation(AblationSummary.parse(JSON.parse(readFileSync(summary, "utf8"))));
    writeFileAtomic(join(REPO_ROOT, "reports", "example", "ablation.png"), await drawFigure(figure));
    await closeBrowser();
  }
} catch (error) {
  endWith(error);
  process.exit();
}
