/** The notebooks headless at a small scale, through the very command that `npm start` runs. */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../lib/paths.ts";
import { notebookFiles } from "../pipeline/options.ts";
import { runProgram } from "./suite.ts";
import type { Suite } from "./suite.ts";

/** Enough for every cell to have something to show; nothing here is meant to learn. */
const SMALL = [
  "prepare.generated=160",
  "prepare.sampleSize=160",
  "sft.epochs=1",
  "grpo.maxSteps=3",
  "grpo.promptsPerStep=4",
  "grpo.groupSize=4",
  "grpo.microBatch=16",
  "evaluate.maxQuestions=24",
  "evaluate.samples=2",
  "deploy.parityPrompts=8",
  "deploy.port=0",
];

export function notebookSuites(workspace: string): Suite[] {
  const command = [join(REPO_ROOT, "scripts", "notebooks.ts"), "--workspace", workspace, ...SMALL.flatMap((setting) => ["--set", setting])];
  const notebooks = notebookFiles().length;
  if (notebooks === 0) return [];
  return [
    {
      name: "notebooks headless, reports exported",
      async run() {
        rmSync(workspace, { recursive: true, force: true });
        const before = trackedChanges();
        const status = await runProgram(process.execPath, command);
        const rewritten = trackedChanges() !== before;
        if (rewritten) console.log(`the run changed tracked files:\n${trackedChanges()}`);
        const failed = (status === 0 ? 0 : 1) + (rewritten ? 1 : 0);
        return { passed: notebooks + 1 - failed, failed, skipped: 0 };
      },
    },
    {
      name: "a second start finds everything done",
      async run() {
        if (!existsSync(join(workspace, "reports", "index.html"))) throw new Error("the first start made no reports/index.html");
        const started = Date.now();
        const status = await runProgram(process.execPath, command);
        const quick = Date.now() - started < 120_000;
        if (!quick) console.log("the second start took two minutes or longer");
        return status === 0 && quick ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
      },
    },
  ];
}

/** What git sees as changed among tracked files; empty outside a git checkout. */
function trackedChanges(): string {
  if (!existsSync(join(REPO_ROOT, ".git"))) return "";
  return execFileSync("git", ["status", "--porcelain", "--untracked-files=no"], { cwd: REPO_ROOT, encoding: "utf8" });
}
