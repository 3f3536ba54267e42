/** The Python environment of uv.lock in .venv; uv itself comes through pip where it is absent. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockedVersions } from "./locked.mjs";
import { hashOf, ROOT, runQuietly, SetupError } from "./steps.mjs";

const OWN_UV = join(ROOT, ".tools", "uv", "bin", "uv");
const NEWEST_FIRST = ["python3.13", "python3.12", "python3.11", "python3", "python"];
const OLDEST = [3, 11];

/**
 * The first Python on the PATH that is new enough, or null. @param {string[]} names @returns {string | null}
 */
export function findPython(names = ["python3", ...NEWEST_FIRST]) {
  for (const name of names) {
    const found = spawnSync(name, ["-c", "import sys; print(*sys.version_info[:2]); print(sys.executable)"], {
      encoding: "utf8",
    });
    if (found.status !== 0) continue;
    const [version = "", path = ""] = found.stdout.trim().split("\n");
    const [major = 0, minor = 0] = version.split(" ").map(Number);
    if (major === OLDEST[0] && minor >= (OLDEST[1] ?? 0)) return path;
  }
  return null;
}

/**
 * uv from the PATH, or our own copy, installed beside the system's Python, not into it. @param {string}
 * python
 */
function findUv(python) {
  if (spawnSync("uv", ["--version"]).status === 0) return "uv";
  if (!existsSync(OWN_UV)) {
    runQuietly(python, ["-m", "pip", "install", "--quiet", "--target", join(ROOT, ".tools", "uv"), "uv"], {
      todo:
        "there is neither uv nor pip: install pip (Debian: apt-get install python3-pip) or uv " +
        "(https://docs.astral.sh/uv), then run the command again.",
    });
  }
  return OWN_UV;
}

/**
 * One locked package in a folder of its own, for checks that need what the default environment leaves out.
 * Returns its version.
 * @param {string} name @param {string} folder
 */
export function installBeside(name, folder) {
  const version = lockedVersions()[name];
  if (!version) throw new SetupError(`${name} is not in uv.lock`, "name a package of the lock");
  if (!existsSync(join(folder, `${name}-${version}.dist-info`)))
    runQuietly(
      findUv(PYTHON),
      [
        "pip",
        "install",
        "--quiet",
        "--python",
        PYTHON,
        "--target",
        folder,
        "--no-deps",
        "--compile-bytecode",
        `${name}==${version}`,
      ],
      { todo: "uv needs to reach a package index" },
    );
  return version;
}

const VENV = join(ROOT, ".venv");
/** The interpreter of the locked environment. */
export const PYTHON = join(VENV, "bin", "python");

/** @param {string[]} extra @returns {string} */
function sync(extra) {
  const python = findPython();
  if (!python)
    throw new SetupError(
      "no Python 3.11 or newer on the PATH",
      "install one (Debian: apt-get install python3 python3-pip; macOS: brew install python), " +
        "then run the command again.",
    );
  const madeFor = existsSync(MADE_FOR) ? readFileSync(MADE_FOR, "utf8") : ROOT;
  // its scripts hold absolute paths: a moved repository needs a new one
  if (madeFor !== ROOT) rmSync(VENV, { recursive: true });
  // Compiled now: where Python may not write bytecode (PYTHONDONTWRITEBYTECODE, as in many containers), every
  // trainer and server would compile torch and transformers anew when it starts, 6 s each time.
  runQuietly(
    findUv(python),
    ["sync", "--locked", "--no-python-downloads", "--compile-bytecode", "--python", python, ...extra],
    {
      todo:
        "uv needs to reach a package index; with a mirror: set UV_DEFAULT_INDEX. About 6 GB of " +
        "disk are needed. Then run the command again.",
    },
  );
  writeFileSync(MADE_FOR, ROOT);
  return runQuietly(PYTHON, ["--version"], { todo: "remove .venv and run the command again" }).trim();
}
const MADE_FOR = join(VENV, ".ftmodel-root");
const LOCK = () => hashOf({ files: ["uv.lock", "pyproject.toml"], texts: [ROOT] });
const GPU_STAMP = join(VENV, ".ftmodel-gpu");

/** @type {import("./steps.mjs").Step} */
export const pythonEnvironment = {
  name: "Python environment",
  stamp: join(VENV, ".ftmodel-stamp"),
  fingerprint: LOCK,
  // what a GPU needs stays once it was asked for
  run: () => sync(existsSync(GPU_STAMP) ? ["--extra", "gpu"] : []),
};

/** What the profile `gpu` needs beside it: vLLM, bitsandbytes, Ray. @type {import("./steps.mjs").Step} */
export const gpuPackages = {
  name: "packages for a GPU",
  stamp: GPU_STAMP,
  fingerprint: LOCK,
  run: () => sync(["--extra", "gpu"]),
};
