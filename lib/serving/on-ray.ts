/** Copies of a model server on the machines of a Ray cluster (scripts/serve_on_ray.py), behind one client. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PYTHON, REPO_ROOT } from "../config/paths.ts";
import { LabError } from "../errors.ts";
import { templateOpensThink } from "../model/chat.ts";
import { modelFolder } from "../model/ref.ts";
import { fileError } from "../store/atomic.ts";
import { createClient } from "./client.ts";
import type { ClientOptions, ServerAddress } from "./client.ts";
import { engineCommand } from "./engine.ts";
import { assertInstalled } from "./installed.ts";
import { ERROR_PATIENCE_MS, waitUntilReady, warmUp } from "./readiness.ts";
import { lastWords, makeLog } from "./server-log.ts";
import type { Server, ServerOptions } from "./server.ts";
import { startProcess } from "./supervisor.ts";

export interface RayServerOptions extends ServerOptions {
  /** Of the cluster: auto, or host:port. */
  ray: string;
  copies: number;
  /** Of a GPU, that each copy takes; 0 for a CPU. */
  gpuShare: number;
}

const LOOK_MS = 300;

/**
 * As `startServer`, with `copies` servers that Ray places and starts again when they are lost. It returns
 * when the first one answers; the client deals requests to all that do, and asks another copy what a lost one
 * left open. `reports/servers/<model>-<process>-replicas` holds what they print. Throws LabError, too, where
 * no cluster answers, has not so much room, or does not see the same files.
 */
export async function startOnRay(options: RayServerOptions): Promise<Server> {
  const { engine, model, log, concurrency, copies, gpuShare, ray, startTimeoutMs, signal } = options;
  const folder = modelFolder(model);
  const path = folder ?? model.path;
  const { run, servedName } = engineCommand({
    ...{ ...options, folder: path, name: model.path, port: 0 },
    concurrency: Math.ceil(concurrency / copies),
  });
  assertInstalled(run);
  const key = options.apiKey ?? randomBytes(16).toString("hex");
  const place = log.replace(/(\.log)?$/, "-replicas");
  const command =
    "command" in run ? run.command : [PYTHON, join(REPO_ROOT, "scripts", "serve.py"), ...run.serve];
  const paths = [command[0], path, ...(options.adapters ?? []).map((adapter) => adapter.path)];
  makeLog(log);
  writeTask(place, key, { command, copies, gpuShare, paths });
  signal?.throwIfAborted();
  const driver = await startProcess({
    run: { command: [PYTHON, join(REPO_ROOT, "scripts", "serve_on_ray.py"), ray, place] },
    log,
    env: { HF_HUB_OFFLINE: "1", ...rayEnvironment() },
  });
  const died = new AbortController();
  let stopping = false;
  void driver.exited.then(() => {
    if (!stopping) died.abort(endedError(ray, log, key));
  });
  const addresses = followAddresses(join(place, "replicas.json"));
  const stop = async (graceSeconds = 10) => {
    stopping = true;
    addresses.stop();
    await driver.stop(graceSeconds);
    rmSync(join(place, "key.txt"), { force: true });
  };
  try {
    const began = performance.now();
    while (addresses.now().length === 0) {
      if (died.signal.aborted) throw died.signal.reason;
      signal?.throwIfAborted();
      if (performance.now() - began > startTimeoutMs) throw lateError(startTimeoutMs, place, log, key);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    const connection: ClientOptions = {
      baseURL: addresses.now()[0]!.url,
      servers: addresses.now,
      model: servedName,
      engine,
      apiKey: key,
      concurrency,
      timeoutMs: options.requestTimeoutMs,
      maxAttempts: Infinity, // all may be lost at once, and be back within the deadline
      opensThink: folder === null ? null : templateOpensThink(folder),
      signal: died.signal,
    };
    const ready = { startTimeoutMs, errorPatienceMs: ERROR_PATIENCE_MS, log, died: died.signal, signal };
    await waitUntilReady(connection, ready);
    if (engine === "vllm") await warmUp(createClient(connection), options.apiServers);
    signal?.throwIfAborted();
    const url = connection.baseURL;
    return {
      url,
      model: servedName,
      pid: driver.pid,
      log,
      client: createClient(connection),
      connection,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What Ray reads for itself; its token stays in this process's own environment and in the driver's. */
function rayEnvironment(): Record<string, string> {
  const own = /^(RAY_\w+|FTMODEL_RAY_WAIT)$/;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name, value]) => own.test(name) && value !== undefined),
  ) as Record<string, string>;
}

/** The key in a file that nobody else reads: Ray shows the arguments of its tasks. */
function writeTask(place: string, key: string, task: object): void {
  try {
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "key.txt"), key, { mode: 0o600 });
    writeFileSync(join(place, "serve.json"), JSON.stringify(task, null, 2));
  } catch (cause) {
    throw fileError("What is to be served could not be written", place, cause);
  }
}

/** The servers that a file lists at the moment; one that leaves the list is gone. */
function followAddresses(file: string): { now: () => readonly ServerAddress[]; stop: () => void } {
  let text = "[]";
  let listed = new Map<string, { url: string; gone: AbortSignal; lost: () => void }>();
  const look = (): void => {
    let read: string;
    try {
      read = readFileSync(file, "utf8");
    } catch {
      return; // none has answered yet
    }
    if (read === text) return;
    text = read;
    const urls = JSON.parse(read) as string[];
    for (const [url, { lost }] of listed) if (!urls.includes(url)) lost();
    listed = new Map(urls.map((url) => [url, listed.get(url) ?? addressOf(url)]));
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return { now: () => [...listed.values()], stop: () => clearInterval(timer) };
}

function addressOf(url: string): { url: string; gone: AbortSignal; lost: () => void } {
  const end = new AbortController();
  return { url, gone: end.signal, lost: () => end.abort() };
}

function endedError(ray: string, log: string, key: string): LabError {
  return new LabError({
    what: "The model servers on the Ray cluster ended",
    where: `gpu.ray ${ray}`,
    found: lastWords(log, key) || "without a word",
    todo: `What is done is kept. Run the cell again. The whole log is ${log}, each copy's beside it.`,
  });
}

function lateError(startTimeoutMs: number, place: string, log: string, key: string): LabError {
  return new LabError({
    what: "No model server on the Ray cluster answered in time",
    where: place,
    expected: `one within ${startTimeoutMs / 1000} s`,
    found: lastWords(log, key) || "none",
    todo: "Raise serving.startTimeoutMs, or read the logs there.",
  });
}
