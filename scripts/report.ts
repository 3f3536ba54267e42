/**
 * `npm run report`: the executed notebooks of the workspace as self-contained HTML, PDF where a Chromium is
 * found, and an index.
 */
import { relative } from "node:path";
import { LabError } from "../lib/errors.ts";
import { openLab } from "../lib/config/lab.ts";
import { exportReports } from "../lib/report/report.ts";
import { environmentOf, parseOptions } from "./pipeline/options.ts";

try {
  const lab = openLab({}, environmentOf(parseOptions(process.argv.slice(2))));
  await exportReports(lab);
  console.log(relative(process.cwd(), `${lab.paths.reports}/index.html`));
} catch (error) {
  console.error(error instanceof LabError ? `\n${error.message}` : error);
  process.exit(1);
}
