import { expect, test } from "vitest";
import { apiServersFor, batchFor, engineCommand, inFlightFor } from "./engine.ts";
import type { EngineOptions } from "./engine.ts";
import { LabError } from "../errors.ts";

const folder = { path: "/models/teacher", revision: "main", sha256: "0".repeat(64) };
const hub = { path: "Qwen/Qwen2.5-7B-Instruct", revision: "a1b2c3", sha256: null };
const options: EngineOptions = { engine: "vllm", model: hub, port: 8123, maxModelLength: 4096, concurrency: 288 };

function argsOf(overrides: Partial<EngineOptions>): string[] {
  const { run } = engineCommand({ ...options, ...overrides });
  return "serve" in run ? run.serve : run.command;
}

test("vLLM serves on 127.0.0.1 with the revision, the length, and OpenAI's sampling defaults", () => {
  const [program, ...args] = argsOf({});
  expect(program).toMatch(/bin\/vllm$/);
  expect(args).toEqual([
    ...["serve", "Qwen/Qwen2.5-7B-Instruct", "--host", "127.0.0.1", "--port", "8123", "--served-model-name", "Qwen/Qwen2.5-7B-Instruct"],
    ...["--max-model-len", "4096", "--max-num-seqs", "288", "--generation-config", "vllm", "--enable-prefix-caching", "--disable-uvicorn-access-log", "--disable-log-stats"],
    ...["--revision", "a1b2c3", "--load-format", "safetensors"],
  ]);
});

test("a folder has no revision, and 4 bit names its quantisation", () => {
  expect(argsOf({ model: folder })).not.toContain("--revision");
  expect(argsOf({ loadIn4bit: true }).slice(-2)).toEqual(["--quantization", "bitsandbytes"]);
  expect(argsOf({ engine: "transformers", model: folder, loadIn4bit: true }).slice(-2)).toEqual(["--quantization", "bnb-4bit"]);
});

test("the memory plan's choices are arguments: the share, no captured graphs, a copy on each GPU with its part of the batch", () => {
  const args = argsOf({ memoryShare: 0.9, cudaGraphs: false, replicas: 2, sequences: 128, apiServers: 8 });
  const after = (name: string) => args[args.indexOf(name) + 1];
  expect(["--gpu-memory-utilization", "--data-parallel-size", "--max-num-seqs", "--api-server-count"].map(after)).toEqual(["0.9", "2", "128", "8"]);
  expect(args).toContain("--enforce-eager");
  expect(argsOf({}).join(" ")).not.toMatch(/--enforce-eager|--data-parallel|--gpu-memory|trust-remote-code/);
});

test.each([
  [2, 1, 1],
  [16, 1, 4],
  [96, 1, 4],
  [64, 4, 16],
  [8, 4, 4],
])("%i cores and %i GPUs: %i processes take in requests", (cores, replicas, servers) => expect(apiServersFor(cores, replicas)).toBe(servers));

test("our own server gets the folder, or the id with its revision", () => {
  expect(argsOf({ engine: "transformers", model: folder, maxModelLength: 512, concurrency: 72 })).toEqual(["/models/teacher", "--host", "127.0.0.1", "--port", "8123", "--max-model-length", "512", "--concurrency", "64"]);
  expect(engineCommand({ ...options, engine: "transformers" }).servedName).toBe("Qwen/Qwen2.5-7B-Instruct@a1b2c3");
});

test("no key stands on a command line", () => {
  for (const engine of ["vllm", "transformers"] as const) expect(argsOf({ engine }).join(" ")).not.toMatch(/key/i);
});

test("a batch holds at least one request", () => {
  expect(argsOf({ concurrency: 1 })).toContain("1");
});

test.each([
  ["a leading -", { ...hub, path: "--config=/etc/passwd" }],
  ["a parent folder in an id", { ...hub, path: "../../etc" }],
  ["an @ in a path", { ...folder, path: "/models/a@b" }],
  ["a NUL", { ...folder, path: "/models/a\0b" }],
])("%s is refused", (_, model) => {
  for (const engine of ["vllm", "transformers"] as const) expect(() => engineCommand({ ...options, engine, model })).toThrow(LabError);
});

test("requests in flight and transformers' batch belong together", () => {
  expect([batchFor(144), batchFor(18), batchFor(1), inFlightFor(16)]).toEqual([128, 16, 1, 18]);
  for (let batch = 1; batch <= 16; batch++) expect(batchFor(inFlightFor(batch))).toBe(batch);
});
