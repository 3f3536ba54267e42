/** Command lines of the model servers. Pure: nothing is started, and no shell will read them. */
import { dirname, join } from "node:path";
import type { Engine } from "./client.ts";
import { LabError } from "../errors.ts";
import { PYTHON } from "../config/paths.ts";

export interface EngineOptions {
  engine: Engine;
  /** The model's folder. */
  folder: string;
  /** What requests call it; transformers' server knows the folder only. Default: the folder. */
  name?: string | undefined;
  port: number;
  /** Tokens of prompt and completion. */
  maxModelLength: number;
  /** Requests that the client keeps in flight. */
  concurrency: number;
  /** NF4 weights; on a GPU only. */
  loadIn4bit?: boolean | undefined;
  /** vLLM: requests that it works on at once, on each GPU. Default: what is in flight. */
  sequences?: number | undefined;
  /** vLLM: the share of each GPU it takes. Default: its own. */
  memoryShare?: number | undefined;
  /** vLLM: false saves the memory of captured CUDA graphs. */
  cudaGraphs?: boolean | undefined;
  /** vLLM: GPUs that each hold the model; requests are spread over them. Default 1. */
  replicas?: number | undefined;
  /** vLLM: processes that take in requests and write answers. Default: its own, one for each replica. */
  apiServers?: number | undefined;
}

export interface EngineCommand {
  run: { serve: string[] } | { command: string[] };
  /** The name that requests must use. */
  servedName: string;
}

const HOST = "127.0.0.1";

/**
 * What to start. Every server binds 127.0.0.1.
 *
 * transformers' batch holds 8 of 9 requests in flight, so that the next ones wait in the server and not on the way to it. vLLM reads its API key from
 * the environment (VLLM_API_KEY), because command lines are public on a machine; its sampling defaults are OpenAI's, not the model's; it loads
 * safetensors only and runs no code of the model's; it keeps no statistics, a third of its work on every token. Names of its options: vLLM 0.25.1, vllm/engine/arg_utils.py.
 * Throws LabError when the model's name cannot be passed on (an `@`, a leading `-`, a NUL).
 */
export function engineCommand({ engine, folder, name = folder, port, maxModelLength, concurrency, loadIn4bit = false, sequences, memoryShare, cudaGraphs = true, replicas = 1, apiServers }: EngineOptions): EngineCommand {
  for (const text of [folder, name]) assertPlain(text);
  if (engine === "vllm") {
    const args = ["serve", folder, "--host", HOST, "--port", String(port), "--served-model-name", name, "--max-model-len", String(maxModelLength)];
    args.push("--max-num-seqs", String(sequences ?? Math.ceil(concurrency / replicas)), "--generation-config", "vllm", "--enable-prefix-caching", "--disable-uvicorn-access-log", "--disable-log-stats");
    if (memoryShare !== undefined) args.push("--gpu-memory-utilization", String(memoryShare));
    if (!cudaGraphs) args.push("--enforce-eager");
    if (replicas > 1) args.push("--data-parallel-size", String(replicas));
    if (apiServers !== undefined) args.push("--api-server-count", String(apiServers));
    args.push(...(loadIn4bit ? ["--quantization", "bitsandbytes"] : ["--load-format", "safetensors"]));
    return { run: { command: [vllmProgram(), ...args] }, servedName: name };
  }
  const args = [folder, "--host", HOST, "--port", String(port), "--max-model-length", String(maxModelLength), "--concurrency", String(batchFor(concurrency))];
  if (loadIn4bit) args.push("--quantization", "bnb-4bit");
  return { run: { serve: args }, servedName: folder };
}

/** transformers' batch for so many requests in flight. @example batchFor(18) //=> 16 */
export function batchFor(concurrency: number): number {
  return Math.max(1, Math.round((concurrency * 8) / 9));
}

/** The requests in flight that give a batch. @example inFlightFor(16) //=> 18 */
export function inFlightFor(batch: number): number {
  return Math.round((batch * 9) / 8);
}

/**
 * How many processes take in vLLM's requests: one took 9 s to read 2,048 questions while its H100 waited. A quarter of the cores, at most
 * four for each GPU.
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
    throw new LabError({ what: "The model's name cannot be given to a server", where: text, expected: "a path without @", found, todo: "Move or rename the folder." });
  };
  if (text.startsWith("-")) refuse("a leading -");
  if (text.includes("\0")) refuse("a NUL character");
  if (text.includes("@")) refuse("an @, which servers take for the start of a revision");
}
