/** The config as the table a notebook shows. */
import type { Config, ConfigSection } from "./config.ts";
import { ORIGINAL, PROFILES } from "./profiles.ts";
import { configKeys, metaOf, valueAt } from "./settings.ts";
import type { ConfigKey } from "./settings.ts";

export interface ConfigRow {
  /** Dotted key, as overrides take it. */
  name: ConfigKey;
  value: unknown;
  unit: string;
  /** The original project's value: `ORIGINAL`. */
  original: unknown;
  /** Whether someone overrode the profile's default. */
  changed: boolean;
  /** That default, of a changed value alone: a column of its own where there is any. */
  default?: unknown;
  why: string;
}

/** The config that a row was made from: a table of rows can say which values its notebook ran with. */
const configs = new WeakMap<object, Config>();

/** The config whose values these rows explain; null for rows of anything else. */
export function explainedConfig(rows: readonly object[]): Config | null {
  return (rows[0] && configs.get(rows[0])) ?? null;
}

/**
 * One row a value of the section, in the config's order. "seed", which stands in no section, may be asked for
 * too.
 */
export function explainConfig(config: Config, ...sections: (ConfigSection | "seed")[]): ConfigRow[] {
  const defaults = PROFILES[config.profile];
  const rows = configKeys()
    .filter((key) => sections.some((section) => key === section || key.startsWith(`${section}.`)))
    .map((name) => {
      const [value, usual] = [valueAt(config, name), valueAt(defaults, name)];
      const changed = JSON.stringify(value) !== JSON.stringify(usual);
      return {
        name,
        value,
        original: valueAt(ORIGINAL, name),
        changed,
        ...(changed && { default: usual }),
        ...metaOf(name),
      };
    });
  for (const row of rows) configs.set(row, config);
  return rows;
}
