/** `filter.…`: stage 3, what of its texts is trained on. */
import { z } from "zod";
import { flag, int, meta, real } from "./values.ts";

export const Filter = z.strictObject({
  useJudge: flag().meta(meta("", "false skips the second layer")),
  rubric: z
    .enum(["four-dimensions", "seven-criteria"])
    .meta(meta("", "the original project's four scores, or Fin-R1's seven all-or-nothing criteria")),
  layout: z
    .enum(["rules-first", "inputs-first", "rules-first-question", "inputs-first-question", "rules-first-zh"])
    .meta(meta("", "order of rules and inputs; Fin-R1 measured rules first as best")),
  judgePrompt: z
    .enum(["short", "full", "check"])
    .meta(
      meta(
        "",
        "short: what the tiny Judge was trained on; full: the rubric spelt out; check: the same, " +
          "but look for an error first",
      ),
    ),
  judgePassScore: int(4, 20).meta(meta("of 20 points", "sum of the four scores needed to pass")),
  judgeTemperature: real(0, 2).meta(meta("", "near-greedy: a verdict should not be a lottery")),
  judgeMaxTokens: int(8, 4096).meta(meta("tokens", "room for the verdict's JSON and its reason")),
  judgeVotes: int(1, 15).meta(meta("votes", "majority of k verdicts")),
  minJudgePass: real(0, 1).meta(
    meta(
      "share",
      "of what the rules passed; a Judge that leaves less is an error before anything is " +
        "written, 0 for never",
    ),
  ),
  bestOf: z
    .enum(["shortest", "most_points", "first"])
    .meta(
      meta(
        "",
        "which text of a question stays when several pass; most_points asks the Judge's points, " +
          "then the length",
      ),
    ),
  rlSource: z
    .enum(["kept", "rejected", "all"])
    .meta(meta("", "which questions go to RL; a checkable gold answer is all RL needs")),
  sftMaxRows: int(1, 1_000_000).meta(meta("rows", "rows for SFT, stratified by type")),
});
