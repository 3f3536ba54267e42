/** What `npm run bench:real` keeps, as far as it is read here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { REPO_ROOT } from "../config/paths.ts";
import { METRICS } from "../evaluate/compare.ts";
import { AblationSummary } from "../records.ts";

const Common = AblationSummary.pick({ created: true, profile: true, n: true, seeds: true, arms: true });
const RealRun = Common.extend({
  device: z.string(),
  models: z.object({ base: z.string(), teacher: z.string() }),
  /** Texts asked of the Teacher, those that can be trained on, right ones, rows of sft.jsonl. */
  asked: z.number(),
  usable: z.number(),
  rightByRules: z.number(),
  trainingRows: z.number(),
  /** Test questions that stand among the training questions, too. */
  copies: z.number(),
  pairs: z.array(
    z.object({
      a: z.string(),
      b: z.string(),
      metric: z.enum(METRICS),
      n: z.number(),
      delta: z.number(),
      low: z.number(),
      high: z.number(),
      p: z.number(),
    }),
  ),
  /** Seed → arm → share right, greedy and lenient. */
  bySeed: z.record(z.string(), z.record(z.string(), z.number())),
  /** Missing in results older than this was kept. */
  parity: z.object({ prompts: z.number(), tokens: z.number(), topTokens: z.number() }).nullish(),
  stages: z.array(z.object({ stage: z.string(), seed: z.number().nullable(), seconds: z.number() })),
});
export type RealRun = z.infer<typeof RealRun>;

const FILES = ["real.json", "real-1.5b.json"];

/** Those of reports/example, the smaller Base first. Throws where one is missing or is none. */
export function committedRuns(): RealRun[] {
  return FILES.map((file) => {
    const text = readFileSync(join(REPO_ROOT, "reports", "example", file), "utf8");
    return RealRun.parse(JSON.parse(text));
  });
}
