/** Hub ids: which commit of a model is meant, and where Hugging Face's cache has it. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { LabError } from "../errors.ts";

export interface HubModel {
  /** `owner/name` */
  id: string;
  /**
   * 40 hex digits; UNPINNED for a model without one, which is asked for at a given URL and never loaded here.
   */
  commit: string;
}

/**
 * The allow list: what these ids mean without `@commit`. Read at https://huggingface.co/<id>/commits/main.
 */
export const COMMITS: Readonly<Record<string, string>> = {
  "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": "916b56a44061fd5cd7d6a8fb632557ed4f724f60",
  "Qwen/Qwen2.5-7B-Instruct": "a09a35458c702b33eeacc393d103063234e8bc28",
  "Qwen/Qwen2.5-1.5B-Instruct": "989aa7980e4cf806f80c7fef2b1adb7bc71aa306",
  "Qwen/Qwen2.5-0.5B-Instruct": "7ae557604adf67be50417f59c2c2f167def9a775",
};
export const UNPINNED = "main";

/**
 * `owner/name`, or `owner/name@commit` for a model that is not on the allow list. Throws LabError on anything
 * else: branches move.
 */
export function hubModel(name: string): HubModel {
  const [id = "", commit, ...rest] = name.split("@");
  if (!/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(id) || name.includes("..") || rest.length > 0)
    throw new LabError({
      what: "A model is a folder or a hub id",
      found: JSON.stringify(name),
      expected: "such as ckpts/tiny/base, /models/mine or Qwen/Qwen2.5-1.5B-Instruct",
    });
  if (commit !== undefined && !isCommit(commit))
    throw new LabError({
      what: "A model is pinned by its commit",
      where: id,
      expected: `${id}@ and 40 hex digits: a branch or tag may mean other weights tomorrow`,
      found: JSON.stringify(commit),
      todo: `https://huggingface.co/${id}/commits/main lists them.`,
    });
  return { id, commit: commit ?? COMMITS[id] ?? UNPINNED };
}

/** Throws LabError for a model whose commit nobody has named. */
export function assertPinned({ id, commit }: HubModel): void {
  if (isCommit(commit)) return;
  throw new LabError({
    what: "A model of the hub is loaded by its commit only",
    where: id,
    expected: `${id}@<commit>, or one whose commit is known here: ${Object.keys(COMMITS).join(", ")}`,
    found: "no commit",
    todo: `Take one from https://huggingface.co/${id}/commits/main, or name a local folder.`,
  });
}

function isCommit(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/**
 * Where Hugging Face's libraries keep what they download. Source:
 * https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */
export function huggingFaceHome(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(
    environment.HF_HOME || join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface"),
  );
}

/**
 * The cache of models. What is started here is told it (HF_HUB_CACHE), so that all look in the same place.
 */
export function hubCache(environment: NodeJS.ProcessEnv = process.env): string {
  return resolve(
    environment.HF_HUB_CACHE ||
      environment.HUGGINGFACE_HUB_CACHE ||
      join(huggingFaceHome(environment), "hub"),
  );
}

/** The folder that a download left in the cache, when these files are in it; null else. Asks no network. */
export function cachedSnapshot(
  { id, commit }: HubModel,
  files: readonly string[] = ["config.json"],
  environment: NodeJS.ProcessEnv = process.env,
): string | null {
  const snapshot = join(hubCache(environment), `models--${id.replaceAll("/", "--")}`, "snapshots", commit);
  return files.every((file) => existsSync(join(snapshot, file))) ? snapshot : null;
}
