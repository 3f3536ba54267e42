/**
 * The one client for Teacher, Judge and the deployed model: OpenAI-compatible servers, bounded in time,
 * memory and requests in flight.
 */
import OpenAI from "openai";
import { Agent, fetch as undiciFetch } from "undici";
import { restoreThink } from "../model/chat.ts";
import { isPermanent, readResponse } from "./completion.ts";
import type {
  CompletionRequest,
  CompletionResult,
  Failure,
  FailureCause,
  Reading,
  Written,
} from "./completion.ts";
import { assertPossible, fields } from "./fields.ts";
import type { Engine } from "./fields.ts";
import { interruptible } from "../interruptible.ts";
import { mapPool } from "./pool.ts";
import { readRequestError, TooLarge } from "./request-error.ts";
import type { RequestError } from "./request-error.ts";
import { waitMs } from "./retry.ts";
import type { Backoff } from "./retry.ts";
import { streamOnce } from "./stream.ts";
import type { StreamedResult } from "./stream.ts";
import { joinSignals, pause, timeLimit } from "./time-limit.ts";

export interface ServerAddress {
  /** As `baseURL`. */
  url: string;
  /** Fires when the server is lost: what it was asked is asked of another one. */
  gone?: AbortSignal | undefined;
}

export interface ClientOptions {
  /** Up to and including the version: `http://127.0.0.1:8000/v1`. */
  baseURL: string;
  /**
   * All servers of the model that are there at the moment: requests are dealt to them in turn. Default: that
   * of `baseURL` alone.
   */
  servers?: (() => readonly ServerAddress[]) | undefined;
  /** As the server calls it. */
  model: string;
  /** Which fields the server knows. `transformers serve` answers 422 to others. */
  engine: Engine;
  /** Default "none": local servers ask for none, and a real key of the environment must not reach them. */
  apiKey?: string | undefined;
  /** Requests in flight in `completeAll`. Default 64. */
  concurrency?: number | undefined;
  /** Of one completion, waits and retries included. Default 120,000. */
  timeoutMs?: number | undefined;
  /** Requests for one completion. Default 8: about a minute of a server that is being restarted. */
  maxAttempts?: number | undefined;
  /** Default: 500 ms, doubled up to 30 s. */
  backoff?: Backoff | undefined;
  /** Answers longer than this are not read. Default 16 MiB. */
  maxBytes?: number | undefined;
  /** Whether the model's chat template opens `<think>`; null (default) when it is not known. */
  opensThink?: boolean | null | undefined;
  /** Aborts everything, for instance when the server has died. */
  signal?: AbortSignal | undefined;
}

export interface Client {
  readonly baseURL: string;
  readonly model: string;
  readonly engine: Engine;
  readonly concurrency: number;
  /** Fires when the server has ended; its reason says why. */
  readonly ended?: AbortSignal | undefined;
  /**
   * One completion. What goes wrong is a Failure with its cause. Retries with back-off on 408, 429, 5xx and
   * lost connections only, Retry-After honoured, all within `timeoutMs`. Rejects with a LabError for a
   * request that the engine cannot take (`begin`), and for nothing else.
   */
  complete(request: CompletionRequest): Promise<CompletionResult>;
  /**
   * All of them, `concurrency` in flight at any time, results in the requests' order: to measure a server.
   * What is to be kept is asked for by `askAll`. Rejects with the abort's reason.
   */
  completeAll(
    requests: Iterable<CompletionRequest>,
    options?: { concurrency?: number | undefined; signal?: AbortSignal | undefined },
  ): Promise<CompletionResult[]>;
  /**
   * One completion as it is written; `onText` gets the pieces. Not retried: what was shown cannot be taken
   * back.
   */
  streamComplete(request: CompletionRequest, onText?: (piece: string) => void): Promise<StreamedResult>;
}

/** A client of one model on one server. Sends nothing until asked. */
export function createClient(options: ClientOptions): Client {
  const {
    baseURL,
    servers = () => [{ url: baseURL }],
    model,
    engine,
    concurrency = 64,
    timeoutMs = 120_000,
    maxAttempts = 8,
    backoff = { firstMs: 500, maxMs: 30_000 },
    maxBytes = 16 * 2 ** 20,
    opensThink = null,
  } = options;
  // undici's own limits (300 s for headers and between parts of a body) would end requests that wait in a
  // server's queue.
  const dispatcher = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 10_000 },
    maxResponseSize: maxBytes,
  });
  const connect = (url: string) =>
    new OpenAI({
      baseURL: url,
      apiKey: options.apiKey ?? "none",
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: 2 ** 31 - 1,
      logLevel: "off",
      defaultHeaders: { "accept-encoding": "identity" },
      fetch: (url, init) =>
        undiciFetch(
          url as string,
          { ...init, dispatcher } as Parameters<typeof undiciFetch>[1],
        ) as unknown as Promise<Response>,
    });

  const connections = new Map<string, OpenAI>();
  const connectionTo = (url: string): OpenAI => {
    if (!connections.has(url)) connections.set(url, connect(url));
    return connections.get(url)!;
  };
  let turn = 0;
  const next = (): ServerAddress | undefined => {
    const all = servers();
    return all[turn++ % all.length];
  };

  async function once(request: CompletionRequest, limit: AbortSignal): Promise<Reading | RequestError> {
    const server = next();
    if (!server) return lostServer("no server of the model is there at the moment", 1000);
    const signal = joinSignals([limit, server.gone])!;
    try {
      const response = await connectionTo(server.url)
        .chat.completions.create({ ...fields(request, model, engine), stream: false }, { signal })
        .asResponse();
      const reading = readResponse(await readBody(response, maxBytes), request.begin);
      const isWhole = reading.text === "" || Boolean(request.begin);
      return isWhole ? reading : { ...reading, text: restoreThink(reading.text, opensThink) };
    } catch (error) {
      if (server.gone?.aborted) return lostServer(`the server at ${server.url} was lost`, 0);
      return readRequestError(error, Date.now());
    }
  }

  async function complete(request: CompletionRequest): Promise<CompletionResult> {
    assertPossible(request, engine);
    const started = performance.now();
    const limit = timeLimit(timeoutMs, [request.signal, options.signal]);
    const nothing: Written = { text: "", reasoning: null, promptTokens: null, completionTokens: null };
    const failure = (
      attempts: number,
      cause: FailureCause,
      message: string,
      written: Written = nothing,
    ): Failure => ({
      ...written,
      ...{ ok: false, cause, permanent: isPermanent(cause), message, attempts },
      ms: performance.now() - started,
    });
    try {
      for (let attempt = 1; ; attempt++) {
        if (limit.signal.aborted) return failure(attempt - 1, ...limit.why());
        const outcome = await once(request, limit.signal);
        if (limit.signal.aborted && !("ok" in outcome && outcome.ok)) return failure(attempt, ...limit.why());
        if ("ok" in outcome) {
          if (!outcome.ok) return failure(attempt, outcome.cause, outcome.message, outcome);
          return { ...outcome, attempts: attempt, ms: performance.now() - started };
        }
        const wait = waitMs(attempt, backoff, Math.random, outcome.retryAfterMs);
        if (!outcome.retryable || attempt >= maxAttempts)
          return failure(attempt, outcome.cause, outcome.message);
        if (performance.now() - started + wait >= timeoutMs)
          return failure(
            attempt,
            outcome.cause,
            `${outcome.message}; the next try would be past the deadline of ${timeoutMs / 1000} s`,
          );
        await pause(wait, limit.signal);
      }
    } finally {
      limit.clear();
    }
  }

  return {
    baseURL,
    model,
    engine,
    concurrency,
    ended: options.signal,
    complete,
    async completeAll(requests, { concurrency: inFlight = concurrency, signal } = {}) {
      const either = joinSignals([signal, options.signal]);
      return mapPool(requests, { concurrency: inFlight, signal: either }, async (request, _, stop) => {
        const result = await complete({ ...request, signal: joinSignals([request.signal, stop]) });
        if (!result.ok && result.cause === "cancelled" && stop.aborted) throw stop.reason;
        return result;
      });
    },
    async streamComplete(request, onText) {
      assertPossible(request, engine);
      return interruptible(request.signal, async (signal) => {
        const limit = timeLimit(timeoutMs, [signal, options.signal]);
        try {
          return await streamOnce(
            connectionTo((next() ?? { url: baseURL }).url),
            fields(request, model, engine),
            {
              engine,
              opensThink,
              begin: request.begin ?? "",
              maxBytes,
              onText,
              signal: limit.signal,
              why: limit.why,
            },
          );
        } finally {
          limit.clear();
        }
      });
    },
  };
}

function lostServer(message: string, retryAfterMs: number): RequestError {
  return { cause: "connection", message, retryable: true, retryAfterMs };
}

async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maxBytes) throw new TooLarge(); // leaving the loop cancels the body
    parts.push(part);
  }
  return Buffer.concat(parts);
}
