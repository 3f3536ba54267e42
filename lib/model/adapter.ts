/**
 * LoRA adapters on disk: which base they belong to, where they came from, putting the finished one in its
 * place.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { fileError, syncFolder, writeFileAtomic } from "../store/atomic.ts";
import { LabError } from "../errors.ts";
import { hashFolder } from "../store/hash.ts";
import { modelId } from "./ref.ts";
import { localModelPath } from "../config/paths.ts";
import { identify } from "../store/process.ts";
import type { AdapterRef, ModelRef } from "./ref.ts";
import { assertWholeFile, readTensorTable } from "./safetensors.ts";

/** `origin.json` beside published weights: which run made them, from which base. */
const Origin = z.object({ run: z.string(), base: z.string(), adapter: z.string().nullable() });
export type Origin = z.infer<typeof Origin>;

/** The origin of published weights; null when they came from elsewhere. */
export function readOrigin(path: string): Origin | null {
  const file = join(path, "origin.json");
  if (!existsSync(file)) return null;
  try {
    return Origin.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null; // not ours: judged by its weights
  }
}

export function writeOrigin(path: string, origin: Origin): void {
  writeFileAtomic(join(path, "origin.json"), `${JSON.stringify(origin, null, 2)}\n`);
}

/**
 * The adapter in a folder, checked to belong to `base`, and its content hash.
 *
 * Ours say so in origin.json. A foreign one must fit tensor by tensor when the base is a folder (lora_A's
 * inputs and lora_B's outputs are those of the weight it changes) and, if it names its base, name one of the
 * same last part; it must name the base itself when that is a hub id. Throws LabError before anything is
 * written.
 */
export async function checkAdapter(path: string, base: ModelRef, todo?: string): Promise<AdapterRef> {
  const configFile = join(path, "adapter_config.json");
  const weights = join(path, "adapter_model.safetensors");
  for (const file of [configFile, weights])
    if (!existsSync(file))
      throw new LabError({
        what: "There is no adapter",
        where: file,
        todo: todo ?? "Run the notebook that trains it.",
      });
  assertWholeFile(weights);
  const origin = readOrigin(path);
  if (origin) {
    if (origin.base !== modelId(base))
      throw anotherBase(path, base, `trained on ${origin.base.slice(0, 60)} by ${origin.run}`, todo);
  } else if (base.sha256 !== null) {
    assertSameName(path, configFile, base, todo);
    assertShapesFit(path, weights, base, todo);
  } else {
    const named = adapterBaseName(configFile);
    if (named !== base.path) throw anotherBase(path, base, `an adapter of ${named}`, todo);
  }
  return { path, sha256: await hashFolder(path) };
}

function anotherBase(path: string, base: ModelRef, found: string, todo?: string): LabError {
  return new LabError({
    what: "The adapter belongs to another base",
    where: path,
    expected: `an adapter of ${base.path} (${modelId(base).slice(0, 60)})`,
    found,
    todo: todo ?? RETRAIN,
  });
}

const RETRAIN = "Train it again on this base, or name the base it was trained on (models.base).";

/**
 * A folder is moved and a hub model downloaded under the same last name; of equal shapes alone there are many
 * models.
 */
function assertSameName(path: string, configFile: string, base: ModelRef, todo?: string): void {
  const named = baseNameOf(configFile);
  if (typeof named !== "string" || named === "" || basename(named) === basename(base.path)) return;
  throw anotherBase(
    path,
    base,
    `an adapter of ${named}`,
    `${todo ?? RETRAIN} If it is the same base under another name, correct ` +
      "base_model_name_or_path in adapter_config.json.",
  );
}

function adapterBaseName(configFile: string): string {
  const name = baseNameOf(configFile);
  return typeof name === "string" ? (localModelPath(name) ?? name) : String(name);
}

function baseNameOf(configFile: string): unknown {
  return adapterConfig(configFile).base_model_name_or_path;
}

function adapterConfig(file: string): { base_model_name_or_path?: unknown; r?: unknown } {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof adapterConfig>;
  } catch (cause) {
    throw new LabError(
      { what: "The adapter's configuration is not JSON", where: file, found: (cause as Error).message },
      { cause },
    );
  }
}

/** The rank of an adapter, from its adapter_config.json. Throws LabError where that holds none. */
export function adapterRank(path: string): number {
  const file = join(path, "adapter_config.json");
  const { r } = adapterConfig(file);
  if (Number.isInteger(r) && (r as number) >= 1) return r as number;
  throw new LabError({
    what: "The adapter's configuration names no rank",
    where: `${file}, field r`,
    expected: "a whole number from 1 on",
    found: JSON.stringify(r) ?? "nothing",
    todo: RETRAIN,
  });
}

const FACTOR = /^base_model\.model\.(.+)\.lora_(A|B)\.(?:\w+\.)?weight$/;

function assertShapesFit(path: string, weights: string, base: ModelRef, todo?: string): void {
  const shapes = new Map<string, number[]>();
  for (const name of readdirSync(base.path))
    if (name.endsWith(".safetensors"))
      for (const [tensor, info] of readTensorTable(join(base.path, name))) shapes.set(tensor, info.shape);
  const factors = readTensorTable(weights);
  const other = [...factors.keys()].find((name) => !FACTOR.test(name));
  if (factors.size === 0 || other !== undefined)
    throw new LabError({
      what: "The adapter holds no LoRA factors alone",
      where: weights,
      expected: "lora_A and lora_B of linear maps (not DoRA, no embeddings, no modules saved whole)",
      found: other ?? "no tensor at all",
      todo: RETRAIN,
    });
  for (const [name, { shape }] of factors) {
    const match = FACTOR.exec(name)!;
    const target = shapes.get(`${match[1]}.weight`); // (out, in)
    const fits = target && (match[2] === "A" ? shape[1] === target[1] : shape[0] === target[0]);
    if (!fits)
      throw anotherBase(
        path,
        base,
        `${name} of shape ${shape.join(" × ")} against ` +
          `${target ? `a weight of ${target.join(" × ")}` : "no such weight"}`,
        todo,
      );
  }
}

/**
 * Puts a copy of a folder in the place of another: a reader sees the old one or the new one, for an instant
 * none, never a mixture. Killed in between, the next call completes it. Throws LabError when the disk
 * refuses; the old one then stays.
 */
export function publishFolder(source: string, target: string): void {
  const parent = dirname(target);
  const aside = (what: string) => join(parent, `.${basename(target)}.${process.pid}.${what}`);
  try {
    mkdirSync(parent, { recursive: true });
    removeLeftovers(parent, basename(target));
    cpSync(source, aside("new"), { recursive: true, dereference: true });
    if (existsSync(target)) renameSync(target, aside("old"));
    renameSync(aside("new"), target);
    syncFolder(parent);
  } catch (cause) {
    if (!existsSync(target) && existsSync(aside("old"))) renameSync(aside("old"), target);
    throw fileError("A trained model could not be put in its place", target, cause);
  } finally {
    for (const what of ["new", "old"]) rmSync(aside(what), { recursive: true, force: true });
  }
}

/**
 * Copies that a killed process left half way; the old folder goes back where the new one did not come in its
 * place.
 */
function removeLeftovers(parent: string, target: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(`.${target}.`) && /^(\d+)\.(new|old)$/.exec(name.slice(target.length + 2));
    if (pid && (Number(pid[1]) === process.pid || identify(Number(pid[1])) === null)) {
      if (pid[2] === "old" && !existsSync(join(parent, target)))
        renameSync(join(parent, name), join(parent, target));
      else rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
}
