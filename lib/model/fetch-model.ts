/** Brings a hub model's files to this machine, before anything is planned or started. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LabError } from "../errors.ts";
import { interruptible } from "../interruptible.ts";
import { PYTHON, REPO_ROOT, assertPython } from "../config/paths.ts";
import { assertPinned, hubCache } from "./hub.ts";
import { assertCausalModel, modelFolder } from "./ref.ts";
import type { ModelRef } from "./ref.ts";

const TODO: Readonly<Record<string, string>> = {
  disk_full: "Make room, or move the cache (HF_HOME).",
  no_safetensors: "Take a model or a commit with safetensors.",
  RepositoryNotFoundError: "Correct the id. A private model needs a token (HF_TOKEN).",
  RevisionNotFoundError: "Correct the commit: the model's page lists them.",
  GatedRepoError: "Accept the model's terms on its page and set HF_TOKEN.",
};
const UNREACHED =
  "Check the network; HF_ENDPOINT names a mirror. Or download the model elsewhere and name its " +
  "folder in the config.";

export interface FetchOptions {
  signal?: AbortSignal | undefined;
  /** Called when there is something to download; what it throws spares the download. */
  before?: () => Promise<unknown>;
}

/**
 * Returns when a model's files are on this machine: at once for a folder, and for a hub id that was
 * downloaded whole. Otherwise its commit is downloaded into Hugging Face's cache (scripts/fetch_model.py:
 * safetensors, tokenizer and configuration only), a line on the console for each file.
 *
 * What was downloaded stays, and the next call goes on from there. Throws LabError: no commit is known for
 * the id, no Python, the hub refuses or is not reached, no room on the disk, no safetensors, no causal
 * language model; the reason of `signal`.
 */
export async function fetchModel(model: ModelRef, { signal, before }: FetchOptions = {}): Promise<void> {
  if (model.sha256 !== null) return;
  assertPinned({ id: model.path, commit: model.revision });
  if (isWhole(modelFolder(model))) return;
  await before?.();
  console.log(`Downloading ${model.path} at commit ${model.revision.slice(0, 7)}`);
  await interruptible(signal, (either) => download(model, either));
  assertCausalModel(modelFolder(model) ?? model.path);
}

function isWhole(folder: string | null): boolean {
  try {
    if (folder !== null) assertCausalModel(folder);
    return folder !== null;
  } catch {
    return false; // an interrupted download: it goes on
  }
}

async function download({ path, revision }: ModelRef, signal: AbortSignal): Promise<void> {
  assertPython();
  signal.throwIfAborted();
  const child = spawn(PYTHON, [join(REPO_ROOT, "scripts", "fetch_model.py"), path, revision], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      HF_HUB_CACHE: hubCache(),
      HF_HUB_DISABLE_PROGRESS_BARS: "1",
      HF_HUB_DISABLE_TELEMETRY: "1",
    },
  });
  const stop = () => void child.kill();
  signal.addEventListener("abort", stop, { once: true });
  const ended = new Promise<number | null>((closed, failed) =>
    child.once("close", closed).once("error", failed),
  );
  ended.catch(() => undefined); // awaited below
  let errors = "";
  child.stderr.on("data", (part: Buffer) => (errors = (errors + part.toString()).slice(-2000)));
  let last = "";
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    if (!line.startsWith("{")) console.log(line);
  }
  const status = await ended;
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (status !== 0) throw downloadError(`${path}@${revision}`, last, errors);
}

function downloadError(where: string, last: string, errors: string): LabError {
  const { error, message } = last.startsWith("{")
    ? (JSON.parse(last) as { error: string; message: string })
    : { error: "", message: errors.trim() };
  return new LabError({
    what: "A model could not be downloaded",
    where,
    found: `${error ? `${error}: ` : ""}${message}`,
    todo: TODO[error] ?? UNREACHED,
  });
}
