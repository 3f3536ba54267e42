/** The setting of a stage that a GPU has room for. Pure: sizes in, a choice out. */
import type { Config } from "../config/config.ts";
import { PROFILES } from "../config/profiles.ts";
import { overrideConfig, valueAt } from "../config/settings.ts";
import type { Overrides } from "../config/settings.ts";
import { LabError } from "../errors.ts";
import { GIB, totalMemory } from "./memory-plan.ts";
import type { Memory } from "./memory-plan.ts";

/** A setting and what it takes of each GPU. */
export interface Option {
  /** What it changes in the config. */
  overrides: Overrides;
  /** In words, for a table. */
  setting: string;
  memory: Memory;
}

export interface Fit extends Option {
  stage: "SFT" | "GRPO" | "merge" | "serving";
  /** Bytes of one GPU that may be taken. */
  room: number;
  fits: boolean;
}

/** What is on a card besides us: a desktop, another context. */
const SPARE = 0.04;

/** Bytes of a GPU of so many MiB that a plan may count on. */
export function roomOf(memoryMiB: number): number {
  return memoryMiB * 2 ** 20 * (1 - SPARE);
}

/** The first of the options, best first, that has room; the smallest one when none has. */
export function choose(stage: Fit["stage"], options: readonly Option[], room: number): Fit {
  const fitting = options.find(({ memory }) => totalMemory(memory) <= room);
  const option = fitting ?? [...options].sort((a, b) => totalMemory(a.memory) - totalMemory(b.memory))[0];
  if (!option) throw new LabError({ what: "These settings do not go together", where: `stage ${stage}`, found: "no setting that they allow" });
  return { ...option, stage, room, fits: fitting !== undefined };
}

/** Whether a plan may change a key: nobody set it, and it has its profile's value. */
export function freeKeys(config: Config, chosen: readonly string[] = []): (key: string) => boolean {
  return (key) => !chosen.includes(key) && valueAt(config, key) === valueAt(PROFILES[config.profile], key);
}

/** Divisors of `n`, the largest first. @example divisors(12, 6) //=> [6, 4, 3, 2, 1] */
export function divisors(n: number, atMost = n): number[] {
  return Array.from({ length: Math.min(n, atMost) }, (_, i) => Math.min(n, atMost) - i).filter((d) => n % d === 0);
}

/**
 * Throws LabError when a fit has no room: what is needed, what is there, the gigabytes missing, and a setting that would fit.
 * `fitFor` plans again under other settings: first with nothing set by hand, then with shorter and shorter rows.
 */
export function assertFits(fit: Fit, config: Config, model: string, fitFor: (config: Config, free: (key: string) => boolean) => Fit): void {
  if (fit.fits) return;
  const need = totalMemory(fit.memory);
  const length = { SFT: "sft.maxLength", GRPO: "grpo.maxTokens", merge: "evaluate.maxTokens", serving: "serving.maxModelLength" }[fit.stage];
  throw new LabError({
    what: `${fit.stage} does not fit into the GPU's memory`,
    where: model,
    expected: `${gigabytes(need)} GiB at least (${fit.setting})`,
    found: `${gigabytes(fit.room)} GiB to use: ${gigabytes(need - fit.room)} GiB are missing. Nothing was loaded.`,
    todo: advice() ?? "Take a smaller model, or a larger GPU.",
  });

  function advice(): string | null {
    const unset = fitFor(config, () => true);
    if (unset.fits) return `This would fit: ${settings(unset.overrides)}`;
    for (let tokens = valueAt(config, length) as number; (tokens = Math.floor(tokens / 2)) >= 128; ) {
      const shorter = fitFor(overrideConfig(config, { [length]: tokens }), () => true);
      if (shorter.fits) return `This would fit: ${settings({ [length]: tokens, ...shorter.overrides })}`;
    }
    return null;
  }
}

/** As a command line takes them. */
export function settings(overrides: Overrides): string {
  return Object.entries(overrides).map(([key, value]) => `--set ${key}=${JSON.stringify(value)}`).join(" ");
}

export const gigabytes = (bytes: number): string => (bytes / GIB).toFixed(1);

/** One row of the table that is printed before anything is loaded; GiB a GPU. */
export function fitRow(fit: Fit, gpu: string): Record<string, unknown> {
  const { weights, cache, optimizer, activations, runtime } = fit.memory;
  const parts = { weights, "KV cache": cache, optimizer, activations, runtime, "in all": totalMemory(fit.memory) };
  return { stage: fit.stage, GPU: gpu, ...Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [`${name} (GiB)`, Number(gigabytes(bytes))])), fits: fit.fits ? "yes" : "NO", setting: fit.setting };
}
