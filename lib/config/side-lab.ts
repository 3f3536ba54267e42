/** A lab beside the lab: an experiment with other values that overwrites nothing. */
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import { workspacePaths } from "./paths.ts";
import { overrideConfig } from "./settings.ts";
import type { Overrides } from "./settings.ts";

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
