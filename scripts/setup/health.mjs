/**
 * What the machine and the clone have, row by row. Everything here runs on Node 18 with nothing installed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, totalmem } from "node:os";
import { join } from "node:path";
import { kernelspec } from "./kernelspec.mjs";
import { installedVersions, isLocked, lockedVersions } from "./locked.mjs";
import { NODE, packages } from "./packages.mjs";
import { findPython, gpuPackages, PYTHON, pythonEnvironment } from "./python.mjs";
import { ROOT } from "./steps.mjs";

/**
 * @typedef {object} Row
 * @property {string} what
 * @property {string} found
 * @property {string} needed
 * @property {"ok" | "missing" | "optional"} state "missing" stops `npm start`; "optional" takes something
 * away.
 * @property {string} todo Empty when all is well.
 */

/**
 * @param {string} what @param {string | null} found @param {string} needed @param {string} todo @param
 * {boolean} [required] @returns {Row}
 */
function row(what, found, needed, todo, required = true) {
  return {
    what,
    found: found ?? "none",
    needed,
    state: found !== null ? "ok" : required ? "missing" : "optional",
    todo: found !== null ? "" : todo,
  };
}

/** @param {string} command @param {string[]} args */
function firstLine(command, args) {
  const child = spawnSync(command, args, { encoding: "utf8", timeout: 60_000 });
  return child.status === 0 ? (child.stdout.trim().split("\n")[0] ?? "") : null;
}

/** @param {import("./steps.mjs").Step} step */
const isDone = (step) => existsSync(step.stamp) && readFileSync(step.stamp, "utf8") === step.fingerprint();
const gigabytes = (/** @type {number} */ bytes) => `${(bytes / 1e9).toFixed(1)} GB`;
const RUN_START = "npm start installs it";

/**
 * @param {{ gpu?: boolean }} [options] `gpu`: what the profile gpu needs is required, too.
 * @returns {Promise<Row[]>}
 */
export async function examine({ gpu: wanted = false } = {}) {
  const major = Number(process.versions.node.split(".")[0]);
  const installed = isDone(packages) && isDone(pythonEnvironment);
  const python = findPython();
  const { bavail, bsize } = statfsSync(ROOT);
  const free = bavail * bsize;
  const needed = neededDisk({
    installed,
    gpu: wanted ? { packages: isDone(gpuPackages), models: absentModels() } : null,
  });
  const memory = totalmem();
  const gpu = firstLine("nvidia-smi", [
    "--query-gpu=name,driver_version,memory.total",
    "--format=csv,noheader",
  ]);
  const torch = existsSync(PYTHON)
    ? firstLine(PYTHON, [
        "-c",
        "import torch; print(torch.__version__, 'sees a GPU' if torch.cuda.is_available() else 'CPU')",
      ])
    : null;
  const gpuMiB = Number(/(\d+) MiB/.exec(gpu ?? "")?.[1] ?? NaN);
  return [
    row("Node", major >= 18 ? process.versions.node : null, "18 or newer", "install Node 18 or newer"),
    row(
      "npm packages",
      isDone(packages) ? firstLine(NODE, ["--version"]) && "as locked" : null,
      "package-lock.json",
      RUN_START,
    ),
    row(
      "Node 24",
      existsSync(NODE) ? firstLine(NODE, ["--version"]) : null,
      "24, from the packages",
      RUN_START,
    ),
    row("Python", python, "3.11 or newer", "install one (Debian: apt-get install python3 python3-pip)"),
    row("Python environment", isDone(pythonEnvironment) ? "as locked" : null, "uv.lock", RUN_START),
    row("torch", torch, "imports", RUN_START),
    row("notebook kernel", isDone(kernelspec) ? "tslab" : null, "kernelspec tslab", RUN_START),
    ...["base", "teacher", "judge"].map(tinyModel),
    row(
      "disk",
      free >= needed.bytes ? `${gigabytes(free)} free` : null,
      needed.text,
      `free some space: ${gigabytes(free)} are ` +
        `left${wanted ? "; HF_HOME on another disk takes the weights there" : ""}`,
    ),
    row(
      "memory",
      memory >= 7.5e9 ? gigabytes(memory) : null,
      "8 GB",
      `${gigabytes(memory)} may be too little; close other programs`,
      false,
    ),
    {
      ...row(
        "GPU",
        gpuMiB >= 7500 ? gpu : null,
        "for --profile gpu: 8 GB",
        !wanted
          ? "none is needed for the default profile"
          : gpu
            ? "a GPU with 8 GB whose memory nvidia-smi can read"
            : "no nvidia-smi, or no driver answers: install the NVIDIA driver",
        wanted,
      ),
      found: gpu ?? "none",
    },
    ...(gpu || wanted ? gpuRows(gpu, torch, wanted) : []),
    row(
      "Chromium",
      await findBrowser(),
      "for PNG and PDF",
      "Debian: apt-get install chromium; or set CHROME to one",
      false,
    ),
    row(
      "Chinese font",
      firstLine("fc-list", [":lang=zh", "family"]) || null,
      "for Chinese text in PNG and PDF",
      "Debian: apt-get install fonts-noto-cjk",
      false,
    ),
    row(
      "port 8000",
      (await portIsFree(8000)) ? "free" : null,
      "for notebook 07",
      "in use: stop what listens there, or --set deploy.port=0",
      false,
    ),
  ];
}

/**
 * Bytes of the default models' weights in bf16; lib/config/profiles.ts names the same models (a test compares
 * them).
 */
export const GPU_MODELS = {
  "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": 15.2e9,
  "Qwen/Qwen2.5-7B-Instruct": 15.2e9,
  "Qwen/Qwen2.5-1.5B-Instruct": 3.1e9,
};
/** Assumed, not measured: vLLM, its CUDA libraries and kernels. */
const GPU_PACKAGES_BYTES = 15e9;

/**
 * Of GPU_MODELS, what Hugging Face's cache does not hold. @param {NodeJS.ProcessEnv} [environment] @returns
 * {string[]}
 */
export function absentModels(environment = process.env) {
  const cache =
    environment.HF_HUB_CACHE ||
    environment.HUGGINGFACE_HUB_CACHE ||
    join(
      environment.HF_HOME || join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface"),
      "hub",
    );
  return Object.keys(GPU_MODELS).filter(
    (model) => !existsSync(join(cache, `models--${model.replaceAll("/", "--")}`, "snapshots")),
  );
}

/**
 * Disk that is still to be taken. `gpu`: whether its packages are there, and the models that are not.
 * @param {{ installed: boolean, gpu: { packages: boolean, models: string[] } | null }} state @returns {{
 * bytes: number, text: string }}
 */
export function neededDisk({ installed, gpu }) {
  const base = installed ? 1e9 : 10e9;
  if (gpu === null) return { bytes: base, text: `${gigabytes(base)} free` };
  const weights = Object.entries(GPU_MODELS).reduce(
    (sum, [model, bytes]) => sum + (gpu.models.includes(model) ? bytes : 0),
    0,
  );
  const parts = [...(gpu.packages ? [] : ["packages"]), ...(weights > 0 ? ["weights"] : [])];
  const bytes = base + (gpu.packages ? 0 : GPU_PACKAGES_BYTES) + weights;
  return {
    bytes,
    text:
      parts.length > 0
        ? `about ${Math.round(bytes / 1e9)} GB free for ${parts.join(" and ")}`
        : `${gigabytes(bytes)} free`,
  };
}

/** torch 2.11 is built for CUDA 13.0; lib/gpu/gpus.ts names the same driver (a test compares them). */
export const OLDEST_DRIVER = "580.65.06";
const GPU_PACKAGES = [
  "torch",
  "transformers",
  "trl",
  "peft",
  "accelerate",
  "bitsandbytes",
  "vllm",
  "liger-kernel",
  "ray",
];

/**
 * Driver and versions. @param {string | null} gpu What nvidia-smi says. @param {string | null} torch @param
 * {boolean} required @returns {Row[]}
 */
export function gpuRows(gpu, torch, required) {
  const driver = gpu?.split(",").at(-2)?.trim() ?? null;
  const good = driver !== null && /^\d/.test(driver) && !isOlder(driver, OLDEST_DRIVER);
  const [locked, installed] = [lockedVersions(), installedVersions(PYTHON, GPU_PACKAGES)];
  const sees = torch?.includes("sees a GPU") ?? false;
  return [
    {
      ...row(
        "driver",
        good ? driver : null,
        `${OLDEST_DRIVER}, for CUDA 13`,
        "install a newer NVIDIA driver, then restart",
        required,
      ),
      found: driver ?? "none",
    },
    ...(gpu
      ? [
          row(
            "torch on the GPU",
            sees ? "yes" : null,
            "sees it",
            "the driver is too old for this torch, or CUDA_VISIBLE_DEVICES hides the GPU",
            required,
          ),
        ]
      : []),
    ...GPU_PACKAGES.map((name) => {
      const [have, want] = [installed[name] ?? null, locked[name] ?? "?"];
      const same = have !== null && isLocked(have, want);
      return {
        ...row(
          name,
          same ? have : null,
          want,
          have === null
            ? "npm start -- --profile gpu installs it"
            : "another version than the lock's: npm start -- --profile gpu installs that",
          required,
        ),
        found: have ?? "none",
      };
    }),
  ];
}

/** @param {string} version @param {string} than */
function isOlder(version, than) {
  const [a, b] = [version, than].map((text) => text.split(".").map(Number));
  const i = [0, 1, 2].find((part) => (a?.[part] ?? 0) !== (b?.[part] ?? 0)) ?? 0;
  return (a?.[i] ?? 0) < (b?.[i] ?? 0);
}

/** @param {string} name @returns {Row} */
function tinyModel(name) {
  const folder = join("ckpts", "tiny", name);
  const lacking = ["model.safetensors", "config.json", "tokenizer.json"].filter(
    (file) => !existsSync(join(ROOT, folder, file)),
  );
  return row(
    folder,
    lacking.length === 0 ? "complete" : null,
    "weights, config, tokenizer",
    `${lacking.join(", ")} missing: git checkout -- ${folder}`,
  );
}

/** The lib knows where to look; a clone without packages runs on a Node that may not read TypeScript. */
async function findBrowser() {
  if (!existsSync(NODE)) return null;
  const { findChromium } = await import("../../lib/show/browser.ts");
  return findChromium();
}

/** @param {number} port @returns {Promise<boolean>} */
function portIsFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Rows as aligned text. @param {Row[]} rows */
export function describeRows(rows) {
  const marks = { ok: "ok", missing: "MISSING", optional: "–" };
  const head = { what: "what", found: "found", needed: "needed", todo: "what to do" };
  const width = (/** @type {"what" | "found" | "needed"} */ key) =>
    Math.min(48, Math.max(head[key].length, ...rows.map((r) => r[key].length)));
  const line = (/** @type {string} */ mark, /** @type {typeof head} */ r) =>
    [
      mark.padEnd(8),
      r.what.padEnd(width("what")),
      r.found.slice(0, 48).padEnd(width("found")),
      r.needed.padEnd(width("needed")),
      r.todo,
    ]
      .join("  ")
      .trimEnd();
  return [line("", head), ...rows.map((r) => line(marks[r.state], r))].join("\n");
}
