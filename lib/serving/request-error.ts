/** From what a request threw to why it failed. */
import { APIConnectionError, APIError } from "openai";
import type { FailureCause } from "./completion.ts";
import { isRetryableStatus, readRetryAfter } from "./retry.ts";

export interface RequestError {
  cause: FailureCause;
  message: string;
  retryable: boolean;
  retryAfterMs: number | null;
}

/** More of an answer than the client is willing to read. */
export class TooLarge extends Error {}

const OVERFLOW = new RegExp(
  "context[ _]length|maximum context|max_model_len|context window|too many tokens|longer than the maximum|" +
    "prompt is too long",
  "i",
);

/**
 * Sorts an error of the openai client, of the connection below it, or of reading the body.
 *
 * Status 408, 429 and 5xx and lost connections can be tried again; a 400 about the context length is
 * `context_overflow`.
 */
export function readRequestError(error: unknown, now: number): RequestError {
  if (error instanceof APIError && typeof error.status === "number")
    return fromStatus(error, error.status, now);
  const codes = errorChain(error);
  if (error instanceof TooLarge || codes.some(({ code }) => code === "UND_ERR_RES_EXCEEDED_MAX_SIZE"))
    return plain("too_large", "the answer is larger than any text that was asked for");
  const low = codes.find(({ code }) => code !== undefined && CONNECTION.test(code));
  if (low || error instanceof APIConnectionError)
    return {
      ...plain(
        "connection",
        `the connection failed (${low?.code ?? codes.at(-1)?.message ?? "no reason given"})`,
      ),
      retryable: true,
    };
  if (error instanceof APIError)
    return plain("bad_response", `the server reports an error inside its answer: ${short(error.message)}`);
  return plain("bad_response", `the answer cannot be read: ${short((error as Error).message)}`);
}

/** What Node and undici call a peer that is not there or went away. */
const UNDICI = "SOCKET|CONNECT_TIMEOUT|CLOSED|DESTROYED|INFO|HEADERS_TIMEOUT|BODY_TIMEOUT";
const CONNECTION = new RegExp(`^(E[A-Z]+|UND_ERR_(${UNDICI})|HPE_[A-Z_]+)$`);

function fromStatus(error: APIError, status: number, now: number): RequestError {
  const said = bodyText(error);
  const code = JSON.stringify(error.error ?? null).slice(0, 5000); // some say it in a code beside the message
  if (status === 400 && OVERFLOW.test(said + code)) return plain("context_overflow", said);
  return {
    cause: `http_${status}`,
    message: said,
    retryable: isRetryableStatus(status),
    retryAfterMs: readRetryAfter(error.headers?.get("retry-after"), now),
  };
}

/** vLLM and OpenAI say {error: {message}}, FastAPI {detail}. */
function bodyText(error: APIError): string {
  const body = error.error as { message?: unknown; detail?: unknown } | string | undefined;
  if (typeof body === "object" && body !== null) {
    const said =
      body.message ?? (body.detail as { message?: unknown } | undefined)?.message ?? body.detail ?? body;
    return short(typeof said === "string" ? said : JSON.stringify(said));
  }
  return short(error.message);
}

interface Link {
  code: string | undefined;
  message: string;
}

/** The error and its causes, outermost first. */
function errorChain(error: unknown): Link[] {
  const chain: Link[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++) {
    chain.push({ code: (at as NodeJS.ErrnoException).code, message: at.message });
    // Happy eyeballs: an AggregateError whose parts hold the codes.
    for (const part of (at as AggregateError).errors ?? [])
      chain.push({ code: (part as NodeJS.ErrnoException).code, message: String(part) });
  }
  return chain;
}

function plain(cause: FailureCause, message: string): RequestError {
  return { cause, message, retryable: false, retryAfterMs: null };
}

/** One line, bounded: a server may answer with megabytes. */
function short(text: string): string {
  const line = text.slice(0, 2000).replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)} …` : line;
}
