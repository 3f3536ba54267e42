/**
 * The code that a result stands on: a mended answer checker reads golds and pays otherwise, so what was made
 * before is made again.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { hashFile, hashJson } from "../store/hash.ts";
import { REPO_ROOT } from "./paths.ts";

/** sha256 of these rooms of lib, tests left out. */
export async function hashCode(rooms: readonly string[], repository = REPO_ROOT): Promise<string> {
  const files = rooms.flatMap((room) =>
    readdirSync(join(repository, "lib", room), { recursive: true, encoding: "utf8" }).map((name) =>
      join("lib", room, name),
    ),
  );
  const code = files.filter((name) => /(?<!\.test)\.ts$/.test(name)).sort();
  return hashJson(
    await Promise.all(code.map(async (name) => [name, await hashFile(join(repository, name))])),
  );
}
