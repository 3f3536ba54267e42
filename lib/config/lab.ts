/** The lab a notebook works in: its checked config and its paths. */
import { isAbsolute, resolve, join } from "node:path";
import type { Config, ProfileName } from "./config.ts";
import { LabError } from "../errors.ts";
import { shorten } from "../store/field-problem.ts";
import { REPO_ROOT, workspacePaths } from "./paths.ts";
import type { Paths } from "./paths.ts";
import { parseSetting, resolveConfig, overrideConfig, valueAt } from "./settings.ts";
import type { ConfigKey, ConfigValue, Overrides } from "./settings.ts";

export interface Lab {
  readonly config: Config;
  readonly paths: Paths;
  /** Redo what is finished already. */
  readonly force: boolean;
  /** Keys that a cell or the environment set, also to the value they had: nothing else may change them. */
  readonly chosen?: readonly string[];
}

/** What a cell may set: the profile and any value of it. */
export type LabOverrides = {
  [K in ConfigKey | "profile"]?: K extends ConfigKey ? ConfigValue<K> : ProfileName;
};

/**
 * Opens the lab: profile < `overrides` < `environment`. What they may hold: `openLab` of train/open-lab.ts,
 * which is this one for a notebook. Starts nothing.
 */
export function openLab(overrides: LabOverrides = {}, environment: NodeJS.ProcessEnv = process.env): Lab {
  const { profile, ...rest } = overrides;
  const set = textList(environment, "FTMODEL_SET", '["grpo.learningRate=1e-4"]') ?? [];
  const sources = textList(environment, "FTMODEL_SOURCES", '["/data/questions.jsonl"]');
  const config = resolveConfig({
    profile: environment.FTMODEL_PROFILE || (profile === undefined ? "tiny" : String(profile)),
    overrides: rest,
    set,
    sources,
  });
  const keys = set.map((setting) => parseSetting(setting).key);
  const fromOutside = [
    ...(environment.FTMODEL_PROFILE ? ["profile"] : []),
    ...(sources ? ["prepare.sources"] : []),
    ...keys,
  ];
  for (const line of beatenIn(overrides, config, fromOutside)) console.log(line);
  config.prepare.sources = config.prepare.sources.map((file) =>
    isAbsolute(file) ? file : resolve(REPO_ROOT, file),
  );
  const chosen = [...Object.keys(rest), ...keys];
  return {
    config,
    paths: workspacePaths(environment.FTMODEL_WORKSPACE || REPO_ROOT),
    force: flag(environment, "FTMODEL_FORCE"),
    chosen,
  };
}

/** A sentence for each value of the cell that has no effect: one would look for the fault elsewhere. */
function beatenIn(overrides: LabOverrides, config: Config, fromOutside: readonly string[]): string[] {
  return Object.entries(overrides).flatMap(([key, wanted]) => {
    const [here, there] = [wanted, valueAt(config, key)].map((value) => JSON.stringify(value));
    if (!fromOutside.includes(key) || here === there) return [];
    return [
      `${key} is ${there}, not ${here}: what the lab was started with (--profile, --set, --source) wins`,
    ];
  });
}

function textList(environment: NodeJS.ProcessEnv, name: string, example: string): string[] | undefined {
  const text = environment[name];
  if (!text) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((entry) => typeof entry === "string")) return list as string[];
  } catch {
    // told below
  }
  throw new LabError({
    what: "An environment variable cannot be read",
    where: name,
    expected: `a JSON list of texts, such as ${example}`,
    found: shorten(text),
  });
}

function flag(environment: NodeJS.ProcessEnv, name: string): boolean {
  const text = environment[name] ?? "";
  if (["", "0", "false"].includes(text)) return false;
  if (["1", "true"].includes(text)) return true;
  throw new LabError({
    what: "An environment variable cannot be read",
    where: name,
    expected: "1 or 0",
    found: shorten(text),
  });
}

/**
 * The same lab with some values changed, writing to `reports/side/<name>/` instead: the files of the main
 * line stay as they are.
 *
 * Unlike `openLab`'s overrides these win over the environment: they are what the experiment is about. Creates
 * nothing. Throws LabError on an unknown key or a value out of range, RangeError on a name that is no plain
 * folder name.
 *
 * @example sideLab(lab, "four_texts", { "distill.samplesPerQuestion": 4 })
 */
export function sideLab(lab: Lab, name: string, overrides: Overrides): Lab {
  if (!/^[a-z][a-z0-9_]{0,60}$/.test(name))
    throw new RangeError(
      `sideLab requires a name of small letters, digits and _, got ${JSON.stringify(name)}`,
    );
  return {
    ...lab,
    config: overrideConfig(lab.config, overrides),
    paths: workspacePaths(join(lab.paths.reports, "side", name)),
  };
}
