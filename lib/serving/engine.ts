/** Command lines of the model servers. Pure: nothing is started, and no shell will read them. */
import { basename, dirname, join } from "node:path";
import type { Engine } from "./fields.ts";
import { LabError } from "../errors.ts";
import { batchFor } from "../gpu/transformers.ts";
import { PYTHON } from "../config/paths.ts";

/** A LoRA adapter that a vLLM server holds beside its model: requests that name it are answered with it. */
export interface ServedAdapter {
  /** What requests call it. */
  name: string;
  /** Its folder. */
  path: string;
  rank: number;
}

export interface EngineOptions {
  engine: Engine;
  /** The model's folder. */
  folder: string;
  /** What requests call it; transformers' server goes by the folder's name. Default: the folder. */
  name?: string | undefined;
  port: number;
  /** Tokens of prompt and completion. */
  maxModelLength: number;
  /** Requests that the client keeps in flight. */
  concurrency: number;
  /** NF4 weights; on a GPU only. */
  loadIn4bit?: boolean | undefined;
  /** transformers on a CPU: threads. Default: all cores. */
  threads?: number | undefined;
  /** vLLM: requests that it works on at once, on each GPU. Default: what is in flight. */
  sequences?: number | undefined;
  /** vLLM: the share of each GPU it takes. Default: its own. */
  memoryShare?: number | undefined;
  /** Of vLLM: bytes of its cache; default: what is left of its share of the GPU. */
  cacheBytes?: number | undefined;
  /** vLLM: false saves the memory of captured CUDA graphs. */
  cudaGraphs?: boolean | undefined;
  /** vLLM: GPUs that each hold the model; requests are spread over them. Default 1. */
  replicas?: number | undefined;
  /** vLLM: processes that take in requests and write answers. Default: its own, one for each replica. */
  apiServers?: number | undefined;
  /** vLLM: adapters of the model, all of them on the GPU. Default none. */
  adapters?: readonly ServedAdapter[] | undefined;
}

export interface EngineCommand {
  run: { serve: string[] } | { command: string[] };
  /** The name that requests must use. */
  servedName: string;
}

const HOST = "127.0.0.1";

/**
 * JSON that follows a schema has one blank after a comma or a colon and no other: a small model that may
 * write white space can write nothing else until it is cut off. (vLLM 0.25.1,
 * vllm/config/structured_outputs.py: only for a backend that is named.)
 */
const ONE_FORM = JSON.stringify({ backend: "xgrammar", disable_any_whitespace: true });

/**
 * The numbers of tokens for which vLLM captures CUDA graphs; a step is filled up to the next of them. Its own
 * list ends at 512: a step that takes in a prompt while 512 answers are written is larger, and Python then
 * launches every kernel. On an H200 these served a 0.5B with adapters 2.3 times as fast (8,900 and 20,300
 * tokens a second), without 1.5 times, and were captured in 16 s instead of 30. vLLM drops those that are
 * larger than its steps may be.
 */
const GRAPH_TOKENS = [
  ...[1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256, 320, 384, 448, 512],
  ...[640, 768, 896, 1024, 1280, 1536, 2048, 3072, 4096],
];

/**
 * What to start. Every server binds 127.0.0.1.
 *
 * transformers' batch holds 8 of 9 requests in flight, so that the next ones wait in the server and not on
 * the way to it. vLLM reads its API key from the environment (VLLM_API_KEY), because command lines are public
 * on a machine; its sampling defaults are OpenAI's, not the model's; it loads safetensors only and runs no
 * code of the model's; it keeps no statistics, a third of its work on every token. Names of its options: vLLM
 * 0.25.1, vllm/engine/arg_utils.py. Throws LabError when the model's name cannot be passed on (an `@`, a
 * leading `-`, a NUL), and as `loraSlots`; RangeError for adapters on transformers, whose server has no LoRA.
 */
export function engineCommand(options: EngineOptions): EngineCommand {
  const { engine, folder, name = folder, port, maxModelLength, concurrency, loadIn4bit = false } = options;
  const {
    sequences,
    memoryShare,
    cacheBytes,
    cudaGraphs = true,
    replicas = 1,
    apiServers,
    adapters = [],
  } = options;
  for (const text of [folder, name]) assertPlain(text);
  if (engine === "vllm") {
    const args = [
      "serve",
      folder,
      "--host",
      HOST,
      "--port",
      String(port),
      "--served-model-name",
      name,
      "--max-model-len",
      String(maxModelLength),
    ];
    args.push(
      "--max-num-seqs",
      String(sequences ?? Math.ceil(concurrency / replicas)),
      "--generation-config",
      "vllm",
      "--enable-prefix-caching",
      "--disable-uvicorn-access-log",
      "--disable-log-stats",
    );
    args.push("--structured-outputs-config", ONE_FORM);
    if (memoryShare !== undefined) args.push("--gpu-memory-utilization", String(memoryShare));
    if (cacheBytes !== undefined) args.push("--kv-cache-memory-bytes", String(cacheBytes));
    if (cudaGraphs)
      args.push("--compilation-config", JSON.stringify({ cudagraph_capture_sizes: GRAPH_TOKENS }));
    else args.push("--enforce-eager");
    if (replicas > 1) args.push("--data-parallel-size", String(replicas));
    if (apiServers !== undefined) args.push("--api-server-count", String(apiServers));
    args.push(...loraArguments(adapters));
    args.push(...(loadIn4bit ? ["--quantization", "bitsandbytes"] : ["--load-format", "safetensors"]));
    return { run: { command: [vllmProgram(), ...args] }, servedName: name };
  }
  if (adapters.length > 0)
    throw new RangeError(`engineCommand requires engine vllm for adapters, got ${engine}`);
  const args = [
    folder,
    "--host",
    HOST,
    "--port",
    String(port),
    "--max-model-length",
    String(maxModelLength),
    "--concurrency",
    String(batchFor(concurrency)),
  ];
  if (options.threads !== undefined) args.push("--threads", String(options.threads));
  if (loadIn4bit) args.push("--quantization", "bnb-4bit");
  return { run: { serve: args }, servedName: basename(folder) };
}

/** What vLLM's --max-lora-rank takes (0.25.1, vllm/config/lora.py), but for 1: a slot of 8 costs nothing. */
const LORA_RANKS = [8, 16, 32, 64, 128, 256, 320, 512];

/**
 * The slots that a vLLM server needs to hold all of these adapters on the GPU, each of the rank that the
 * largest one asks for; null without any. Throws LabError for a rank above the largest that vLLM takes.
 */
export function loraSlots(adapters: readonly ServedAdapter[]): { count: number; rank: number } | null {
  if (adapters.length === 0) return null;
  const largest = adapters.reduce((a, b) => (b.rank > a.rank ? b : a));
  const rank = LORA_RANKS.find((one) => one >= largest.rank);
  if (rank !== undefined) return { count: adapters.length, rank };
  throw new LabError({
    what: "The adapter's rank is above the server's limit",
    where: largest.path,
    expected: `a rank of at most ${LORA_RANKS.at(-1)}, the largest that vLLM takes`,
    found: `r = ${largest.rank}`,
    todo:
      "Train it with a smaller sft.loraRank and grpo.loraRank, or set serving.engine=transformers, " +
      "which merges adapters.",
  });
}

/** As JSON: the form name=path breaks at a = in the path. */
function loraArguments(adapters: readonly ServedAdapter[]): string[] {
  const slots = loraSlots(adapters);
  if (slots === null) return [];
  const modules = adapters.map(({ name, path }) => JSON.stringify({ name, path }));
  return [
    "--enable-lora",
    "--max-loras",
    String(slots.count),
    "--max-lora-rank",
    String(slots.rank),
    "--lora-modules",
    ...modules,
  ];
}

/**
 * How many processes take in vLLM's requests: one took 9 s to read 2,048 questions while its H100 waited. A
 * quarter of the cores, at most four for each GPU.
 */
export function apiServersFor(cores: number, replicas: number): number {
  return Math.max(replicas, Math.min(4 * replicas, Math.floor(cores / 4)));
}

/** vLLM comes with the Python environment's `gpu` extra. */
export function vllmProgram(): string {
  return join(dirname(PYTHON), "vllm");
}

function assertPlain(text: string): void {
  const refuse = (found: string): never => {
    throw new LabError({
      what: "The model's name cannot be given to a server",
      where: text,
      expected: "a path without @",
      found,
      todo: "Move or rename the folder.",
    });
  };
  if (text.startsWith("-")) refuse("a leading -");
  if (text.includes("\0")) refuse("a NUL character");
  if (text.includes("@")) refuse("an @, which servers take for the start of a revision");
}
