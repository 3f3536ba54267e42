/** A file that a run is trained on, as its key knows it. */
import { statSync } from "node:fs";
import type { z } from "zod";
import { LabError } from "../errors.ts";
import type { InputFile } from "../run/key.ts";
import { hashFile } from "../store/hash.ts";
import { readJsonl } from "../store/jsonl.ts";

/** Throws LabError for an empty file, and as readJsonl. */
export async function inputFile<T>(path: string, schema: z.ZodType<T>, todo: string): Promise<InputFile> {
  if (statSync(path, { throwIfNoEntry: false })?.size === 0)
    throw new LabError({
      what: "There is nothing to train on",
      where: path,
      expected: "at least one row",
      found: "an empty file",
      todo,
    });
  const rows = readJsonl(path, schema, todo).length;
  return { path, sha256: await hashFile(path), rows };
}
