import { expect, test } from "vitest";
import { committedVariants } from "./kept-result.ts";
import { keptRuns } from "./kept-runs.ts";

test("the committed result can be read", () => {
  const { grpo, sft } = committedVariants();
  expect(grpo[0]?.difference).toBeNull();
  expect(keptRuns("grpo").rows.length).toBeGreaterThan(grpo.length);
  expect(keptRuns("sft").rows).toHaveLength(sft.length);
});
