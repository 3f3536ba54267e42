import { expect, test, vi } from "vitest";
import { PROFILES } from "../config/profiles.ts";
import { workspacePaths } from "../config/paths.ts";
import { evaluate } from "../evaluate/evaluate.ts";
import type { EvalDetail } from "../records.ts";
import { trainGrpo, trainSft } from "../train/train.ts";
import { acrossSeeds, readSeeds } from "./seeds.ts";

vi.mock("../train/train.ts", () => ({
  trainSft: vi.fn(async ({ config }) => ({ adapter: `/sft-${config.seed}` })),
  trainGrpo: vi.fn(async ({ config }) => ({ adapter: `/grpo-${config.seed}` })),
}));
vi.mock("../evaluate/evaluate.ts", () => ({
  answerTestQuestions: vi.fn(async () => 0),
  evaluate: vi.fn(async (_: unknown, { name }: { name: string }) => ({
    details: answers(name.startsWith("sft_grpo") ? 60 : 50),
  })),
}));

/** 100 greedy answers, the first `right` of them right. */
function answers(right: number): EvalDetail[] {
  return Array.from({ length: 100 }, (_, i) => ({
    ...({ id: `q${i}`, type: "financial_calculation", mode: "greedy", sample: 0, completion: "" } as const),
    ...{ format: true, strict: i < right, lenient: i < right },
    ...{ reason: "", message: "", judge: null, tokens: null },
  }));
}
const lab = { config: PROFILES.tiny, paths: workspacePaths("/nowhere"), force: true };
const first = Object.fromEntries(
  (["base", "sft", "sft_grpo"] as const).map((arm, i) => [arm, { details: answers([20, 50, 56][i]!) }]),
);

test("a further seed trains on the same data, publishes nothing, and tightens the interval", async () => {
  const print = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const across = await acrossSeeds(lab, first, [43]).finally(() => print.mockRestore());
  expect(vi.mocked(trainSft).mock.calls).toHaveLength(1);
  const [own, options] = vi.mocked(trainGrpo).mock.calls[0]!;
  expect(own).toMatchObject({
    force: false,
    config: { seed: 43, sft: lab.config.sft, grpo: lab.config.grpo },
  });
  expect(options).toMatchObject({ publish: false, adapter: "/sft-43", label: "GRPO, seed 43" });
  expect(vi.mocked(evaluate).mock.calls.map(([, { model, name } = {}]) => [model, name])).toEqual([
    ["/sft-43", "sft_seed_43"],
    ["/grpo-43", "sft_grpo_seed_43"],
  ]);
  expect(across.rows.filter(({ step }) => step === "SFT → SFT + GRPO")).toMatchObject([
    { seed: "42", points: expect.stringMatching(/^\+6\.0 /), n: 100 },
    { seed: "43", points: expect.stringMatching(/^\+10\.0 /), n: 100 },
    { seed: "all 2", points: expect.stringMatching(/^\+8\.0 /), n: 100 },
  ]);
  expect(across.reading).toMatch(/^2 seeds together:/);
  expect(across.reading).toContain("From seed to seed: +6.0 to +10.0.");
});

test("the lab's own seed is not trained again, and one seed says what it does not cover", async () => {
  vi.mocked(trainSft).mockClear();
  const print = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const { reading, rows } = await acrossSeeds(lab, first, [lab.config.seed]).finally(() =>
    print.mockRestore(),
  );
  expect(trainSft).not.toHaveBeenCalled();
  expect(rows.map(({ seed }) => seed)).toEqual(["42", "42"]);
  expect(reading).toMatch(/^One seed: the intervals cover the choice of questions, not of the seed\./);
});

test("an arm that was not evaluated is compared with nothing", () => {
  const alone = readSeeds([{ seed: 1, base: [], sft: answers(50), sft_grpo: answers(40) }]);
  expect(alone.rows).toMatchObject([{ step: "SFT → SFT + GRPO", verdict: "worse" }]);
});
