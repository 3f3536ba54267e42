import { describe, expect, test } from "vitest";
import { committedRuns } from "./real-result.ts";
import { realRun } from "./real-run.ts";
import { REAL_STAGES } from "./real-stages.ts";
import type { RealStage } from "./real-stages.ts";

const [small, large] = committedRuns();

describe("the real run beside the reader's", () => {
  test.each(Object.keys(REAL_STAGES) as RealStage[])("%s is one folded block with a row a model", (stage) => {
    const { html, text } = realRun(stage);
    expect(html).toMatch(/^<details><summary>/);
    for (const { models } of [small!, large!]) expect(text).toContain(models.base);
    expect(text).not.toMatch(/NaN|undefined|\*\*/);
  });

  test("says what the result says, not a sentence that fits any run", () => {
    const worse = structuredClone(small!);
    worse.pairs = [
      { a: "sft", b: "sft_grpo", metric: "accuracy", n: 100, delta: -0.1, low: -0.15, high: -0.05, p: 0.001 },
    ];
    expect(realRun("grpo", [worse]).text).toContain("worse");
    expect(realRun("grpo", [small!]).text).not.toContain("worse");
  });

  test("runs that say the same of one Teacher are told once", () => {
    const [row, ...more] = realRun("distil").text.match(/^qwen2\.5-coder.*3,857.*$/gm)!;
    expect(more).toEqual([]);
    expect(row).toContain("0.5b-instruct, qwen2.5-coder-1.5b");
    expect(realRun("distil").text.match(/can be trained on/g)).toHaveLength(1);
    expect(realRun("sft").text.match(/^- /gm)!.length).toBeGreaterThan(2);
  });

  test("says what is the same and what is not, inside the fold", () => {
    const { html, text } = realRun("deploy");
    expect(html).toMatch(/<details>.*<\/summary>\n<p><i>The same:<\/i> one addition a matrix/);
    expect(text).toMatch(/\nNot the same: weights in bfloat16/);
  });

  test("the ablation's steps are a table, a column a Base", () => {
    const { text } = realRun("ablation");
    expect(text.match(/^SFT → SFT \+ GRPO/gm)).toHaveLength(2);
    expect(text).toMatch(/^Base → SFT +greedy, lenient +1,036 +\+10\.4 .*: better +\+3\.8 .*: better$/m);
    expect(text.match(/^- /gm)).toHaveLength(2);
  });

  test("every branch of a reading", () => {
    const run = { ...small!, copies: 3, trainingRows: 10, rightByRules: 12, usable: 13 };
    const parity = { prompts: 8, tokens: 100, topTokens: 0.99 };
    expect(realRun("prepare", [run]).text).toContain("3 test questions stand among");
    expect(realRun("prepare", [small!]).text).toContain("no test question");
    expect(realRun("filter", [run]).text).toContain("2 texts with a right answer");
    expect(realRun("filter", [small!]).text).toContain("no Judge");
    expect(realRun("distil", [run]).text).toContain("is right, too");
    expect(realRun("distil", [small!]).text).toContain("lost to wrong answers");
    expect(realRun("deploy", [{ ...run, parity }]).text).toContain("99.0 % of the tokens");
    expect(realRun("deploy", [run]).text).toContain("passed the parity check; its numbers were not kept");
    expect(realRun("ablation", [small!]).text).toContain("between seeds");
    expect(realRun("ablation", [large!]).text).toContain("one seed");
    const tagged = structuredClone(small!);
    tagged.arms[0]!.accuracy = tagged.arms[0]!.accuracyLenient;
    expect(realRun("evaluate", [tagged]).text).toContain("it writes the tags");
    expect(realRun("evaluate", [small!]).text).toMatch(
      /the Base loses \d+\.\d points .*for want of the tags/,
    );
    expect(realRun("evaluate", []).text).toContain("No run on real models");
  });
});
