/** Which model is meant: a folder with its content hash, or a hub id with its commit. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LabError } from "../errors.ts";
import { cachedSnapshot, hubModel, UNPINNED } from "./hub.ts";
import { assertWholeFile } from "./safetensors.ts";
import { hashFolder } from "../store/hash.ts";
import { localModelPath } from "../config/paths.ts";

/** A folder has a hash; a hub id has its commit as revision. */
export const ModelRef = z.strictObject({
  path: z.string(),
  revision: z.string(),
  sha256: z.string().nullable(),
});
export type ModelRef = z.infer<typeof ModelRef>;

export const AdapterRef = z.strictObject({ path: z.string(), sha256: z.string() });
export type AdapterRef = z.infer<typeof AdapterRef>;

/** The Judge in a reward: who it is, and `promptVersion` of what it is asked. */
export const JudgeRef = z.strictObject({ model: ModelRef, prompt: z.string() });
export type JudgeRef = z.infer<typeof JudgeRef>;

/**
 * Resolves a model name of the config: `ckpts/…`, `./…` and absolute paths are folders, the rest hub ids
 * (`owner/name`, `owner/name@commit`).
 *
 * A folder is hashed (weights, tokenizer, configuration; not its card). Throws LabError when it is missing,
 * holds no causal language model, lacks its tokenizer, a file of its weights is absent or cut off (by their
 * headers), or the id is not as `hubModel` expects it. A hub id is not looked up: `fetchModel` brings its
 * files.
 */
export async function resolveModel(name: string): Promise<ModelRef> {
  const path = localModelPath(name);
  if (path === null) {
    const { id, commit } = hubModel(name);
    return { path: id, revision: commit, sha256: null };
  }
  assertCausalModel(path);
  return { path, revision: UNPINNED, sha256: await hashFolder(path) };
}

/**
 * The folder with a model's files: its own, or the one in Hugging Face's cache; null when it has not been
 * downloaded.
 */
export function modelFolder({ path, revision, sha256 }: ModelRef): string | null {
  return sha256 !== null ? path : cachedSnapshot({ id: path, commit: revision });
}

/** What stands for the model in keys and in origin.json. */
export function modelId(model: ModelRef): string {
  return model.sha256 ?? `${model.path}@${model.revision}`;
}

/** Throws LabError as resolveModel does for a folder. Reads no weights but their headers. */
export function assertCausalModel(path: string): void {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new LabError({
      what: "The model's folder is missing",
      where: path,
      todo: "Correct the name in the config (models.…), or run the stage that makes the model.",
    });
  const file = join(path, "config.json");
  if (!existsSync(file))
    throw new LabError({
      what: "The folder holds no model",
      where: file,
      expected: "config.json, weights and tokenizer in the Hugging Face layout",
      found: existsSync(join(path, "adapter_config.json")) ? "an adapter: merge it first" : "no config.json",
    });
  let architectures: unknown;
  try {
    architectures = (JSON.parse(readFileSync(file, "utf8")) as { architectures?: unknown }).architectures;
  } catch (cause) {
    throw new LabError(
      { what: "The model's configuration is not JSON", where: file, found: (cause as Error).message },
      { cause },
    );
  }
  if (
    !Array.isArray(architectures) ||
    !architectures.some((a) => typeof a === "string" && a.endsWith("ForCausalLM"))
  )
    throw new LabError({
      what: "The model is of another architecture",
      where: `${file}, field architectures`,
      expected: "a causal language model (…ForCausalLM)",
      found: JSON.stringify(architectures ?? null),
    });
  assertWeights(path);
  assertTokenizer(path);
}

/**
 * Safetensors, in one file or in all the files that their index names; what a pickle would do when it is
 * loaded, nobody can know.
 */
function assertWeights(path: string): void {
  const names = readdirSync(path);
  const index = names.find((name) => name.endsWith(".safetensors.index.json"));
  const wanted = index ? shardsOf(join(path, index)) : ["model.safetensors"];
  const missing = wanted.filter((name) => !names.includes(name));
  if (missing.length === 0) return wanted.forEach((name) => assertWholeFile(join(path, name)));
  const pickles = names.filter((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  throw new LabError({
    what: "The model's folder is incomplete",
    where: path,
    expected:
      wanted.length > 1
        ? `${wanted.length} files of weights, as ${index} names them`
        : "weights as safetensors",
    found:
      pickles.length > 0
        ? `${pickles.join(", ")}: pickled weights are not loaded`
        : "without " +
          `${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ` and ${missing.length - 3} more` : ""}`,
    todo: "Copy or download the folder again.",
  });
}

/** Any one set of these files will do for transformers and vLLM. */
const TOKENIZERS = [["tokenizer.json"], ["tokenizer.model"], ["vocab.json", "merges.txt"], ["tekken.json"]];

function assertTokenizer(path: string): void {
  if (TOKENIZERS.some((files) => files.every((name) => existsSync(join(path, name))))) return;
  throw new LabError({
    what: "The model's folder is incomplete",
    where: path,
    expected: "its tokenizer (tokenizer.json) beside the weights",
    found: "without tokenizer.json",
    todo: "Copy or download the folder again, or copy the tokenizer's files of the same model into it.",
  });
}

function shardsOf(file: string): string[] {
  try {
    const shards = [
      ...new Set(
        Object.values(
          (JSON.parse(readFileSync(file, "utf8")) as { weight_map: Record<string, string> }).weight_map,
        ),
      ),
    ].sort();
    if (shards.length === 0) throw new Error("it names no file");
    return shards;
  } catch (cause) {
    throw new LabError(
      {
        what: "The index of the model's weights cannot be read",
        where: file,
        found: (cause as Error).message,
        todo: "Copy or download the folder again.",
      },
      { cause },
    );
  }
}
