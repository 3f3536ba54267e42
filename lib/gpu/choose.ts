/** The setting of a stage that a GPU has room for. Pure: sizes in, a choice out. */
import type { Config } from "../config/config.ts";
import { PROFILES } from "../config/profiles.ts";
import { overrideConfig, valueAt } from "../config/settings.ts";
import type { Overrides } from "../config/settings.ts";
import { LabError } from "../errors.ts";
import { GIB, totalMemory } from "./memory.ts";
import type { Memory } from "./memory.ts";
import type { PlannedStage } from "./stage.ts";

/** A setting and what it takes of each GPU. */
export interface Option {
  /** What it changes in the config. */
  overrides: Overrides;
  /** In words, for a table. */
  setting: string;
  memory: Memory;
  /** A share of the GPU that is too small for what it is to hold: with it nothing fits. */
  short?: Short | undefined;
  /** Bytes of cache for a vLLM server whose requests can never fill its share; else it fills the share. */
  cacheBytes?: number | undefined;
}

/** What a share of the GPU (a key of the config) holds, and what it would have to; bytes. */
export interface Short {
  key: string;
  has: number;
  needs: number;
}

export interface Choice extends Option {
  stage: PlannedStage["stage"];
  /** Bytes of one GPU that may be taken. */
  room: number;
  fits: boolean;
}

/** What is on a card besides us: a desktop, another context. */
const SPARE = 0.04;

export const bytesOf = (mebibytes: number): number => mebibytes * 2 ** 20;

/** Bytes of a GPU of so many MiB that a plan may count on. */
export function roomOf(memoryMiB: number): number {
  return bytesOf(memoryMiB) * (1 - SPARE);
}

/** The first of the options, best first, that has room; the smallest one when none has. */
export function choose(stage: Choice["stage"], options: readonly Option[], room: number): Choice {
  const fitting = options.find(({ memory, short }) => !short && totalMemory(memory) <= room);
  const option = fitting ?? [...options].sort((a, b) => totalMemory(a.memory) - totalMemory(b.memory))[0];
  if (!option)
    throw new LabError({
      what: "These settings do not go together",
      where: `stage ${stage}`,
      found: "no setting that they allow",
    });
  return { ...option, stage, room, fits: fitting !== undefined };
}

/** Whether a plan may change a key: nobody set it, and it has its profile's value. */
export function freeKeys(config: Config, chosen: readonly string[] = []): (key: string) => boolean {
  return (key) => !chosen.includes(key) && valueAt(config, key) === valueAt(PROFILES[config.profile], key);
}

/** What `find` returns; null where it throws a LabError: advice that cannot be given is left out. */
export function unlessRefused<T>(find: () => T): T | null {
  try {
    return find();
  } catch (error) {
    if (error instanceof LabError) return null;
    throw error;
  }
}

/** Whether the config takes these values. */
export function accepts(config: Config, overrides: Overrides): boolean {
  return unlessRefused(() => overrideConfig(config, overrides)) !== null;
}

/** Divisors of `n`, the largest first. @example divisors(12, 6) //=> [6, 4, 3, 2, 1] */
export function divisors(n: number, atMost = n): number[] {
  return Array.from({ length: Math.min(n, atMost) }, (_, i) => Math.min(n, atMost) - i).filter(
    (d) => n % d === 0,
  );
}

/**
 * Throws LabError when a choice has no room: what is needed, what is there, the gigabytes missing, and a
 * setting that would fit. `choiceFor` plans again under other settings: first with nothing set by hand, then
 * with shorter and shorter rows. `instead` is what would do without another setting.
 */
export function assertFits(
  choice: Choice,
  config: Config,
  where: string,
  choiceFor: (config: Config, free: (key: string) => boolean) => Choice,
  instead: () => string | null = () => null,
): void {
  if (choice.fits) return;
  const { short } = choice;
  const [has, need] = short ? [short.has, short.needs] : [choice.room, totalMemory(choice.memory)];
  const length = {
    SFT: "sft.maxLength",
    GRPO: "grpo.maxTokens",
    "on-policy distillation": "onPolicy.maxTokens",
    merge: "prepare.maxPromptTokens",
    serving: "serving.maxModelLength",
  }[choice.stage];
  throw new LabError({
    what: `${choice.stage} does not fit into the GPU's memory`,
    where,
    expected: `${gigabytes(need)} GiB at least (${choice.setting})`,
    found:
      `${gigabytes(has)} GiB to ` +
      `use${short ? ` by ${short.key}=${valueAt(config, short.key)}` : ""}: ` +
      `${gigabytes(need - has)} GiB are missing. Nothing was loaded.`,
    todo:
      [instead(), advice()].filter((one) => one !== null).join(" Or: ") ||
      "Take a smaller model, or a larger GPU.",
  });

  function advice(): string | null {
    const unset = short ? backToProfile(config, short.key) : {}; // the culprit first
    const fitting = attempt(unset);
    if (fitting) return `This would fit: ${settings(fitting)}`;
    for (let tokens = valueAt(config, length) as number; (tokens = Math.floor(tokens / 2)) >= 128; ) {
      const shorter = attempt({ [length]: tokens, ...unset });
      if (shorter) return `This would fit: ${settings(shorter)}`;
    }
    return null;
  }

  /** All that has to be set besides these; null when nothing fits with them, or the config refuses it. */
  function attempt(changes: Overrides): Overrides | null {
    const other = unlessRefused(() => choiceFor(overrideConfig(config, changes), () => true));
    const all = { ...changes, ...other?.overrides };
    return other?.fits && accepts(config, all) ? all : null;
  }
}

function backToProfile(config: Config, key: string): Overrides {
  const value = valueAt(PROFILES[config.profile], key);
  return value === valueAt(config, key) ? {} : { [key]: value };
}

/** As a command line takes them. */
export function settings(overrides: Overrides): string {
  return Object.entries(overrides)
    .map(([key, value]) => `--set ${key}=${JSON.stringify(value)}`)
    .join(" ");
}

export const gigabytes = (bytes: number): string => (bytes / GIB).toFixed(1);

/** Of a plan, GiB a GPU: its parts by name, and all of them. */
function partsOf(choice: Choice): Record<string, number> {
  const { weights, cache, optimizer, activations, runtime } = choice.memory;
  const parts = {
    ...{ weights, "KV cache": cache, optimizer, activations, runtime },
    "in all": totalMemory(choice.memory),
  };
  return Object.fromEntries(Object.entries(parts).map(([name, bytes]) => [name, Number(gigabytes(bytes))]));
}

/** One row of the table of GPUs; GiB a GPU. */
export function planRow(choice: Choice, gpu: string): Record<string, unknown> {
  return {
    stage: choice.stage,
    GPU: gpu,
    ...Object.fromEntries(Object.entries(partsOf(choice)).map(([name, size]) => [`${name} (GiB)`, size])),
    fits: choice.fits ? "yes" : "NO",
    setting: choice.setting,
  };
}

/** What is printed before anything is loaded: lines that a page need not break. */
export function planText(choice: Choice, model: string, gpu: string): string {
  const { "in all": all, ...parts } = partsOf(choice);
  const sizes = Object.entries(parts).filter(([, size]) => size > 0);
  return [
    `Memory planned for ${model}`,
    `  ${choice.stage} on ${gpu}: ${all} GiB${choice.fits ? "" : ", which it does NOT have"}`,
    `  ${sizes.map(([name, size]) => `${name} ${size}`).join(", ")}`,
    `  ${choice.setting}`,
  ].join("\n");
}
