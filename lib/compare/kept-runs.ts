/** `keptRuns`: GRPO's variants and SFT for too long, as `npm run bench:variants` measured them. */
import { keptGrpo } from "./kept-grpo.ts";
import { committedVariants } from "./kept-result.ts";
import type { KeptResult } from "./kept-result.ts";
import { keptSft } from "./kept-sft.ts";
import type { KeptRuns } from "./kept-text.ts";

/**
 * Runs that are kept because they take half an hour: GRPO's published variants from one SFT model, or SFT on
 * a few rows for more and more epochs. `result`: of `bench:variants`; by default the one that is committed.
 *
 * Throws where the result is missing or is none.
 *
 * @example
 * const kept = keptRuns("grpo");
 * await showTable(kept.rows, undefined, { caption: kept.caption });
 * await showMarkdown(kept.reading);
 */
export function keptRuns(what: "grpo" | "sft", result: KeptResult = committedVariants()): KeptRuns {
  return what === "grpo" ? keptGrpo(result) : keptSft(result);
}
