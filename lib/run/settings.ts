/** Which settings made a run what it is: its default label, and in what runs differ. Pure. */
import type { Config, ConfigSection } from "../config/config.ts";
import { explainConfig } from "../config/explain.ts";
import { configKeys, valueAt } from "../config/settings.ts";
import type { ConfigKey } from "../config/settings.ts";
import { formatNumber } from "../view/numbers.ts";
import type { TrainedStage } from "./key.ts";

/** A training's section of the config. */
const SECTION = { sft: "sft", grpo: "grpo", on_policy: "onPolicy" } as const satisfies Record<
  TrainedStage,
  ConfigSection
>;

/** Of the other sections: what a training reads as well. */
const SHARED: readonly string[] = ["seed", "prompt.system", "models.base", "models.loadIn4bit"];
const SECTIONS: readonly (ConfigSection | "seed")[] = [
  "seed",
  "models",
  "prompt",
  "sft",
  "grpo",
  "onPolicy",
  "gpu",
];

/** The keys that can change what a training makes, in the config's order. */
export function trainingKeys(stage: TrainedStage): ConfigKey[] {
  return configKeys().filter((key) => isOfStage(key, stage));
}

function isOfStage(key: string, stage: TrainedStage): boolean {
  const teaches = stage === "on_policy" && key === "models.teacher";
  return key.startsWith(`${SECTION[stage]}.`) || key.startsWith("gpu.") || SHARED.includes(key) || teaches;
}

export interface ChangedSetting {
  key: ConfigKey;
  value: unknown;
  default: unknown;
}

/** The settings of a training that differ from its profile's defaults. */
export function changedSettings(config: Config, stage: TrainedStage): ChangedSetting[] {
  return explainConfig(config, ...SECTIONS)
    .filter(({ name, changed }) => changed && isOfStage(name, stage))
    .map(({ name, value, default: usual }) => ({ key: name, value, default: usual }));
}

/** The keys in which these configs are not all alike. */
export function differingKeys(configs: readonly Config[], stage: TrainedStage): ConfigKey[] {
  return trainingKeys(stage).filter(
    (key) => new Set(configs.map((config) => JSON.stringify(valueAt(config, key)))).size > 1,
  );
}

/** "learningRate 0.0005": the key without its stage. */
export function describeSetting(key: ConfigKey, value: unknown): string {
  return `${key.replace(/^(?:sft|grpo|onPolicy)\./, "")} ${describeValue(value)}`;
}

/** A folder by its last two names, a number without needless digits. */
export function describeValue(value: unknown): string {
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string")
    return value === "" ? "(empty)" : value.split("/").slice(-2).join("/").slice(0, 40);
  return String(value);
}

/** A run's name for people: what it is, and what was changed against the default. */
export function defaultLabel(
  head: string,
  config: Config,
  stage: TrainedStage,
  except: readonly ConfigKey[] = [],
): string {
  const changes = changedSettings(config, stage).filter(({ key }) => !except.includes(key));
  return [head, ...changes.map(({ key, value }) => describeSetting(key, value))].join(", ");
}
