/** Content hashes: what a run, a merged model and an evaluation are named after. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { LabError } from "../errors.ts";

/** sha256 of a text (as UTF-8) or of bytes, 64 hex digits. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/**
 * A seed of its own for each sampled text of a prompt, 0 … 2³¹ − 1 as servers take it: order and company do
 * not change it.
 */
export function sampleSeed(seed: number, sample: number, prompt: string): number {
  return parseInt(sha256(`${seed}/${sample}/${prompt}`).slice(0, 8), 16) >>> 1;
}

/**
 * JSON with the keys of every object in code-point order and no white space: equal values give equal texts.
 *
 * `undefined` members are left out, as JSON does. Throws LabError on what JSON would silently change (NaN,
 * infinities, functions, bigint), because two different values would then share a hash.
 */
export function canonicalJson(value: unknown): string {
  return write(value, "$");
}

function write(value: unknown, at: string): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value))
      throw new LabError({ what: "canonicalJson requires finite numbers", where: at, found: String(value) });
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((v, i) => write(v, `${at}[${i}]`)).join(",")}]`;
  if (typeof value === "object") {
    const object = value as Record<string, unknown>;
    const members = Object.keys(object)
      .filter((key) => object[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${write(object[key], `${at}.${key}`)}`);
    return `{${members.join(",")}}`;
  }
  throw new LabError({ what: "canonicalJson requires JSON values", where: at, found: typeof value });
}

/** sha256 of the canonical JSON: independent of the order of keys. Throws as canonicalJson. */
export function hashJson(value: unknown): string {
  return sha256(canonicalJson(value));
}

/**
 * Hashes of unchanged files, so that gigabytes of weights are read once a process. Keyed by path, size, mtime
 * and inode.
 */
const known = new Map<string, string>();

/** sha256 of a file's bytes, read as a stream. Throws LabError when it cannot be read. */
export async function hashFile(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    const seen = `${path}\0${size}\0${mtimeMs}\0${ino}`;
    const before = known.get(seen);
    if (before) return before;
    const hash = createHash("sha256");
    await pipeline(createReadStream(path), hash);
    const digest = hash.digest("hex");
    known.set(seen, digest);
    return digest;
  } catch (cause) {
    throw new LabError(
      { what: "A file could not be read", where: path, found: (cause as Error).message },
      { cause },
    );
  }
}

/** Files that do not change what a model does: its card, its provenance, hidden files. */
const IGNORED = new Set(["README.md", "origin.json"]);

/**
 * sha256 of a folder: of the sorted list of (relative path, sha256 of the file).
 *
 * Cards (README.md), origin.json and hidden files do not count, so an edited card does not retrain a model.
 * Links are followed. Throws LabError when the folder is missing or holds no file.
 */
export async function hashFolder(path: string): Promise<string> {
  const files = await filesBelow(path, "");
  if (files.length === 0)
    throw new LabError({ what: "A folder holds no files", where: path, expected: "a model or an adapter" });
  const lines: string[] = [];
  for (const file of files.sort()) lines.push(`${file}\0${await hashFile(join(path, file))}\n`);
  return sha256(lines.join(""));
}

async function filesBelow(root: string, below: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(join(root, below));
  } catch (cause) {
    throw new LabError(
      { what: "A folder could not be read", where: join(root, below), found: (cause as Error).message },
      { cause },
    );
  }
  const files: string[] = [];
  for (const name of names) {
    if (name.startsWith(".") || IGNORED.has(name)) continue;
    const path = below ? `${below}/${name}` : name;
    if ((await stat(join(root, path))).isDirectory()) files.push(...(await filesBelow(root, path)));
    else files.push(path);
  }
  return files;
}
