/**
 * A distillation that a test kills: node distill-child.ts WORKSPACE URL N. Prints every count it is told of.
 */
import { distill } from "../distill/distill.ts";
import { openLab } from "../config/lab.ts";
import { stubQuestions } from "./questions.ts";

const [workspace, url, n] = process.argv.slice(2) as [string, string, string];
const lab = openLab(
  { "models.teacher": `${workspace}/model`, "serving.url": url, "serving.concurrency": 8 },
  { FTMODEL_WORKSPACE: workspace },
);
await distill(lab, stubQuestions(Number(n)), { onProgress: ({ done }) => console.log(done) });
