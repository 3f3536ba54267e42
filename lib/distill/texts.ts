/**
 * The Teacher's texts of every config that was ever tried here, and distilled.jsonl, the view of the present
 * one.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { isKept, openCache, readableRows } from "../completions/cache.ts";
import type { StoredCompletion } from "../completions/cache.ts";
import type { Paths } from "../config/paths.ts";
import { Distilled } from "../records.ts";
import { writeJsonl } from "../store/jsonl.ts";
import { manifestPath } from "../store/manifest.ts";
import type { Store } from "../store/store.ts";

export function textsPath({ processed }: Pick<Paths, "processed">): string {
  return join(processed, "teacher", "completions.jsonl");
}

/**
 * Opens the cache of the Teacher's texts. A distilled.jsonl that came without it, and the archive that stood
 * beside one until 0.1, are taken in: a text costs minutes of a GPU. Throws as openStore.
 */
export async function openTexts(
  paths: Pick<Paths, "processed" | "distilled">,
): Promise<Store<StoredCompletion>> {
  const cache = openCache(textsPath(paths));
  try {
    const archive = join(paths.processed, "distilled.archive.jsonl");
    const rows = [archive, paths.distilled].flatMap((file) => readableRows(file, Distilled));
    const missing = rows.filter((row) => isKept(row) && !cache.has(row.key)).map(completionOfRow);
    // A call takes its rows as arguments, of which there may not be a hundred thousand.
    for (let start = 0; start < missing.length; start += 10_000)
      await cache.append(...missing.slice(start, start + 10_000));
    rmSync(archive, { force: true });
    return cache;
  } catch (error) {
    await cache.close();
    throw error;
  }
}

function completionOfRow(row: Distilled): StoredCompletion {
  const { key, id, teacher_output, teacher_reasoning, failure, completion_tokens } = row;
  return {
    ...{ key, id, completion: teacher_output ?? "", failure, tokens: completion_tokens },
    ...(teacher_reasoning !== null && { reasoning: teacher_reasoning }),
  };
}

/** The rows that there are, without the manifest of a finished file; no file without any. */
export function writeUnfinished(path: string, rows: readonly Distilled[]): void {
  rmSync(manifestPath(path), { force: true });
  if (rows.length === 0) rmSync(path, { force: true });
  else writeJsonl(path, rows, { checked: true });
}
