/** What a notebook needs of the ones before it: said before anything is installed or loaded. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../lib/config/lab.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";
import { LabError } from "../../lib/errors.ts";
import { quoteForShell } from "../../lib/shell.ts";

/** File below the workspace → the notebook that makes it. */
const MADE_BY = {
  "data/raw/raw.jsonl": "01",
  "data/processed/distilled.jsonl": "02",
  "data/processed/sft.jsonl": "03",
  "data/processed/rl.jsonl": "03",
  "data/processed/test.jsonl": "03",
  "ckpts/sft_lora": "04",
  "ckpts/grpo_lora": "05",
} as const;
type Made = keyof typeof MADE_BY;

const ARMS: Made[] = ["data/processed/test.jsonl", "ckpts/sft_lora", "ckpts/grpo_lora"];
const NEEDS: Readonly<Record<string, readonly Made[]>> = {
  "02": ["data/raw/raw.jsonl"],
  "03": ["data/raw/raw.jsonl", "data/processed/distilled.jsonl"],
  "04": ["data/processed/sft.jsonl", "data/processed/rl.jsonl"],
  "05": ["data/processed/rl.jsonl", "ckpts/sft_lora"],
  "06": ARMS,
  "07": ["ckpts/grpo_lora"],
  "08": ARMS,
};

/**
 * Throws LabError when one of the chosen notebooks (two-digit numbers, in order) needs a file that is not in
 * the workspace and that no chosen one before it makes: which files, and the command that makes them.
 */
export function assertPrerequisites(
  { config, paths: { root: workspace } }: Pick<Lab, "config" | "paths">,
  chosen: readonly string[],
): void {
  const needs: typeof NEEDS = {
    ...NEEDS,
    ...(!config.grpo.startFromSft && { "05": ["data/processed/rl.jsonl"] as const }),
  };
  const folder = workspace === REPO_ROOT ? "" : `--workspace ${quoteForShell(workspace)} `;
  for (const number of chosen) {
    const made = (file: Made) => chosen.some((other) => other < number && other === MADE_BY[file]);
    const missing = (needs[number] ?? []).filter((file) => !made(file) && !isThere(workspace, file));
    if (missing.length === 0) continue;
    const before = Object.values(MADE_BY).filter((maker) => maker < number);
    const all = [...new Set([...before, ...chosen])].sort();
    throw new LabError({
      what: `Notebook ${number} needs what earlier ones make`,
      where: workspace,
      expected: missing.map((file) => `${file} (made by ${MADE_BY[file]})`).join(", "),
      found: missing.length === 1 ? "it is not there" : "they are not there",
      todo: `Run those, too; what is finished is kept: npm start -- ${folder}--only ${all.join(",")}`,
    });
  }
}

const isThere = (workspace: string, file: Made): boolean => existsSync(join(workspace, file));
