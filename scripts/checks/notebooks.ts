/** The notebooks headless at a small scale, through the very command that `npm start` runs. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT, workspacePaths } from "../../lib/config/paths.ts";
import { notebookFiles } from "../pipeline/options.ts";
import { nonsenseIn, shownBelow } from "./shown.ts";
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

/** The arguments of Node that run the notebooks in a workspace, small; later options win. */
export const runNotebooks = (workspace: string, options: string[] = []): string[] => [
  join(REPO_ROOT, "scripts", "notebooks.ts"),
  "--workspace",
  workspace,
  ...SMALL.flatMap((setting) => ["--set", setting]),
  ...options,
];

export function notebookSuites(workspace: string): Suite[] {
  const command = runNotebooks(workspace);
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
        const nonsense = status === 0 ? nonsenseIn(shownBelow(join(workspace, "reports", "notebooks"))) : [];
        if (nonsense.length > 0) console.log(`the notebooks show nonsense:\n${nonsense.join("\n")}`);
        const failed = (status === 0 ? 0 : 1) + (rewritten ? 1 : 0) + (nonsense.length > 0 ? 1 : 0);
        return { passed: notebooks + 2 - failed, failed, skipped: 0 };
      },
    },
    {
      name: "a second start finds everything done",
      async run() {
        if (!existsSync(join(workspace, "reports", "index.html")))
          throw new Error("the first start made no reports/index.html");
        const started = Date.now();
        const status = await runProgram(process.execPath, command);
        const quick = Date.now() - started < 120_000;
        if (!quick) console.log("the second start took two minutes or longer");
        return status === 0 && quick
          ? { passed: 1, failed: 0, skipped: 0 }
          : { passed: 0, failed: 1, skipped: 0 };
      },
    },
  ];
}

/** Stages 1 to 3 on real questions, in the record form and in DianJin's, mixed with generated ones. */
export function realQuestions(workspace: string, fixtures: string | undefined): Suite {
  return {
    name: "notebooks 01 to 03 on real questions",
    async run() {
      if (!fixtures || notebookFiles().length < 3) {
        console.log(
          fixtures ? "skipped: there are no three notebooks" : "skipped: FTMODEL_FIXTURES names no folder",
        );
        return { passed: 0, failed: 0, skipped: 1 };
      }
      rmSync(workspace, { recursive: true, force: true });
      const files = [
        join(fixtures, "finance-qa", "fineva_yesno.text.jsonl"),
        join(fixtures, "finance-qa", "gsm8k_train.numeric.jsonl"),
        ...jsonFiles(join(fixtures, "dianjin-shape")),
      ];
      const status = await runProgram(
        process.execPath,
        runNotebooks(workspace, ["--only", "01,02,03", ...files.flatMap((file) => ["--source", file])]),
      );
      if (status !== 0) return { passed: 0, failed: 1, skipped: 0 };
      const sources = readFileSync(workspacePaths(workspace).raw, "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { source: string }).source);
      const real = sources.filter((source) => !/generated|handwritten|finance-basics/.test(source)).length;
      console.log(`${real} real questions of ${sources.length}`);
      return real >= 300 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
    },
  };
}

const jsonFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(folder, name));

/** What git sees as changed among tracked files; empty outside a git checkout. */
function trackedChanges(): string {
  if (!existsSync(join(REPO_ROOT, ".git"))) return "";
  return execFileSync("git", ["status", "--porcelain", "--untracked-files=no"], {
    cwd: REPO_ROOT,
    encoding: "utf8",
  });
}
