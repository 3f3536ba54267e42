/** The trainer's own loss of one row: what a loss that was computed by hand is held against. */
import { join } from "node:path";
import { sideLab } from "../config/lab.ts";
import type { Lab } from "../config/lab.ts";
import { loadTokenizer } from "../model/tokens.ts";
import type { SftRow } from "../records.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { sha256 } from "../store/hash.ts";
import { trainSft } from "./train.ts";
import type { TrainOptions } from "./train.ts";

/** What is trained for it: as small in every profile. */
const MODEL = "ckpts/tiny/base";

/**
 * Runs one step of SFT of the tiny Base on this row alone, in a side lab, and returns the loss before that
 * step in nats a token; null for a row that the trainer leaves out as too long. Published nowhere. An
 * unchanged call finds it again. Throws LabError as trainSft.
 */
export async function trainerLoss(lab: Lab, row: SftRow, options: TrainOptions = {}): Promise<number | null> {
  const { system } = lab.config.prompt;
  const tokenizer = await loadTokenizer(MODEL);
  const length = tokenizer.countRowTokens({ question: row.prompt, system }, row.response);
  if (length > lab.config.sft.maxLength) return null;
  const side = sideLab(lab, "one_row", {
    ...{ "models.base": MODEL, "models.loadIn4bit": false, "sft.goldOnly": false, "sft.epochs": 1 },
    // one row is no work that processes could share
    ...{ "sft.batchSize": 1, "sft.gradientAccumulation": 1, "gpu.processes": 1, "gpu.ray": "" },
  });
  const text = `${JSON.stringify(row)}\n`;
  const sft = join(side.paths.processed, `one_row_${sha256(text).slice(0, 8)}.jsonl`);
  writeFileAtomic(sft, text);
  const run = await trainSft({ ...side, paths: { ...side.paths, sft } }, { publish: false, ...options });
  return run.metrics.loss?.[0] ?? null;
}
