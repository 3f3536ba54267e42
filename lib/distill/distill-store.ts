/**
 * distilled.jsonl: the texts that the present config wants; texts of other configs wait in an archive beside
 * it.
 */
import { join } from "node:path";
import type { Paths } from "../config/paths.ts";
import { writeJsonl } from "../store/jsonl.ts";
import { Distilled } from "../records.ts";
import { openStore } from "../store/store.ts";
import type { Store } from "../store/store.ts";

const rowStore = { schema: Distilled, key: (row: Distilled) => row.key };

export function archivePath({ processed }: Pick<Paths, "processed">): string {
  return join(processed, "distilled.archive.jsonl");
}

/**
 * Opens distilled.jsonl so that it holds wanted rows only: others move to the archive, wanted ones come back
 * from there.
 *
 * A text costs minutes of a GPU: going back to an earlier seed or Teacher must not cost it twice. A kill in
 * between leaves a row in both files, which does no harm. Throws as openStore.
 */
export async function openDistilled(
  paths: Pick<Paths, "processed" | "distilled">,
  wanted: ReadonlySet<string>,
): Promise<Store<Distilled>> {
  let store = openStore(paths.distilled, rowStore);
  try {
    const stale = store.rows().filter((row) => !wanted.has(row.key));
    const missing = [...wanted].filter((key) => !store.has(key));
    if (stale.length === 0 && missing.length === 0) return store;
    const archive = openStore(archivePath(paths), rowStore);
    try {
      await appendAll(archive, stale);
      const back = missing.flatMap((key) => archive.get(key) ?? []);
      if (stale.length > 0) {
        const kept = store.rows().filter((row) => wanted.has(row.key));
        await store.close();
        writeJsonl(paths.distilled, [...kept, ...back], { checked: true });
        store = openStore(paths.distilled, rowStore);
      } else await appendAll(store, back);
    } finally {
      await archive.close();
    }
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A call takes its rows as arguments, of which there may not be a hundred thousand. */
async function appendAll(store: Store<Distilled>, rows: readonly Distilled[]): Promise<void> {
  for (let start = 0; start < rows.length; start += 10_000)
    await store.append(...rows.slice(start, start + 10_000));
}
