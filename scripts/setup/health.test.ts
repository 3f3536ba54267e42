import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { OLDEST_DRIVER as LIB_DRIVER } from "../../lib/gpu/gpus.ts";
import { PROFILES } from "../../lib/config/profiles.ts";
import { absentModels, describeRows, gpuRows, GPU_MODELS, neededDisk, OLDEST_DRIVER } from "./health.mjs";

const rowOf = (rows: ReturnType<typeof gpuRows>, what: string) => rows.find((row) => row.what === what)!;

test("doctor and lib ask for the same driver", () => expect(OLDEST_DRIVER).toBe(LIB_DRIVER));

test("an old driver is told with the one that is needed and what to do", () => {
  const row = rowOf(gpuRows("NVIDIA A100, 550.144.03, 40960 MiB", "2.11.0+cu130 CPU", true), "driver");
  expect(row).toMatchObject({
    found: "550.144.03",
    state: "missing",
    todo: expect.stringContaining("newer NVIDIA driver"),
  });
  expect(
    rowOf(gpuRows("NVIDIA H100, 580.95.05, 81559 MiB", "2.11.0+cu130 sees a GPU", true), "driver"),
  ).toMatchObject({ found: "580.95.05", state: "ok" });
});

test("a GPU that torch does not see is told apart from no GPU", () => {
  expect(
    rowOf(gpuRows("NVIDIA A100, 580.95.05, 40960 MiB", "2.11.0+cu130 CPU", true), "torch on the GPU"),
  ).toMatchObject({ state: "missing" });
  expect(rowOf(gpuRows(null, "2.11.0 CPU", true), "torch on the GPU")).toBeUndefined();
});

test("each package stands beside the lock's version, and what is absent names the command", () => {
  const rows = gpuRows(null, null, true);
  expect(rowOf(rows, "torch")).toMatchObject({ state: "ok", needed: "2.11.0" });
  const vllm = rowOf(rows, "vllm");
  expect(vllm.needed).toBe("0.25.1");
  if (vllm.found === "none")
    expect(vllm).toMatchObject({ state: "missing", todo: "npm start -- --profile gpu installs it" });
  // the default profile needs none
  expect(rowOf(gpuRows(null, null, false), "vllm").state).not.toBe("missing");
  expect(describeRows(rows)).toContain("0.50.2");
});

test("the disk for a GPU counts packages and weights that are not there yet", () => {
  const { teacher, judge, base } = PROFILES.gpu.models;
  expect(Object.keys(GPU_MODELS).sort()).toEqual([teacher, judge, base].sort());
  const all = neededDisk({ installed: true, gpu: { packages: false, models: Object.keys(GPU_MODELS) } });
  expect(all).toEqual({ bytes: 49.5e9, text: "about 50 GB free for packages and weights" });
  expect(neededDisk({ installed: true, gpu: { packages: true, models: [base] } }).text).toBe(
    "about 4 GB free for weights",
  );
  expect(neededDisk({ installed: true, gpu: { packages: true, models: [] } }).text).toBe("1.0 GB free");
  expect(neededDisk({ installed: false, gpu: null })).toEqual({ bytes: 10e9, text: "10.0 GB free" });
});

test("a model in Hugging Face's cache is not counted", () => {
  const home = mkdtempSync(join(tmpdir(), "ftmodel-health-"));
  mkdirSync(join(home, "hub", "models--Qwen--Qwen2.5-1.5B-Instruct", "snapshots"), { recursive: true });
  expect(absentModels({ HF_HOME: home })).toEqual(
    Object.keys(GPU_MODELS).filter((name) => !name.includes("1.5B-I")),
  );
  rmSync(home, { recursive: true });
});

test("doctor tells a bad FTMODEL_SET without a stack and ends with 1", async () => {
  const doctor = join(import.meta.dirname, "..", "doctor.mjs");
  const bad = promisify(execFile)(process.execPath, [doctor, "--profile", "gpu"], {
    env: { ...process.env, FTMODEL_SET: "gpu.replicas=1" },
  });
  const { code, stderr } = await bad.then(
    () => expect.fail("it should have failed"),
    (error: { code: number; stderr: string }) => error,
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(/^An environment variable cannot be read \(FTMODEL_SET\)/);
  expect(stderr).not.toContain("    at ");
});
