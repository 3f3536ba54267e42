/** The mark of a finished file: written last, so a file without a fitting one is not finished. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { LabError } from "../errors.ts";
import { writeFileAtomic } from "./atomic.ts";
import { canonicalJson, sha256 } from "./hash.ts";
import { writeJsonl } from "./jsonl.ts";

export const Manifest = z.object({
  file: z.string(),
  rows: z.number().int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** All that the content depends on: config values, hashes of files read, models, seeds. */
  inputs: z.record(z.string(), z.unknown()),
  /** Of the software that made it. */
  versions: z.record(z.string(), z.string()),
  /** ISO 8601. */
  created: z.string(),
});
export type Manifest = z.infer<typeof Manifest>;

export function manifestPath(path: string): string {
  return `${path}.manifest.json`;
}

/**
 * Writes rows as JSON lines, each with its checksum, which readJsonl looks at; then the manifest beside them
 * (`<file>.manifest.json`).
 *
 * Killed between the two, the old manifest no longer fits the new file, and `readManifest` says the file is
 * not finished. Throws LabError when the disk refuses.
 */
export function finishJsonl(
  path: string,
  rows: readonly object[],
  inputs: Record<string, unknown>,
): Manifest {
  return finish(path, writeJsonl(path, rows, { checked: true }), rows.length, inputs);
}

/** The same for any text; `rows` is what the reader would count. */
export function finishText(
  path: string,
  text: string,
  rows: number,
  inputs: Record<string, unknown>,
): Manifest {
  writeFileAtomic(path, text);
  return finish(path, text, rows, inputs);
}

function finish(path: string, text: string, rows: number, inputs: Record<string, unknown>): Manifest {
  return writeManifest(path, { rows, sha256: sha256(text), inputs });
}

/** Vouches for a file that is in place, whose hash the caller knows. */
export function writeManifest(
  path: string,
  { rows, sha256, inputs }: Pick<Manifest, "rows" | "sha256" | "inputs">,
): Manifest {
  const manifest: Manifest = {
    file: basename(path),
    rows,
    sha256,
    inputs,
    versions: { node: process.version },
    created: new Date().toISOString(),
  };
  writeFileAtomic(manifestPath(path), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/**
 * The manifest of a finished file, or null when the file must be made (again): no file, no manifest, an
 * unreadable one, another content than it vouches for, or, when `inputs` are given, a content made from
 * others.
 */
export function readManifest(path: string, inputs?: Record<string, unknown>): Manifest | null {
  if (!existsSync(path) || !existsSync(manifestPath(path))) return null;
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(manifestPath(path), "utf8"));
  } catch {
    return null; // half a manifest marks nothing
  }
  const manifest = Manifest.safeParse(parsed);
  if (!manifest.success) return null;
  if (inputs !== undefined && canonicalJson(manifest.data.inputs) !== canonicalJson(inputs)) return null;
  return sha256(readFileSync(path)) === manifest.data.sha256 ? manifest.data : null;
}

/**
 * Throws LabError when two finished files were made from other inputs; a file without a fitting manifest,
 * such as your own, is taken as it is.
 */
export function assertMadeTogether(path: string, other: string, todo: string): void {
  const [a, b] = [readManifest(path), readManifest(other)];
  if (!a || !b || canonicalJson(a.inputs) === canonicalJson(b.inputs)) return;
  throw new LabError({
    what: "Two files are of different runs of the stage that makes them",
    where: `${path}, ${other}`,
    expected: "equal inputs in their manifests",
    found: `one made at ${a.created}, the other at ${b.created}`,
    todo,
  });
}
