/** Stores in folders of their own, for tests of what is on disk. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { z } from "zod";
import { openStore } from "../store/store.ts";
import type { Store } from "../store/store.ts";

const Row = z.object({ id: z.string(), text: z.string() });
type Row = z.infer<typeof Row>;

/** A writer of its own process: node CHILD FILE ROWS PAUSE_MS. */
export const CHILD = fileURLToPath(new URL("./store-child.ts", import.meta.url));

export const open = (path: string): Store<Row> => openStore(path, { schema: Row, key: (row) => row.id });
export const lines = (path: string): string[] => readFileSync(path, "utf8").split("\n").filter(Boolean);

/** Writes three rows and returns the file's bytes. */
export async function threeRows(path: string): Promise<Buffer> {
  const store = open(path);
  await store.append({ id: "a", text: "涨幅 5%" }, { id: "b", text: "second" }, { id: "c", text: "third €" });
  await store.close();
  return readFileSync(path);
}

/**
 * To be called once in a test file: a folder that goes when its tests have ended, and files in new folders
 * below it.
 */
export function storeFolder(): { root: string; fresh: () => string } {
  const root = mkdtempSync(join(tmpdir(), "ftmodel-store-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  let folders = 0;
  return { root, fresh: () => join(root, String(folders++), "rows.jsonl") };
}
