import { describe, expect, test } from "vitest";
import { stepSeconds } from "./speed.ts";

describe("where the seconds of a step go", () => {
  const bars = (generate: (number | null)[], update: number[]) => {
    const metrics = {
      step: generate.map((_, i) => i + 1),
      "seconds/generate": generate,
      "seconds/update": update,
    };
    const { data, layout } = stepSeconds([{ name: "sft_grpo", metrics }]);
    const of = (name: string) => data.find((trace) => trace.name === name)!.x as number[];
    const { text } = layout.title as { text: string };
    return { generate: of("generate answers"), update: of("update the policy"), title: text };
  };

  test("a mean over the steps but the first, which starts the machine up", () => {
    expect(bars([9, 1, 2, 3], [9, 2, 2, 5])).toMatchObject({ generate: [2], update: [3] });
    expect(bars([9, 1, 2, 3], [9, 2, 2, 5]).title).toContain("5 s a step, mean of 3 steps");
  });

  test("with several updates on the same answers a batch counts, with all of its updates", () => {
    const found = bars([9, null, 2, null, 4, null], [9, 9, 1, 1, 1, 3]);
    expect(found).toMatchObject({ generate: [3], update: [3] });
    expect(found.title).toContain("6 s a batch, mean of 2 batches");
  });
});
