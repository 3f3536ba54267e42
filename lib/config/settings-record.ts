/** What an executed notebook keeps of the values it ran with: a report tells them when the lab is gone. */
import { basename, isAbsolute } from "node:path";
import { z } from "zod";
import { sha256 } from "../store/hash.ts";
import type { Config } from "./config.ts";
import { PROFILES } from "./profiles.ts";
import { configKeys, metaOf, valueAt } from "./settings.ts";

/** The type under which a config table carries the record, beside its HTML; viewers pass over it. */
export const SETTINGS_MIME = "application/vnd.ftmodel.settings+json";

export const SettingsRecord = z.object({
  profile: z.string(),
  /** Names of the models, as the config has them. */
  models: z.object({ base: z.string(), teacher: z.string(), judge: z.string() }),
  /** The values that are not the profile's, in the config's order. */
  changed: z.array(
    z.object({ name: z.string(), value: z.unknown(), default: z.unknown(), unit: z.string() }),
  ),
  /** `workspaceMark` of the folder that the notebook wrote to. */
  workspace: z.string(),
});
export type SettingsRecord = z.infer<typeof SettingsRecord>;

/** The record of a config in the workspace `root`. Of an absolute path only the last part is kept. */
export function recordSettings(config: Config, root: string): SettingsRecord {
  const defaults = PROFILES[config.profile];
  const { base, teacher, judge } = config.models;
  const changed = configKeys()
    .map((name) => ({
      name,
      value: valueAt(config, name),
      default: valueAt(defaults, name),
      unit: metaOf(name).unit,
    }))
    .filter(({ value, default: usual }) => JSON.stringify(value) !== JSON.stringify(usual))
    .map((row) => ({ ...row, value: withoutFolders(row.value) }));
  const models = { base: nameOf(base), teacher: nameOf(teacher), judge: nameOf(judge) };
  return { profile: config.profile, models, changed, workspace: workspaceMark(root) };
}

/** A workspace's mark: tells two folders apart without naming them to whoever reads the report. */
export function workspaceMark(root: string): string {
  return sha256(root).slice(0, 12);
}

function withoutFolders(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFolders);
  return typeof value === "string" ? nameOf(value) : value;
}

function nameOf(path: string): string {
  return isAbsolute(path) ? basename(path) : path;
}
