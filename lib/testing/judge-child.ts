/**
 * A filter run that a test kills: `node judge-child.ts WORKSPACE URL ROWS`. Judges ROWS texts, prints a line
 * a verdict.
 */
import { openLab } from "../config/lab.ts";
import { judge } from "../judge/judge.ts";
import { stubJudge } from "./stub-judge.ts";
import { judgeRows } from "./judge-rows.ts";

const [workspace, url, count] = process.argv.slice(2) as [string, string, string];
const lab = openLab({ "serving.concurrency": 4 }, { FTMODEL_WORKSPACE: workspace });
const run = await judge(lab, stubJudge(url), judgeRows(Number(count)), {
  onProgress: ({ done }) => void process.stdout.write(`${done}\n`),
});
process.stdout.write(`${JSON.stringify(run.judgements.map((j) => [j.id, j.status]))}\n`);
