import { basename } from "node:path";
import { expect, test } from "vitest";
import { batchFor, inFlightFor } from "../gpu/transformers.ts";
import { apiServersFor, engineCommand, loraSlots } from "./engine.ts";
import type { EngineOptions, ServedAdapter } from "./engine.ts";
import { LabError } from "../errors.ts";
import { inOrder } from "../testing/in-order.ts";

const folder = "/cache/snapshots/a1b2c3";
const name = "Qwen/Qwen2.5-7B-Instruct";
const options: EngineOptions = {
  engine: "vllm",
  folder,
  name,
  port: 8123,
  maxModelLength: 4096,
  concurrency: 288,
};

function argsOf(overrides: Partial<EngineOptions>): string[] {
  const { run } = engineCommand({ ...options, ...overrides });
  return "serve" in run ? run.serve : run.command;
}

test("vLLM serves a folder on 127.0.0.1: model's name, length, OpenAI's sampling defaults", () => {
  const [program, ...args] = argsOf({});
  expect(program).toMatch(/bin\/vllm$/);
  expect(args).toEqual([
    ...["serve", folder, "--host", "127.0.0.1", "--port", "8123", "--served-model-name", name],
    ...[
      "--max-model-len",
      "4096",
      "--max-num-seqs",
      "288",
      "--generation-config",
      "vllm",
      "--enable-prefix-caching",
      "--disable-uvicorn-access-log",
      "--disable-log-stats",
    ],
    ...["--structured-outputs-config", '{"backend":"xgrammar","disable_any_whitespace":true}'],
    ...["--compilation-config", expect.stringMatching(/"cudagraph_capture_sizes":\[1,2,4,.*,1024,.*4096\]/)],
    ...["--load-format", "safetensors"],
  ]);
});

test("4 bit names its quantisation", () => {
  expect(argsOf({ loadIn4bit: true }).slice(-2)).toEqual(["--quantization", "bitsandbytes"]);
  expect(argsOf({ engine: "transformers", loadIn4bit: true }).slice(-2)).toEqual([
    "--quantization",
    "bnb-4bit",
  ]);
});

test(
  "the memory plan's choices are arguments: the share, no captured graphs, a copy on each GPU with " +
    "its part of the batch",
  () => {
    const args = argsOf({
      memoryShare: 0.9,
      cacheBytes: 5e9,
      cudaGraphs: false,
      replicas: 2,
      sequences: 128,
      apiServers: 8,
    });
    const after = (name: string) => args[args.indexOf(name) + 1];
    expect(
      ["--gpu-memory-utilization", "--data-parallel-size", "--max-num-seqs", "--api-server-count"].map(after),
    ).toEqual(["0.9", "2", "128", "8"]);
    expect(after("--kv-cache-memory-bytes")).toBe("5000000000");
    expect(args).toContain("--enforce-eager");
    expect(args).not.toContain("--compilation-config");
    expect(argsOf({}).join(" ")).not.toMatch(
      /--enforce-eager|--kv-cache|--data-parallel|--gpu-memory|trust-remote-code/,
    );
  },
);

const adapter = (name: string, rank: number, path = `/ckpts/${name}`): ServedAdapter => ({
  name,
  path,
  rank,
});

test(
  "adapters are served by name, as JSON that a = or a blank in a path leaves whole, each in a slot " +
    "of the largest one's rank",
  () => {
    const args = argsOf({
      adapters: [adapter("sft", 16), adapter("sft_grpo", 33, "/my ckpts/lr=1e-3/lora")],
    });
    const at = args.indexOf("--enable-lora");
    expect(args.slice(at, at + 8)).toEqual([
      ...["--enable-lora", "--max-loras", "2", "--max-lora-rank", "64", "--lora-modules"],
      ...['{"name":"sft","path":"/ckpts/sft"}', '{"name":"sft_grpo","path":"/my ckpts/lr=1e-3/lora"}'],
    ]);
    expect(args[at + 8]).toMatch(/^--/); // what follows is no adapter
    expect(argsOf({ adapters: [] }).join(" ")).not.toContain("lora");
  },
);

// vLLM 0.25.1, vllm/config/lora.py: Literal[1, 8, 16, 32, 64, 128, 256, 320, 512]
test.each([
  [1, 8],
  [8, 8],
  [9, 16],
  [16, 16],
  [257, 320],
  [321, 512],
  [512, 512],
])("rank %i needs slots of %i", (rank, slot) => {
  expect(loraSlots([adapter("a", 1), adapter("b", rank)])).toEqual({ count: 2, rank: slot });
});

test("a rank above the server's limit is named, with its adapter and a way; none needs no slots", () => {
  expect(() => loraSlots([adapter("a", 16), adapter("b", 513)])).toThrow(
    inOrder(
      /rank is above the server's limit/,
      /\/ckpts\/b/,
      /at most 512/,
      /r = 513/,
      /serving\.engine=transformers/,
    ),
  );
  expect(loraSlots([])).toBeNull();
});

test("transformers' server knows no adapters", () => {
  expect(() => argsOf({ engine: "transformers", adapters: [adapter("sft", 16)] })).toThrow(
    "requires engine vllm",
  );
});

test.each([
  [2, 1, 1],
  [16, 1, 4],
  [96, 1, 4],
  [64, 4, 16],
  [8, 4, 4],
])("%i cores and %i GPUs: %i processes take in requests", (cores, replicas, servers) =>
  expect(apiServersFor(cores, replicas)).toBe(servers),
);

test("our own server gets the folder, and is asked by it", () => {
  expect(argsOf({ engine: "transformers", maxModelLength: 512, concurrency: 72 })).toEqual([
    folder,
    "--host",
    "127.0.0.1",
    "--port",
    "8123",
    "--max-model-length",
    "512",
    "--concurrency",
    "64",
  ]);
  expect(engineCommand({ ...options, engine: "transformers" }).servedName).toBe(basename(folder));
});

test("no key stands on a command line", () => {
  for (const engine of ["vllm", "transformers"] as const)
    expect(argsOf({ engine }).join(" ")).not.toMatch(/key/i);
});

test("a batch holds at least one request", () => {
  expect(argsOf({ concurrency: 1 })).toContain("1");
});

test.each([
  ["a leading -", "--config=/etc/passwd"],
  ["an @", "/models/a@b"],
  ["a NUL", "/models/a\0b"],
])("%s is refused", (_, text) => {
  for (const engine of ["vllm", "transformers"] as const)
    for (const bad of [{ folder: text }, { name: text }])
      expect(() => engineCommand({ ...options, engine, ...bad })).toThrow(LabError);
});

test("requests in flight and transformers' batch belong together", () => {
  expect([batchFor(144), batchFor(18), batchFor(1), inFlightFor(16)]).toEqual([128, 16, 1, 18]);
  for (let batch = 1; batch <= 16; batch++) expect(batchFor(inFlightFor(batch))).toBe(batch);
});
