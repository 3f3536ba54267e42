import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import type { Config } from "../config/config.ts";
import { openLab } from "../config/lab.ts";
import { PYTHON } from "../config/paths.ts";
import type { AblationSummary, EvalDetail, EvalReport } from "../records.ts";
import { summarizeArm } from "./eval-summary.ts";
import { temporaryWorkspace } from "../testing/run-fixture.ts";
import { track, trackedAblation, trackedEvaluation } from "./track.ts";

const workspace = temporaryWorkspace();
afterAll(() => workspace.remove());

const details: EvalDetail[] = Array.from({ length: 8 }, (_, i) => ({
  id: `q${i}`,
  type: i < 5 ? "financial_calculation" : "financial_concept",
  mode: i === 7 ? "sampled" : "greedy",
  sample: 0,
  completion: `answer ${i}`,
  format: true,
  strict: i < 6,
  lenient: true,
  reason: "equal",
  message: "",
  judge: null,
  tokens: 10,
}));
const arm = summarizeArm("sft", details);
const report: EvalReport = {
  ...arm,
  created: "2026-01-01T00:00:00Z",
  profile: "tiny",
  model: "ckpts/sft_lora",
  n: 7,
  settings: { seed: 1 },
};
const evaluation = trackedEvaluation(report, details, "/reports/eval_sft_20260101T000000000Z.json");

test("an evaluation is sent under its report's name, with settings, numbers and answers", () => {
  expect(evaluation).toMatchObject({
    kind: "evaluation",
    name: "eval_sft_20260101T000000000Z",
    config: { model: "ckpts/sft_lora", seed: 1 },
    metrics: { format: 1, accuracy: 6 / 7, judge: null },
  });
  expect(evaluation.tables.byType!.map(({ type, n }) => [type, n])).toEqual([
    ["financial_calculation", 5],
    ["financial_concept", 2],
  ]);
  expect(evaluation.tables.answers).toHaveLength(7); // the greedy ones
});

test("an ablation is sent with every arm's numbers under the arm's name, and the pairs", () => {
  const summary: AblationSummary = {
    created: "",
    profile: "tiny",
    n: 7,
    seeds: [1],
    arms: [{ ...arm, name: "base" }, arm],
    pairs: [{ a: "base", b: "sft", metric: "accuracy", delta: 0, low: 0, high: 0, p: 1 }],
  };
  const sent = trackedAblation(summary, "/reports/ablation_summary_x.json");
  expect(sent.metrics).toMatchObject({ "base/accuracy": 6 / 7, "sft/accuracy": 6 / 7 });
  expect([sent.tables.arms!.length, sent.tables.pairs!.length]).toEqual([2, 1]);
});

const there = existsSync(PYTHON);
if (!there) console.warn(`skipped: sending to W&B and trackio, because there is no ${PYTHON}`);
const lab = (service: Config["tracking"]["service"]) =>
  openLab({ "tracking.service": service }, { FTMODEL_WORKSPACE: workspace.root });
const folder = join(workspace.paths.reports, "tracking");

test.skipIf(!there)(
  "W&B offline gets a run in reports/tracking and sends nothing",
  { timeout: 300_000 },
  async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await track(lab("wandb"), evaluation);
    expect(warn.mock.calls).toEqual([]);
    warn.mockRestore();
    const runs = readdirSync(join(folder, "wandb")).filter((name) => name.startsWith("offline-run-"));
    expect(runs).toHaveLength(1);
    const record = readdirSync(join(folder, "wandb", runs[0]!)).find((name) => name.endsWith(".wandb"))!;
    expect(statSync(join(folder, "wandb", runs[0]!, record)).size).toBeGreaterThan(1000);
  },
);

test.skipIf(!there)("trackio gets a run in a database of its own", { timeout: 300_000 }, async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  await track(lab("trackio"), evaluation);
  expect(warn.mock.calls).toEqual([]);
  warn.mockRestore();
  expect(readdirSync(folder).filter((name) => /^FTModel-Training.*\.db$/.test(name))).toHaveLength(1);
});

test("a service that fails is a warning, and off is off", { timeout: 300_000 }, async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  await track(lab("none"), evaluation);
  expect(warn.mock.calls).toEqual([]);
  await track({ ...lab("wandb"), paths: { ...workspace.paths, reports: "/dev/null" } }, evaluation);
  expect(warn.mock.calls.flat().join("")).toMatch(/was not sent to wandb/);
  warn.mockRestore();
});
