/** The code that a reward stands on: a mended answer checker pays otherwise, so it makes another run. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../config/paths.ts";
import { hashFile, hashJson } from "../store/hash.ts";

/** sha256 of the answer checker and the reward, tests left out. */
export async function rewardCode(repository = REPO_ROOT): Promise<string> {
  const files = ["answer", "reward"].flatMap((folder) => readdirSync(join(repository, "lib", folder), { recursive: true, encoding: "utf8" }).map((name) => join("lib", folder, name)));
  const code = files.filter((name) => /(?<!\.test)\.ts$/.test(name)).sort();
  return hashJson(await Promise.all(code.map(async (name) => [name, await hashFile(join(repository, name))])));
}
