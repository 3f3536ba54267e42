/**
 * A filter run that a test kills: `node filter-child.ts WORKSPACE URL`. Filters what the workspace holds and
 * prints a line a verdict.
 */
import { openLab } from "../config/lab.ts";
import { filter } from "../filter/filter.ts";
import { stubJudge } from "./stub-judge.ts";

const [workspace, url] = process.argv.slice(2) as [string, string];
const lab = openLab({ "serving.concurrency": 4 }, { FTMODEL_WORKSPACE: workspace });
await filter(lab, {
  judge: stubJudge(url),
  onProgress: ({ done }) => void process.stdout.write(`${done}\n`),
});
