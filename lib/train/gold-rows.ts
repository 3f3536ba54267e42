/** The rows of SFT with the gold answer in place of the Teacher's text. */
import { join } from "node:path";
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { Distilled, SftRow } from "../records.ts";
import { hashFile } from "../store/hash.ts";
import { readJsonl } from "../store/jsonl.ts";
import { finishJsonl } from "../store/manifest.ts";

/**
 * Writes `data/processed/sft_gold.jsonl`: the questions of `sft.jsonl`, in its order, each answered by its
 * gold answer in answer tags and nothing else. So many rows make as many steps, of fewer tokens. Returns its
 * path.
 *
 * There is no think block: such a text does not keep the format, and is read leniently. Throws LabError when
 * a row's question is not in `distilled.jsonl`.
 */
export async function writeGoldRows({ paths }: Pick<Lab, "paths">): Promise<string> {
  const rows = readJsonl(paths.sft, SftRow, "Run 03_filter first.");
  const golds = new Map(readJsonl(paths.distilled, Distilled).map((row) => [row.id, row.gold_answer]));
  const answered = rows.map((row, i) => {
    const gold = golds.get(row.id);
    if (gold === undefined)
      throw new LabError({
        what: "A row of SFT has no gold answer",
        where: `${paths.sft}:${i + 1}`,
        expected: `a row ${row.id} in ${paths.distilled}`,
        found: "none",
        todo: "Run 03_filter again: the texts have been distilled anew since.",
      });
    return { ...row, response: `<answer>\n${gold}\n</answer>` };
  });
  const path = join(paths.processed, "sft_gold.jsonl");
  finishJsonl(path, answered, { sft: await hashFile(paths.sft) });
  return path;
}
