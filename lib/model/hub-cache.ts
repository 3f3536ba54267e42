/** Where a model's files are on this machine. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ModelRef } from "./model-ref.ts";

/**
 * The folder with a model's files: its own, or, for a hub id, the snapshot that a download left in Hugging Face's cache (`HF_HUB_CACHE`, `HF_HOME`, or
 * `~/.cache/huggingface`). null when it has not been downloaded. Asks no network.
 *
 * Source: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
export function modelFolder({ path, revision, sha256 }: ModelRef, environment: NodeJS.ProcessEnv = process.env): string | null {
  if (sha256 !== null) return path;
  const cache = environment.HF_HUB_CACHE || join(environment.HF_HOME || join(homedir(), ".cache", "huggingface"), "hub");
  const model = join(cache, `models--${path.replaceAll("/", "--")}`);
  const named = join(model, "refs", revision);
  const snapshot = join(model, "snapshots", existsSync(named) ? readFileSync(named, "utf8").trim() : revision);
  return existsSync(join(snapshot, "config.json")) ? snapshot : null;
}
