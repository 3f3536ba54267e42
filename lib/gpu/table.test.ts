import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLab } from "../config/lab.ts";
import { REPO_ROOT } from "../config/paths.ts";
import { memoryTable } from "./table.ts";

test("the gpu profile has four stages on four cards and on the machine's own, each with room", () => {
  const rows = memoryTable(openLab({ profile: "gpu" }, {}), [
    { name: "NVIDIA L4", memoryMiB: 23_034, freeMiB: 22_000, index: 0, uuid: "GPU-0", driver: "580.95.05" },
  ]);
  expect(rows).toHaveLength(4 * 5);
  expect(new Set(rows.map((row) => row.GPU))).toEqual(
    new Set(["8 GB", "16 GB", "24 GB", "80 GB", "NVIDIA L4"]),
  );
  expect(rows.every((row) => row.fits === "yes")).toBe(true);
});

test("every stage of the profile small has room on a card of 8 GB, with vLLM inside GRPO", () => {
  const rows = memoryTable(openLab({ profile: "small" }, {})).filter((row) => row.GPU === "8 GB");
  expect(rows.map((row) => row.fits)).toEqual(["yes", "yes", "yes", "yes"]);
  expect(rows.find((row) => row.stage === "GRPO")!.setting).toContain("vLLM on");
});

test("a model whose size is not known has no rows, and a setting by hand is kept", () => {
  expect(
    memoryTable(openLab({ profile: "gpu", "models.base": "someone/else" }, {})).map((row) => row.stage),
  ).toEqual(Array(4).fill("Teacher or Judge"));
  const rows = memoryTable(
    openLab(
      {
        profile: "gpu",
        "sft.batchSize": 16,
        "sft.gradientAccumulation": 1,
        "sft.gradientCheckpointing": false,
      },
      {},
    ),
  );
  expect(rows.filter((row) => row.stage === "SFT").map((row) => row.fits)).toEqual(["NO", "NO", "NO", "NO"]);
});

test("the README's table of GPUs is the plan's", () => {
  const rows = memoryTable(openLab({ profile: "gpu" }, {}));
  const readme = readFileSync(join(REPO_ROOT, "README.md"), "utf8");
  for (const card of new Set(rows.map((row) => row.GPU))) {
    const [, served, sft, grpo] = new RegExp(`^\\| ${card} \\| (.*) \\| (.*) \\| (.*) \\|$`, "m").exec(
      readme,
    )!;
    const of = (stage: string) => rows.find((row) => row.GPU === card && row.stage === stage)!;
    const texts = [served!, sft!, grpo!];
    for (const [i, stage] of ["Teacher or Judge", "SFT", "GRPO"].entries()) {
      const { setting, "in all (GiB)": all } = of(stage) as { setting: string; "in all (GiB)": number };
      if (i > 0) expect(texts[i]).toContain(`${Number(all.toFixed(1))} GiB`);
      else expect(setting).toMatch(new RegExp(`^${served!.replace(/ requests.*/, "")} requests`));
    }
  }
});
