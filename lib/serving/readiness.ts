/** When a started server is ready, and when there is no use in waiting for it. */
import { messages } from "../model/chat.ts";
import { LabError } from "../errors.ts";
import { createClient } from "./client.ts";
import type { Client, ClientOptions } from "./client.ts";
import type { CompletionResult, Failure } from "./completion.ts";
import { lastWords } from "./server-log.ts";

/**
 * How long a server may answer nothing but 5xx: what loads does not listen yet, so what listens and fails
 * goes on failing.
 */
export const ERROR_PATIENCE_MS = 30_000;
/** A request that waited this long for its answer was not cut short by the deadline: the server hangs. */
const HUNG_MS = 1000;
const PAUSE_MS = 100;

export interface Readiness {
  startTimeoutMs: number;
  errorPatienceMs: number;
  log: string;
  died: AbortSignal;
  signal: AbortSignal | undefined;
}

/**
 * Returns when a completion came back: health checks answer while completions hang.
 *
 * Throws the reason of `died` or `signal`, and LabError: a plain request is refused, every one ends with 5xx
 * for `errorPatienceMs`, none came back within `startTimeoutMs`.
 */
export async function waitUntilReady(
  connection: ClientOptions,
  { startTimeoutMs, errorPatienceMs, log, died, signal }: Readiness,
): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  let failure: Failure | null = null;
  let failingSince: number | null = null;
  for (;;) {
    const asked = Date.now();
    const result = await probe(
      createClient({
        ...connection,
        maxAttempts: 1,
        timeoutMs: Math.max(1, deadline - asked),
        signal: signal ? AbortSignal.any([died, signal]) : died,
      }),
    );
    if (died.aborted) throw died.reason;
    signal?.throwIfAborted();
    if (answered(result)) return;
    failure = tellingOf(failure, result as Failure);
    const { cause, message } = result as Failure;
    const where = connection.baseURL;
    const found = () => `${said(failure!)}\n${lastWords(log, connection.apiKey ?? "none")}`.trim();
    if (isRefusal(cause))
      throw new LabError({
        what: "The model server refuses a plain request",
        where,
        found: `${cause}: ${message}`,
        todo: `Read ${log}.`,
      });
    failingSince = /^http_5/.test(cause)
      ? (failingSince ?? asked)
      : cause === "timeout"
        ? failingSince
        : null;
    if (failingSince !== null && Date.now() - failingSince >= errorPatienceMs)
      throw new LabError({
        what: "The model server answers every completion with an error",
        where,
        expected: "one token",
        found: found(),
        todo: `Read ${log}.`,
      });
    if (Date.now() >= deadline) {
      const slow = failure.cause === "timeout" || failure.cause === "connection";
      throw new LabError({
        what: "The model server gave no answer in time",
        where,
        expected: `one token within ${startTimeoutMs / 1000} s`,
        found: found(),
        todo: slow ? "Raise serving.startTimeoutMs, or take a smaller model." : `Read ${log}.`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** One token, greedily. */
export function probe(client: Client): Promise<CompletionResult> {
  return client.complete({ messages: messages("1"), temperature: 0, maxTokens: 1 });
}

/**
 * Sampled requests to a vLLM that has just become ready, four for each process that takes them in: the first
 * one of a process reads the chat template, and the first sampled token has its kernel compiled (seconds, in
 * which a full batch would wait). Their answers do not matter.
 */
export async function warmUp(client: Client, apiServers = 1): Promise<void> {
  const requests = Array.from({ length: 4 * apiServers }, (_, seed) =>
    client.complete({ messages: messages("1"), temperature: 0.6, topP: 0.95, maxTokens: 2, seed }),
  );
  await Promise.all(requests);
}

/** A text cut after one token, or none at all, is an answer, too. */
export function answered(result: CompletionResult): boolean {
  return result.ok || result.cause === "length" || result.cause === "empty";
}

function isRefusal(cause: string): boolean {
  return (
    (/^http_4/.test(cause) && cause !== "http_408" && cause !== "http_429") || cause === "context_overflow"
  );
}

/**
 * Of two failures in a row the one that says more: the last request is often cut short by the deadline, and
 * its time-out says nothing.
 */
function tellingOf(before: Failure | null, now: Failure): Failure {
  if (before === null || now.cause !== "timeout") return now;
  return before.cause === "timeout" || (before.cause === "connection" && now.ms >= HUNG_MS) ? now : before;
}

function said({ cause, message }: Failure): string {
  return /^http_/.test(cause) ? `${cause}: ${message}` : message;
}
