import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { randomModel } from "../testing/random-model.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { compareRuns } from "./runs.ts";
import { tryValues } from "./try-values.ts";

const workspace = temporaryWorkspace();
afterAll(() => workspace.remove());

test("two ranks trained for real, each asked for real, end in one table; nothing is done twice", {
  timeout: 500_000,
}, async () => {
  const { paths, root } = workspace;
  const config = structuredClone(PROFILES.tiny);
  config.models.base = randomModel(join(root, "base"));
  Object.assign(config.sft, { epochs: 1, batchSize: 3, maxLength: 200 });
  Object.assign(config.evaluate, { maxTokens: 8 });
  config.deploy.parityPrompts = 2;
  const rows = Array.from({ length: 12 }, (_, n) => ({
    ...{ id: `q${n}`, prompt: `2 * ${n}?`, type: "financial_calculation" },
    ...{ response: `<think>\n2 * ${n}\n</think>\n<answer>\n${2 * n}\n</answer>`, gold_answer: `${2 * n}` },
  }));
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  mkdirSync(dirname(paths.sft), { recursive: true });
  for (const file of [paths.sft, paths.test]) writeFileSync(file, lines);
  const lab = { config, paths, force: false };
  const print = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    const tried = await tryValues(lab, "sft.loraRank", [2, 4], { questions: 6 });
    expect(tried.rows).toMatchObject([
      { loraRank: "2", state: "done", steps: "4 of 4", n: 6, p: null },
      { loraRank: "4", state: "done", steps: "4 of 4", n: 6, p: expect.stringMatching(/^[\d.]+$/) },
    ]);
    for (const row of tried.rows) expect(row["loss, last tenth"]).toBeGreaterThan(1); // a random model's
    const [small, large] = tried.runs.map(({ start }) => start!.trainableParameters);
    expect(large).toBe(2 * small!);
    const again = await tryValues(lab, "sft.loraRank", [2, 4], { questions: 6, command: ["/nowhere"] });
    expect(again.rows).toEqual(tried.rows);
    expect((await compareRuns(lab, "sft")).rows.map(({ run }) => run).sort()).toEqual(
      tried.rows.map(({ run }) => run).sort(),
    );
  } finally {
    print.mockRestore();
  }
});
