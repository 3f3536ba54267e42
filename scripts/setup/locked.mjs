/** Versions as uv.lock has them, and what the Python environment really holds. Runs on any Node ≥ 18. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./steps.mjs";

/** Name → version in uv.lock. @param {string} [lock] @returns {Record<string, string>} */
export function lockedVersions(lock = readFileSync(join(ROOT, "uv.lock"), "utf8")) {
  return Object.fromEntries(
    [...lock.matchAll(/^\[\[package\]\]\nname = "([^"]+)"\nversion = "([^"]+)"/gm)].map(
      ([, name, version]) => [name, version],
    ),
  );
}

/**
 * Name → installed version, null for what is not installed. Asks the interpreter for metadata; imports
 * nothing.
 * @param {string} python @param {string[]} names @returns {Record<string, string | null>}
 */
export function installedVersions(python, names) {
  const program =
    "import importlib.metadata as m, json, sys\ndef v(n):\n    try: return m.version(n)\n    " +
    "except m.PackageNotFoundError: return None\nprint(json.dumps({n: v(n) for n in sys.argv[1:]}))";
  const child = existsSync(python)
    ? spawnSync(python, ["-c", program, ...names], { encoding: "utf8", timeout: 60_000 })
    : null;
  return child?.status === 0
    ? JSON.parse(child.stdout)
    : Object.fromEntries(names.map((name) => [name, null]));
}

/**
 * Whether an installed version is the locked one; a build's label ("2.11.0+cu130") does not count. @param
 * {string} installed @param {string} locked
 */
export function isLocked(installed, locked) {
  return installed.split("+")[0] === locked.split("+")[0];
}
