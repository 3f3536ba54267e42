/** A lab whose GRPO asks questions of your choice instead of rl.jsonl. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { Lab } from "../config/lab.ts";
import type { RlRow } from "../records.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { sha256 } from "../store/hash.ts";

/**
 * The same lab, asking `rows` under other values of `grpo`; rl.jsonl stays as it is. The rows are kept as
 * `data/processed/<name>_<hash>.jsonl`, so that the same rows make the same run.
 */
export function labOn(lab: Lab, rows: readonly RlRow[], name: string, grpo: Partial<Config["grpo"]>): Lab {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  const rl = join(lab.paths.processed, `${name}_${sha256(text).slice(0, 8)}.jsonl`);
  if (!existsSync(rl)) writeFileAtomic(rl, text);
  return {
    ...lab,
    paths: { ...lab.paths, rl },
    config: { ...lab.config, grpo: { ...lab.config.grpo, dropDeadGroups: false, sampleEvery: 1, ...grpo } },
  };
}
