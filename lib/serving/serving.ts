/** The model server a stage asks: the one the config names, or one started for it. */
import { wantsGpu } from "../config/config.ts";
import type { Config } from "../config/config.ts";
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { createClient } from "./client.ts";
import type { Client } from "./client.ts";
import type { Failure } from "./completion.ts";
import { templateOpensThink } from "../model/chat.ts";
import { LabError } from "../errors.ts";
import { interruptible } from "../interruptible.ts";
import type { Lab } from "../config/lab.ts";
import { checkAdapter } from "../model/adapter.ts";
import { modelFolder, resolveModel } from "../model/ref.ts";
import type { ModelRef } from "../model/ref.ts";
import { apiServersFor, engineCommand, loraSlots } from "./engine.ts";
import type { ServedAdapter } from "./engine.ts";
import { givenServer, roleModel } from "./given.ts";
import type { GivenServer, ModelRole } from "./given.ts";
import { assertInstalled } from "./installed.ts";
import { assertPortFree } from "./port.ts";
import { answered, probe } from "./readiness.ts";
import { startOnRay } from "./on-ray.ts";
import { partOfGpu, startServers } from "./servers.ts";
import type { ServerOptions } from "./server.ts";
import { processesOnCpu } from "../gpu/on-cores.ts";
import { having, planStage, readyStage } from "../gpu/plan-stage.ts";
import type { StagePlan } from "../gpu/plan-stage.ts";

export interface OpenServerOptions {
  /** Of a started server, which then is one process with one address; default `serving.port`. */
  port?: number | undefined;
  /** Of a started vLLM; a random one unless told. */
  apiKey?: string | undefined;
  /**
   * Of a started vLLM: adapters that it holds beside the model, asked by their names
   * (`CompletionRequest.model`).
   */
  adapters?: readonly ServedAdapter[] | undefined;
  /** As the stage planned it (`planRole`), for a server of its model alone; else it is planned here. */
  plan?: StagePlan | null | undefined;
  signal?: AbortSignal | undefined;
}

export interface OpenServer {
  readonly client: Client;
  readonly model: ModelRef;
  /** Of the first process. */
  readonly url: string;
  /** Of the first process; null for a server that was there before. */
  readonly pid: number | null;
  /** Stops what was started; a server that was there before goes on. */
  stop(): Promise<void>;
}

/**
 * A server that answers for a model: a role of the config, a folder, a hub id, or a resolved model.
 *
 * A server that the config gives (`givenServer`) is asked, under the model's name as the config writes it.
 * Otherwise one is started on 127.0.0.1 (a second start in the same process costs a second or two; of a small
 * model on a CPU a process a core, four at most, behind one client), or with
 * `gpu.ray` as many on that cluster as `gpu.replicas` says (`startOnRay`), and ends with this process at the
 * latest. On a GPU the memory plan is printed first; Teacher and Judge are loaded in
 * 4 bit where it has to be so; what is trained and evaluated never is, so that all arms are asked alike. A
 * hub id is downloaded first. Throws LabError: no such model, another architecture, an adapter of another
 * base or of too high a rank, as fetchModel, no GPU where one is needed, too little memory, port in use,
 * server dead or silent.
 */
export async function openServer(
  lab: Lab,
  model: ModelRole | string | ModelRef,
  options: OpenServerOptions = {},
): Promise<OpenServer> {
  return interruptible(options.signal, (signal) => open(lab, model, { ...options, signal }));
}

async function open(
  lab: Lab,
  model: ModelRole | string | ModelRef,
  { port, apiKey, adapters = [], plan, signal }: OpenServerOptions,
): Promise<OpenServer> {
  const { serving, models } = lab.config;
  const role = typeof model === "string" && isRole(model) ? model : null;
  const name = role ? models[role] : typeof model === "string" ? model : model.path;
  const ref = role
    ? await roleModel(lab.config, role)
    : typeof model === "string"
      ? await resolveModel(name)
      : model;
  const given = givenServer(lab.config, role);
  if (given) return askGiven(lab, given, name, ref, signal);
  for (const { path } of adapters) await checkAdapter(path, ref);
  const lora = loraSlots(adapters);
  const onGpu = serving.engine === "vllm" || wantsGpu(lab.config);
  const mayQuantise = onGpu && role !== null && role !== "base";
  const cores = availableParallelism();
  // of one address, here
  const own = port === undefined ? lab : having(lab, { "gpu.serverProcesses": 1, "gpu.ray": "" });
  const stage = { stage: "serving", model: ref, mayQuantise, lora, cores } as const;
  const first = plan ?? (await planStage(own, stage));
  const { ray } = own.config.gpu;
  const before = () => assertStartable(first.config, ref, mayQuantise, ray ? 0 : (port ?? serving.port));
  const { config, cacheBytes, assertFree } = await readyStage(own, stage, first, { signal, before });
  await assertFree();
  const replicas = Math.max(1, config.gpu.replicas);
  const isDecided = onGpu || ray !== "" || own.chosen?.includes("gpu.serverProcesses");
  const processes = isDecided ? config.gpu.serverProcesses : processesOnCpu(modelFolder(ref) ?? ref.path);
  const log = join(
    lab.paths.reports,
    "servers",
    `${basename(ref.path).replace(/[^\w.-]+/g, "_") || "model"}-${process.pid}.log`,
  );
  mkdirSync(join(lab.paths.reports, "servers"), { recursive: true });
  const common: ServerOptions = {
    ...{ engine: serving.engine, model: ref, port: port ?? serving.port, log, apiKey, signal },
    maxModelLength: serving.maxModelLength,
    concurrency: config.serving.concurrency,
    startTimeoutMs: serving.startTimeoutMs,
    requestTimeoutMs: serving.requestTimeoutMs,
    loadIn4bit: config.gpu.serveIn4bit && mayQuantise,
    sequences: config.gpu.serverSequences,
    memoryShare: config.gpu.serverMemoryShare,
    cacheBytes,
    cudaGraphs: config.gpu.cudaGraphs,
    adapters,
    threads: processes > 1 ? Math.round(cores / processes) || 1 : undefined,
  };
  const server = ray
    ? await startOnRay({
        ...partOfGpu(processes, common),
        ...{ ray, copies: replicas * processes, gpuShare: wantsGpu(config) ? 1 / processes : 0 },
      })
    : await startServers(processes, {
        ...{ ...common, replicas },
        apiServers: processes > 1 ? replicas : apiServersFor(cores, replicas),
      });
  return { client: server.client, model: ref, url: server.url, pid: server.pid, stop: () => server.stop() };
}

/**
 * Opens a server, hands its client to `use`, and always stops what was started: after success, an error, an
 * abort, an interrupted cell.
 *
 * The signal given to `use` aborts when the cell is interrupted or `signal` does; the client's requests end
 * with it.
 */
export async function withServer<T>(
  lab: Lab,
  model: ModelRole | string | ModelRef,
  use: (client: Client, signal: AbortSignal) => Promise<T>,
  options: OpenServerOptions = {},
): Promise<T> {
  return interruptible(options.signal, async (signal) => {
    const server = await openServer(lab, model, { ...options, signal });
    try {
      return await use(server.client, signal);
    } finally {
      await server.stop();
    }
  });
}

/** What can be known of a planned server before a long download: the engine's programs, the port. */
async function assertStartable(
  config: Config,
  ref: ModelRef,
  mayQuantise: boolean,
  port: number,
): Promise<void> {
  const { engine, maxModelLength, concurrency } = config.serving;
  assertInstalled(
    engineCommand({
      engine,
      folder: ref.path,
      port,
      maxModelLength,
      concurrency,
      loadIn4bit: config.gpu.serveIn4bit && mayQuantise,
    }).run,
  );
  await assertPortFree(port);
}

function isRole(name: string): name is ModelRole {
  return name === "teacher" || name === "judge" || name === "base";
}

async function askGiven(
  { config: { serving } }: Lab,
  { url, setting, apiKey }: GivenServer,
  name: string,
  model: ModelRef,
  signal: AbortSignal | undefined,
): Promise<OpenServer> {
  const folder = modelFolder(model);
  const connection = {
    baseURL: url,
    model: name,
    engine: serving.engine,
    apiKey,
    concurrency: serving.concurrency,
    opensThink: folder === null ? null : templateOpensThink(folder),
    signal,
  };
  const result = await probe(
    createClient({
      ...connection,
      timeoutMs: Math.min(serving.requestTimeoutMs, serving.startTimeoutMs),
      maxAttempts: 4,
    }),
  );
  signal?.throwIfAborted();
  if (!answered(result)) {
    const { cause, message } = result as Failure;
    throw new LabError({
      what: "The server that the config names does not answer for this model",
      where: `${setting} ${url}, model ${name}`,
      found: `${cause}: ${message}`,
      todo:
        `Start it, correct ${setting} or the model's name (an adapter is asked by its arm's: sft, ` +
        `sft_grpo, grpo_only), or leave ${setting} empty to have one started.`,
    });
  }
  return {
    client: createClient({ ...connection, timeoutMs: serving.requestTimeoutMs }),
    model,
    url,
    pid: null,
    stop: async () => undefined,
  };
}
