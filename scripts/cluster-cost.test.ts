import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { REPO_ROOT } from "../lib/config/paths.ts";
import { busy, costOfWideGrpo, costsOn, DEFAULT_WORK, MEASURED, PAGE, withTable } from "./cluster-cost.ts";

const hours = (gpus: number, stage: string): number =>
  costsOn(gpus, DEFAULT_WORK).find((cost) => cost.stage === stage)!.hours;
const limit = (gpus: number, stage: string): string =>
  costsOn(gpus, DEFAULT_WORK).find((cost) => cost.stage === stage)!.limit;

test("the rates are those that the README states", () => {
  const readme = readFileSync(join(REPO_ROOT, "README.md"), "utf8");
  const { write7b, write1_5b, train1_5b, writeShare, trainShare } = MEASURED;
  for (const rate of [write7b, write1_5b, train1_5b])
    expect(readme).toContain(`${rate.toLocaleString("en-US")} tok/s`);
  expect(readme).toContain(`SFT ${(2 * trainShare).toFixed(2)} ×`);
  expect(readme).toContain(`distilling ${(2 * writeShare).toFixed(2)} ×`);
});

test("one GPU writes its texts at the measured rate, behind the server's start", () => {
  const texts = 38_000 * 0.8 * 4;
  expect(hours(1, "distil")).toBeCloseTo((63 + (texts * 512) / 18_400) / 3600, 6);
});

test("two GPUs are as much faster as was measured", () => {
  expect(hours(1, "SFT") / hours(2, "SFT")).toBeCloseTo(1.89, 6);
});

test("more GPUs are never slower, and what binds is named", () => {
  for (const [few, many] of [
    [1, 8],
    [8, 64],
    [64, 512],
  ] as const)
    for (const { stage, hours: now } of costsOn(many, DEFAULT_WORK))
      expect(now).toBeLessThanOrEqual(hours(few, stage));
  expect(limit(8, "distil")).toBe("GPUs");
  expect(limit(64, "distil")).toBe("8192 requests in flight");
  expect(limit(64, "SFT")).toBe("16 rows a step");
  expect(limit(8, "GRPO")).toBe("2 answers a GPU and step");
  expect(costOfWideGrpo(512, DEFAULT_WORK)).toMatchObject({ used: 64, limit: "gpu.processes ≤ 64" });
});

test("a server is as busy as was measured, and in between on a straight line", () => {
  expect([0, 64, 512, 4096].map(busy)).toEqual([0, 19_005 / 36_491, 1, 1]);
  expect(busy(160)).toBeCloseTo((19_005 + 35_497) / 2 / 36_491, 6);
});

test("the page holds the table as it is now", () => {
  const page = readFileSync(PAGE, "utf8");
  expect(withTable(page)).toBe(page);
});
