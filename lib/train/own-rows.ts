/** A lab whose GRPO asks questions of your choice instead of rl.jsonl. */
import type { Config } from "../config/config.ts";
import type { Lab } from "../config/lab.ts";
import type { RlRow } from "../records.ts";
import { keepRows } from "./probe-rows.ts";

/**
 * The same lab, asking `rows` under other values of `grpo`; rl.jsonl stays as it is. The rows are kept as
 * `data/processed/<name>_<hash>.jsonl`, so that the same rows make the same run.
 */
export function labOn(lab: Lab, rows: readonly RlRow[], name: string, grpo: Partial<Config["grpo"]>): Lab {
  const rl = keepRows(lab, name, rows);
  return {
    ...lab,
    paths: { ...lab.paths, rl },
    config: {
      ...lab.config,
      grpo: { ...lab.config.grpo, dropDeadGroups: false, probeSteps: 0, sampleEvery: 1, ...grpo },
    },
  };
}
