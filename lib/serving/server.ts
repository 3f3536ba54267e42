/** A model server of our own: started, probed with a real completion, stopped, never left behind. */
import { randomBytes } from "node:crypto";
import { templateOpensThink } from "../model/chat.ts";
import { createClient } from "./client.ts";
import type { Client, ClientOptions } from "./client.ts";
import { engineCommand } from "./engine.ts";
import type { EngineCommand, EngineOptions } from "./engine.ts";
import { LabError } from "../errors.ts";
import { modelFolder } from "../model/ref.ts";
import type { ModelRef } from "../model/ref.ts";
import { assertInstalled } from "./installed.ts";
import { assertPortFree, freePort } from "./port.ts";
import { ERROR_PATIENCE_MS, waitUntilReady, warmUp } from "./readiness.ts";
import { adviceOn, lastWords, makeLog } from "./server-log.ts";
import { startProcess } from "./supervisor.ts";

export interface ServerOptions extends Omit<EngineOptions, "port" | "folder" | "name"> {
  /** A hub id must be on this machine (`fetchModel`). */
  model: ModelRef;
  /** On 127.0.0.1; 0 (default) takes a free one. */
  port?: number | undefined;
  /** What the server prints. Emptied first. */
  log: string;
  /** Until a real completion must have come back. */
  startTimeoutMs: number;
  /** How long it may answer nothing but errors (5xx) before it is given up. Default 30,000. */
  errorPatienceMs?: number | undefined;
  /** Deadline of each request of `client`. */
  requestTimeoutMs?: number | undefined;
  /** What vLLM asks of everyone on this machine; a random one unless told. */
  apiKey?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Another OpenAI-compatible server than the two engines: its command line for a port. */
  command?: ((port: number) => EngineCommand) | undefined;
}

export interface Server {
  /** `http://127.0.0.1:<port>/v1` */
  readonly url: string;
  readonly model: string;
  readonly pid: number;
  readonly log: string;
  /** Its requests are aborted, with a LabError that holds the server's last words, when the server dies. */
  readonly client: Client;
  /** What `client` was made of. */
  readonly connection: ClientOptions;
  /** Ends the server's whole process group, after `graceSeconds` by force; resolves when it is gone. */
  stop(graceSeconds?: number): Promise<void>;
}

/**
 * Starts a server and returns when it has answered a request for one token.
 *
 * It ends with this process, even when that is killed. Throws LabError: the port is taken, the server died
 * (with its last words), nothing came back in time or only errors for 30 s, the engine is not installed; the
 * abort's reason when `signal` aborts. Nothing is left running then.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const wanted = options.port ?? 0;
  for (let attempt = 1; ; attempt++) {
    const port = wanted === 0 ? await freePort() : await assertPortFree(wanted);
    try {
      return await startOn(port, options);
    } catch (error) {
      // Somebody else took the port between our look and the server's bind.
      const isTaken = error instanceof LabError && error.problem.code === "port_in_use";
      if (wanted !== 0 || attempt === 3 || !isTaken) throw error;
    }
  }
}

async function startOn(port: number, options: ServerOptions): Promise<Server> {
  const {
    engine,
    model,
    log,
    startTimeoutMs,
    errorPatienceMs = ERROR_PATIENCE_MS,
    requestTimeoutMs,
    concurrency,
    signal,
  } = options;
  const folder = modelFolder(model);
  const { run, servedName } =
    options.command?.(port) ??
    engineCommand({ ...options, folder: folder ?? model.path, name: model.path, port });
  assertInstalled(run);
  makeLog(log);
  const key = options.apiKey ?? randomBytes(16).toString("hex");
  signal?.throwIfAborted();
  const server = await startProcess({
    run,
    log,
    env: { HF_HUB_OFFLINE: "1", ...(engine === "vllm" && { VLLM_API_KEY: key }) },
  });
  const url = `http://127.0.0.1:${port}/v1`;
  const died = new AbortController();
  let stopping = false;
  void server.exited.then((status) => {
    if (!stopping) died.abort(deathError(folder ?? servedName, log, status, key));
  });
  const connection: ClientOptions = {
    baseURL: url,
    model: servedName,
    engine,
    apiKey: key,
    concurrency,
    opensThink: folder === null ? null : templateOpensThink(folder),
  };
  const toLast: ClientOptions = { ...connection, timeoutMs: requestTimeoutMs, signal: died.signal };
  const stop = async (graceSeconds = "serve" in run ? 0 : 10) => {
    stopping = true;
    await server.stop(graceSeconds); // 0 for ours, which has nothing to put in order
  };
  try {
    await waitUntilReady(connection, { startTimeoutMs, errorPatienceMs, log, died: died.signal, signal });
    if (engine === "vllm")
      await warmUp(
        createClient({
          ...connection,
          maxAttempts: 1,
          timeoutMs: startTimeoutMs,
          signal: signal ? AbortSignal.any([died.signal, signal]) : died.signal,
        }),
        options.apiServers,
      );
    signal?.throwIfAborted();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    model: servedName,
    pid: server.pid,
    log,
    client: createClient(toLast),
    connection: toLast,
    stop,
  };
}

function deathError(model: string, log: string, status: number | null, key: string): LabError {
  const words = lastWords(log, key);
  const taken = /address already in use/i.test(words);
  const how =
    status === null
      ? "its supervisor was ended with it"
      : status < 0
        ? `signal ${-status}${status === -9 ? " (by hand, or by the system when memory ran out)" : ""}`
        : `exit status ${status}`;
  return new LabError({
    code: taken ? "port_in_use" : "server_gone",
    what: taken ? "The model server's port is in use" : "The model server died",
    where: model,
    found: words ? `${how}; its last words:\n${words}` : `${how}; it said nothing`,
    // vLLM's front end says more after its engine has named the cause.
    todo:
      "What is done is kept. " +
      `${adviceOn(lastWords(log, key, { lines: 300, characters: 50_000 })) ?? "Run the cell again."} ` +
      `The whole log is ${log}.`,
  });
}
