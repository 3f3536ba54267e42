/** What a vLLM server can afford on a GPU: bf16 or 4 bit, requests at once, captured graphs. Pure. */
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import { choose, divisors } from "./choose.ts";
import type { Choice, Option } from "./choose.ts";
import { cacheBytes, GIB, servingMemory, times, totalMemory } from "./memory.ts";
import type { LoraSlots } from "./memory.ts";
import { weightBytes } from "../model/shape.ts";
import type { ModelShape, WeightFormat } from "../model/shape.ts";

/**
 * Requests at once up to which a step of tokens is replayed from captured graphs, prompts that come in
 * included.
 */
const MOST_REQUESTS = 1024;
/** What gpu.serverSequences may be. */
const MOST_SEQUENCES = 4096;
/** Requests at once below which the next smaller format is the better choice. */
const ENOUGH_REQUESTS = 32;
/** A request holds, on average, half of the longest one it may become. */
const AVERAGE = 0.5;
/**
 * So many times as many are in flight as are worked on: answers of one length end together, and the next ones
 * must be in the server then.
 */
const IN_FLIGHT = 2;
/**
 * Weights up to which several processes share a GPU. vLLM plans each step in Python: with 1,024 requests that
 * takes some 40 ms, in which an H200 that serves a 0.5B is idle four fifths of the time.
 */
const SMALL_MODEL = 4 * GIB;
/** Cores for each such process: it keeps one busy, and what takes in its requests another. */
const CORES_A_PROCESS = 4;
const MOST_PROCESSES = 4;
/** The most that the config takes as serving.concurrency. */
const MOST_IN_FLIGHT = 8192;

export interface ServingNeed {
  config: Config;
  shape: ModelShape;
  room: number;
  gpus: number;
  /** Of the machine's processor. Default 1. */
  cores?: number | undefined;
  /** Teacher and Judge may be quantised; what is trained and evaluated may not. */
  mayQuantise: boolean;
  /** Adapters that the server holds beside the model. */
  lora?: LoraSlots | null | undefined;
  free: (key: string) => boolean;
}

/**
 * The server's share of the GPU is filled with cache: more requests at once, more tokens a second. Where all
 * requests at full length cannot fill it, the cache is as large as they are: vLLM then measures nothing at
 * its start, which goes wrong when another process takes or frees memory at that moment.
 *
 * Several processes share the GPU where the model is small and there is room for as many requests as one
 * would work on: each has its part of them, and a cache of a size of its own.
 */
export function planServing({
  config,
  shape,
  room,
  gpus,
  cores = 1,
  mayQuantise,
  lora,
  free,
}: ServingNeed): Choice {
  const { maxModelLength, concurrency } = config.serving;
  const { ray } = config.gpu;
  if (ray !== "" && config.gpu.replicas === 0)
    throw new LabError({
      what: "How many GPUs of the Ray cluster serve is not said",
      where: "gpu.replicas",
      expected: "as many as the cluster has, or fewer",
      found: "0",
    });
  const replicas = config.gpu.replicas > 0 ? config.gpu.replicas : Math.max(1, gpus);
  if (replicas > gpus && ray === "")
    throw new LabError({
      what: "There are not so many GPUs",
      where: "gpu.replicas",
      expected: `at most ${gpus}, or 0 for all`,
      found: String(replicas),
    });
  const share = config.gpu.serverMemoryShare;
  const formats: WeightFormat[] = !mayQuantise
    ? ["bf16"]
    : free("gpu.serveIn4bit")
      ? ["bf16", "nf4 double"]
      : [config.gpu.serveIn4bit ? "nf4 double" : "bf16"];
  const graphs = free("gpu.cudaGraphs") ? [true, false] : [config.gpu.cudaGraphs];
  const several = Math.min(MOST_PROCESSES, Math.floor(cores / (CORES_A_PROCESS * Math.min(replicas, gpus))));
  const maySplit = free("gpu.serverProcesses") && several > 1 && weightBytes(shape, "bf16") <= SMALL_MODEL;
  const counts = maySplit ? divisors(MOST_REQUESTS, several) : [config.gpu.serverProcesses];
  const ways = [ENOUGH_REQUESTS, 2].flatMap((least) =>
    formats.flatMap((format) =>
      graphs.flatMap((captured) => counts.map((processes) => ({ least, format, captured, processes }))),
    ),
  );
  const options = ways.map(({ least, format, captured, processes }): Option => {
    const bare = times(processes, servingMemory({ shape, format, tokens: 0, graphs: captured, lora }));
    const empty = totalMemory(bare);
    const fill = Math.floor((room * share - empty) / cacheBytes(shape));
    const possible = Math.floor(fill / (maxModelLength * AVERAGE));
    const wanted = !free("gpu.serverSequences")
      ? config.gpu.serverSequences
      : free("serving.concurrency")
        ? MOST_REQUESTS
        : Math.min(MOST_SEQUENCES, Math.ceil(concurrency / replicas));
    const requests = Math.max(1, Math.min(wanted, possible));
    const splits = maySplit && processes > 1;
    const enough = possible >= (splits ? wanted : Math.min(least, wanted));
    // Too little for `least` requests: the plan then shows what these would take, which is more than the
    // share holds.
    const most = requests * maxModelLength;
    const tokens = !enough
      ? Math.ceil(Math.min(least, wanted) * maxModelLength * AVERAGE)
      : Math.min(fill, most);
    const memory = { ...bare, cache: tokens * cacheBytes(shape) };
    const isLimited = enough && most < fill;
    return {
      overrides: {
        ...(isLimited && { "gpu.serverMemoryShare": shareOf(totalMemory(memory), room) }),
        ...(mayQuantise && { "gpu.serveIn4bit": format !== "bf16" }),
        "gpu.cudaGraphs": captured,
        "gpu.replicas": replicas,
        "gpu.serverSequences": requests,
        "gpu.serverProcesses": processes,
        "serving.concurrency": free("serving.concurrency")
          ? Math.min(MOST_IN_FLIGHT, requests * IN_FLIGHT * replicas)
          : concurrency,
      },
      setting: [
        format === "bf16" ? "bf16" : "4 bit",
        `${replicas > 1 ? `${replicas} GPUs × ` : ""}${requests} requests at once`,
        ...(lora ? [`${lora.count} LoRA slots of rank ${lora.rank}`] : []),
        ...(processes > 1 ? [`${processes} processes a GPU`] : []),
        ...(captured ? [] : ["no CUDA graphs"]),
      ].join(", "),
      memory,
      cacheBytes: isLimited || processes > 1 ? tokens * cacheBytes(shape) : undefined,
      short: enough
        ? undefined
        : { key: "gpu.serverMemoryShare", has: room * share, needs: totalMemory(memory) },
    };
  });
  return choose("serving", options, room);
}

/** In whole hundredths, rounded up. */
const shareOf = (bytes: number, room: number): number => Math.ceil((100 * bytes) / room) / 100;
