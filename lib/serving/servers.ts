/** Several processes that serve one model on one machine, behind one client. */
import { randomBytes } from "node:crypto";
import { createClient } from "./client.ts";
import type { ClientOptions } from "./client.ts";
import { startServer } from "./server.ts";
import type { Server, ServerOptions } from "./server.ts";

/**
 * As `startServer`; with `count` above 1 as many servers, each with its part of the requests and of the GPU's
 * memory. The client deals requests to them in turn; when one dies, all of its requests are aborted. Nothing
 * is left running when one of them does not start.
 */
export async function startServers(count: number, options: ServerOptions): Promise<Server> {
  if (count <= 1) return startServer(options);
  const { log, concurrency, signal } = options;
  const giveUp = new AbortController();
  const part: ServerOptions = {
    ...partOfGpu(count, options),
    apiKey: options.apiKey ?? randomBytes(16).toString("hex"),
    concurrency: Math.ceil(concurrency / count),
    signal: signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal,
  };
  const starts = Array.from({ length: count }, (_, i) =>
    startServer({ ...part, ...(i > 0 && { port: 0, log: log.replace(/(\.log)?$/, `-${i + 1}.log`) }) }),
  );
  for (const start of starts) start.catch((error: unknown) => giveUp.abort(error));
  const ended = await Promise.allSettled(starts);
  const servers = ended.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
  const stop = async (graceSeconds?: number) => {
    await Promise.all(servers.map((server) => server.stop(graceSeconds)));
  };
  if (servers.length < count) {
    await stop();
    throw giveUp.signal.reason;
  }
  const first = servers[0]!;
  const connection: ClientOptions = {
    ...first.connection,
    concurrency,
    servers: () => servers,
    signal: AbortSignal.any(servers.map(({ connection }) => connection.signal!)),
  };
  return { ...first, client: createClient(connection), connection, stop };
}

/** The part of one of `count` processes in what a server may use. */
export function partOfGpu<O extends ServerOptions>(count: number, options: O): O {
  const { sequences, memoryShare, cacheBytes } = options;
  return {
    ...options,
    sequences: sequences && Math.ceil(sequences / count),
    memoryShare: memoryShare && Math.ceil((100 * memoryShare) / count) / 100,
    cacheBytes: cacheBytes && Math.floor(cacheBytes / count),
  };
}
