import { expect, test } from "vitest";
import { OLDEST_DRIVER as LIB_DRIVER } from "../../lib/config/gpu.ts";
import { describeRows, gpuRows, OLDEST_DRIVER } from "./health.mjs";

const rowOf = (rows: ReturnType<typeof gpuRows>, what: string) => rows.find((row) => row.what === what)!;

test("doctor and lib ask for the same driver", () => expect(OLDEST_DRIVER).toBe(LIB_DRIVER));

test("an old driver is told with the one that is needed and what to do", () => {
  const row = rowOf(gpuRows("NVIDIA A100, 550.144.03, 40960 MiB", "2.11.0+cu130 CPU", true), "driver");
  expect(row).toMatchObject({ found: "550.144.03", state: "missing", todo: expect.stringContaining("newer NVIDIA driver") });
  expect(rowOf(gpuRows("NVIDIA H100, 580.95.05, 81559 MiB", "2.11.0+cu130 sees a GPU", true), "driver")).toMatchObject({ found: "580.95.05", state: "ok" });
});

test("a GPU that torch does not see is told apart from no GPU", () => {
  expect(rowOf(gpuRows("NVIDIA A100, 580.95.05, 40960 MiB", "2.11.0+cu130 CPU", true), "torch on the GPU")).toMatchObject({ state: "missing" });
  expect(rowOf(gpuRows(null, "2.11.0 CPU", true), "torch on the GPU")).toBeUndefined();
});

test("each package stands beside the lock's version, and what is absent names the command", () => {
  const rows = gpuRows(null, null, true);
  expect(rowOf(rows, "torch")).toMatchObject({ state: "ok", needed: "2.11.0" });
  const vllm = rowOf(rows, "vllm");
  expect(vllm.needed).toBe("0.25.1");
  if (vllm.found === "none") expect(vllm).toMatchObject({ state: "missing", todo: "npm start -- --profile gpu installs it" });
  expect(rowOf(gpuRows(null, null, false), "vllm").state).not.toBe("missing"); // the default profile needs none
  expect(describeRows(rows)).toContain("0.50.2");
});
