/**
 * The code that a result stands on: a mended answer checker reads golds and pays otherwise, so what was made
 * before is made again.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { hashJson } from "../store/hash.ts";
import { REPO_ROOT } from "./paths.ts";

/** sha256 of these rooms of lib, tests left out. */
export function hashCode(rooms: readonly string[], repository = REPO_ROOT): string {
  const files = rooms.flatMap((room) =>
    readdirSync(join(repository, "lib", room), { recursive: true, encoding: "utf8" }).map((name) =>
      join("lib", room, name),
    ),
  );
  const code = files.filter((name) => /(?<!\.test)\.ts$/.test(name)).sort();
  return hashJson(code.map((name) => [name, readFileSync(join(repository, name), "utf8")]));
}

/**
 * sha256 of the files of this repository that `entries` load, themselves included, as far as they stand in
 * one of `folders`. Comment lines and blank lines of Python do not count.
 */
export function hashLoaded(
  entries: readonly string[],
  folders: readonly string[],
  repository = REPO_ROOT,
): string {
  const loaded = new Map<string, string>();
  const load = (name: string): void => {
    if (loaded.has(name) || !existsSync(join(repository, name))) return;
    const text = readFileSync(join(repository, name), "utf8");
    loaded.set(name, name.endsWith(".py") ? text.replace(/^[ \t]*(?:#.*)?\n/gm, "") : text);
    for (const other of importsOf(name, text)) load(other);
  };
  for (const entry of entries) load(entry);
  const counted = [...loaded].filter(([name]) => folders.some((folder) => name.startsWith(`${folder}/`)));
  return hashJson(counted.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function importsOf(name: string, text: string): string[] {
  if (name.endsWith(".py")) {
    const modules = text.matchAll(/^\s*from (?:sidecar)?\.(\w+) import/gm);
    return [...modules].map(([, module]) => `scripts/sidecar/${module}.py`);
  }
  const paths = text.matchAll(/^(?:import|export|\}) [^;]*?from "(\.[^"]+)";/gm);
  return [...paths].map(([, path]) => join(dirname(name), path!));
}
