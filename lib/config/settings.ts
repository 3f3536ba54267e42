/** From profile, settings and overrides to one checked config. Pure. */
import type { z } from "zod";
import { Config } from "./config.ts";
import type { ConfigSection, ProfileName } from "./config.ts";
import { LabError, nearest } from "../errors.ts";
import { fieldProblem, shorten } from "../store/field-problem.ts";
import { PROFILES } from "./profiles.ts";
import type { Meta } from "./sections/values.ts";

/** Every key that can be set, dotted: "grpo.learningRate", "seed". */
export type ConfigKey = "seed" | { [S in ConfigSection]: `${S}.${keyof Config[S] & string}` }[ConfigSection];

export type ConfigValue<K extends ConfigKey> = K extends `${infer S extends ConfigSection}.${infer Name}`
  ? Config[S][Name & keyof Config[S]]
  : Config["seed"];

/** Dotted key → value: `{ "grpo.learningRate": 1e-4 }`. An editor completes the keys and marks a slip. */
export type Overrides = { [K in ConfigKey]?: ConfigValue<K> };

export interface Settings {
  profile?: string | undefined;
  /** "key=value" texts; they win over `overrides`. */
  set?: readonly string[] | undefined;
  /** The user's own files; they win over everything else that names `prepare.sources`. */
  sources?: readonly string[] | undefined;
  /** What a notebook cell asks for. */
  overrides?: Overrides | undefined;
}

/**
 * The config of a profile with overrides applied: profile < overrides < set < sources.
 *
 * Throws LabError on an unknown profile or key (naming the nearest valid one), on a value out of range or of
 * the wrong type (key, what is allowed, what was found), and on values that contradict each other.
 */
export function resolveConfig({
  profile = "tiny",
  set = [],
  sources,
  overrides = {},
}: Settings = {}): Config {
  const config = structuredClone(PROFILES[profileName(profile)]) as Config;
  for (const [key, value] of Object.entries(overrides)) assign(config, key, checkValue(key, value));
  for (const setting of set) {
    const { key, value } = parseSetting(setting);
    assign(config, key, value);
  }
  if (sources !== undefined) config.prepare.sources = checkValue("prepare.sources", [...sources]) as string[];
  return checked(config);
}

/** A copy of a checked config with some values changed. Throws LabError as resolveConfig. */
export function overrideConfig(config: Config, overrides: Overrides): Config {
  const copy = structuredClone(config);
  for (const [key, value] of Object.entries(overrides)) assign(copy, key, checkValue(key, value));
  return checked(copy);
}

function checked(config: Config): Config {
  const parsed = Config.safeParse(config);
  if (parsed.success) return parsed.data;
  const { field, expected, found } = fieldProblem(parsed.error, config);
  throw new LabError({ what: "These settings do not go together", where: `key ${field}`, expected, found });
}

/** The profile by that name. Throws LabError naming the nearest one. */
export function profileName(name: string): ProfileName {
  if (Object.hasOwn(PROFILES, name)) return name as ProfileName;
  throw unknown("profile", name, Object.keys(PROFILES));
}

/**
 * One `key=value`, checked: the key exists and the value fits it.
 *
 * The value is JSON where that parses and fits (`true`, `1e-4`, `["a.jsonl"]`), else the text itself, so
 * names need no quotes. Throws LabError as resolveConfig.
 */
export function parseSetting(setting: string): { key: string; value: unknown } {
  const at = setting.indexOf("=");
  if (at < 1)
    throw new LabError({
      what: "A setting cannot be read",
      expected: "key=value, such as grpo.learningRate=1e-4",
      found: shorten(setting),
    });
  const key = setting.slice(0, at).trim();
  const text = setting.slice(at + 1).trim();
  const schema = schemaOf(key);
  let value: unknown = text;
  try {
    value = JSON.parse(text);
  } catch {
    // a plain text
  }
  // a name that looks like a number
  if (value !== text && !schema.safeParse(value).success && schema.safeParse(text).success) value = text;
  return { key, value: checkValue(key, value) };
}

/** Every key that can be set, in the order of the config. */
export function configKeys(): ConfigKey[] {
  return [...LEAVES.keys()] as ConfigKey[];
}

/** The value at one of `configKeys`. */
export function valueAt(config: Config, key: string): unknown {
  return key.split(".").reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], config);
}

/** Unit and reason of a key. Throws LabError on an unknown one. */
export function metaOf(key: string): Meta {
  return (schemaOf(key).meta() ?? { unit: "", why: "" }) as unknown as Meta;
}

const LEAVES: ReadonlyMap<string, z.ZodType> = leaves();

function leaves(): Map<string, z.ZodType> {
  const found = new Map<string, z.ZodType>();
  for (const [section, schema] of Object.entries(Config.shape) as [string, z.ZodType][]) {
    if (section === "profile") continue; // chosen by name, before any key is read
    const shape = (schema as z.ZodObject).shape as Record<string, z.ZodType> | undefined;
    if (shape === undefined) found.set(section, schema);
    else for (const [name, leaf] of Object.entries(shape)) found.set(`${section}.${name}`, leaf);
  }
  return found;
}

function schemaOf(key: string): z.ZodType {
  const schema = LEAVES.get(key);
  if (schema) return schema;
  if (key === "profile")
    throw new LabError({
      what: "The profile is not a setting",
      where: "key profile",
      todo: "Choose it with --profile NAME (FTMODEL_PROFILE=NAME).",
    });
  // The right name in the wrong section is a likelier slip than another name in the right one.
  const last = key.slice(key.lastIndexOf(".") + 1);
  const namesakes = configKeys().filter((k) => k.endsWith(`.${last}`));
  throw unknown("key", key, namesakes.length > 0 ? namesakes : configKeys());
}

function checkValue(key: string, value: unknown): unknown {
  const parsed = schemaOf(key).safeParse(value);
  if (parsed.success) return parsed.data;
  const { expected } = fieldProblem(parsed.error, value);
  const unit = metaOf(key).unit;
  throw new LabError({
    what: "A setting is out of range",
    where: `key ${key}`,
    expected: `${allowed(key) ?? expected}${unit ? ` (${unit})` : ""}`,
    found: shorten(value),
  });
}

/** The range or the choices of a key in words; null where its schema says it otherwise. */
function allowed(key: string): string | null {
  const schema = schemaOf(key) as z.ZodType & {
    minValue?: number | null;
    maxValue?: number | null;
    options?: readonly unknown[];
    isInt?: boolean;
  };
  if (schema.options) return `one of ${schema.options.join(", ")}`;
  if (typeof schema.minValue === "number" && typeof schema.maxValue === "number")
    return `a ${schema.isInt ? "whole " : ""}number from ${schema.minValue} to ${schema.maxValue}`;
  return null;
}

function assign(config: Config, key: string, value: unknown): void {
  const [section, name] = key.split(".") as [string, string?];
  const target = config as unknown as Record<string, unknown>;
  if (name === undefined) target[section] = value;
  else (target[section] as Record<string, unknown>)[name] = value;
}

function unknown(kind: string, found: string, valid: readonly string[]): LabError {
  const near = slip(found, valid) ?? (valid.length === 1 ? valid[0] : null);
  const expected = near ? `did you mean ${near}?` : `one of ${among(valid, found).join(", ")}`;
  return new LabError({ what: `There is no such ${kind}`, where: `${kind} ${found}`, expected, found });
}

/** The valid name that was meant. A section that both stand in is no likeness: of grpo.lr only lr counts. */
function slip(found: string, valid: readonly string[]): string | null {
  const near = nearest(found, valid);
  const [section, name] = found.split(".");
  if (near === null || name === undefined || !near.startsWith(`${section}.`)) return near;
  return nearest(name, [near.slice(section!.length + 1)]) && near;
}

/** Of many keys those of the section that was named; of a section that is none, the sections. */
function among(valid: readonly string[], found: string): readonly string[] {
  const sectionOf = (key: string): string => key.split(".")[0]!;
  const siblings = valid.filter((key) => sectionOf(key) === sectionOf(found));
  if (valid.length <= 8) return valid;
  return siblings.length > 0 ? siblings : [...new Set(valid.map((key) => key.replace(/\..*/, ".…")))];
}
