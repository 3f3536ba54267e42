/**
 * `npm run report`: the executed notebooks of the workspace as self-contained HTML, one each and all in one;
 * PDF where a Chromium is found.
 */
import { relative } from "node:path";
import { openLab } from "../lib/config/lab.ts";
import { exportedTable, exportReports } from "../lib/report/report.ts";
import { environmentOf, parseOptions } from "./pipeline/options.ts";
import { endWith } from "./command-line.ts";

try {
  const lab = openLab({}, environmentOf(parseOptions(process.argv.slice(2))));
  const exported = await exportReports(lab);
  console.log(`${exportedTable(exported, lab).text}\n\n${relative(process.cwd(), exported.index)}`);
} catch (error) {
  endWith(error);
  process.exit();
}
