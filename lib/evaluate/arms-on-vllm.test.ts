import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type * as Ablate from "./ablate.ts";
import type * as Census from "../train/census-run.ts";
import { armAdapter } from "../completions/models.ts";
import { openLab } from "../config/lab.ts";
import type { Lab } from "../config/lab.ts";
import { PYTHON } from "../config/paths.ts";
import { ARM_NAMES, TRAINED_NAMES } from "../records.ts";
import { fakeGpu } from "../testing/fake-gpu.ts";
import type { FakeGpu } from "../testing/fake-gpu.ts";
import { randomAdapter, randomModel } from "../testing/random-model.ts";
import { writeJsonl } from "../store/jsonl.ts";

const there = existsSync(PYTHON);
if (!there) console.warn(`skipped: the test of arms on vLLM, because there is no ${PYTHON}`);

// The real code from ablate down, supervised by the real supervisor; only nvidia-smi and vllm are played.
describe.skipIf(!there)("arms on vLLM", () => {
  const workspace = mkdtempSync(join(tmpdir(), "ftmodel-arms-"));
  const base = randomModel(join(workspace, "base"));
  const before = { PATH: process.env.PATH, FTMODEL_PYTHON: process.env.FTMODEL_PYTHON };
  let gpu: FakeGpu;
  let ablate: typeof Ablate.ablate;
  let runCensus: typeof Census.runCensus;
  const lab = (): Lab =>
    openLab(
      { profile: "gpu", "models.base": base, "evaluate.useJudge": false, "evaluate.samples": 2 },
      { FTMODEL_WORKSPACE: workspace },
    );
  beforeAll(async () => {
    gpu = fakeGpu(PYTHON);
    Object.assign(process.env, { PATH: gpu.path, FTMODEL_PYTHON: gpu.python });
    vi.resetModules(); // paths.ts reads the interpreter when it is loaded
    [{ ablate }, { runCensus }] = [await import("./ablate.ts"), await import("../train/census-run.ts")];
    vi.spyOn(console, "log").mockImplementation(() => undefined);
    TRAINED_NAMES.forEach((arm, i) =>
      randomAdapter(armAdapter(lab(), arm)!, base, { seed: i + 1, rank: 16 }),
    );
    mkdirSync(dirname(lab().paths.test), { recursive: true });
    for (const file of [lab().paths.test, lab().paths.rl])
      writeJsonl(
        file,
        Array.from({ length: 3 }, (_, n) => ({
          ...{ id: `q${n}`, prompt: `n = ${n}`, gold_answer: `${n}`, type: "financial_concept" },
        })),
      );
  });
  afterAll(() => {
    vi.restoreAllMocks();
    for (const [name, value] of Object.entries(before))
      value === undefined ? delete process.env[name] : (process.env[name] = value);
    for (const folder of [workspace, gpu.folder]) rmSync(folder, { recursive: true, force: true });
  });
  const linesOf = <T>(file: string): T[] =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as T);
  const starts = () => linesOf<{ args: string[] }>(gpu.starts);
  const modulesOf = ({ args }: { args: string[] }) =>
    args.filter((arg) => arg.startsWith('{"name"')).map((arg) => (JSON.parse(arg) as { name: string }).name);

  test("all are asked in one start of one server, without merging, and found again without any", {
    timeout: 300_000,
  }, async () => {
    const { summary } = await ablate(lab());
    expect(summary.arms.map(({ name }) => name)).toEqual([...ARM_NAMES]);
    expect(starts().map(modulesOf)).toEqual([[...TRAINED_NAMES]]);
    const asked = linesOf<{ model: string; max_tokens: number }>(gpu.asked).filter(
      ({ max_tokens }) => max_tokens === lab().config.evaluate.maxTokens,
    );
    const counts = Map.groupBy(asked, ({ model }) => model);
    expect([...counts].map(([model, { length }]) => [model, length]).sort()).toEqual(
      [[base, 2 * 9], ...TRAINED_NAMES.map((arm) => [arm, 9])].sort(),
    );
    expect(existsSync(join(lab().paths.ckpts, "merged"))).toBe(false);
    await ablate(lab());
    expect(starts()).toHaveLength(1);
  });

  test("an arm that was trained anew is asked alone, by its name beside the Base", {
    timeout: 300_000,
  }, async () => {
    const many = starts().length;
    randomAdapter(armAdapter(lab(), "grpo_only")!, base, { seed: 9, rank: 16 });
    await ablate(lab());
    expect(starts().slice(many).map(modulesOf)).toEqual([["grpo_only"]]);
  });

  test("the census asks the SFT adapter by its name, too", { timeout: 300_000 }, async () => {
    const many = starts().length;
    const { asked } = await runCensus(lab());
    expect(asked).toBe(3 * lab().config.grpo.groupSize);
    expect(starts().slice(many).map(modulesOf)).toEqual([["sft"]]);
  });
});
