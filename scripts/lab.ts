/**
 * `npm run lab`: JupyterLab on the reader's copies of the notebooks, in work/. Takes the options of
 * `npm start`; what follows a second `--` goes to Jupyter:
 *
 *     npm run lab -- --profile gpu -- --no-browser --port 8899
 */
import { relative } from "node:path";
import { openLab } from "../lib/config/lab.ts";
import { REPO_ROOT } from "../lib/config/paths.ts";
import { startJupyterLab, stopJupyterLab } from "./pipeline/jupyter.ts";
import { environmentOf, HELP, parseOptions } from "./pipeline/options.ts";
import { bringWorkingCopies, describeCopies } from "./pipeline/working-copies.ts";
import { endWith } from "./command-line.ts";

try {
  const given = process.argv.slice(2);
  const split = given.indexOf("--");
  const options = parseOptions(split < 0 ? given : given.slice(0, split));
  if (options.help) {
    console.log(
      `${HELP}\n\nnpm run lab takes the same options; what follows a second -- goes to jupyter lab.`,
    );
    process.exit(0);
  }
  Object.assign(process.env, environmentOf(options));
  const { paths } = openLab(); // a wrong setting is told here, not in the first cell
  for (const line of describeCopies(bringWorkingCopies(paths.notebooks))) console.log(line);
  const server = startJupyterLab(
    REPO_ROOT,
    relative(REPO_ROOT, `${paths.notebooks}/01_prepare.ipynb`),
    split < 0 ? [] : given.slice(split + 1),
  );
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => stopJupyterLab(server));
  server.on("exit", (code) => process.exit(code ?? 1));
} catch (error) {
  endWith(error);
  process.exit();
}
