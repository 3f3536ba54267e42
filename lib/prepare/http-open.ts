/**
 * The start of an HTTP download: redirects followed by hand, because the first answer says what the last one
 * must deliver.
 */

export interface OpenOptions {
  /** First byte wanted. */
  offset: number;
  /** Only go on from `offset` while this is still the file. */
  etag: string | null;
  idleTimeoutMs: number;
  signal?: AbortSignal | undefined;
}

export interface OpenedUrl {
  status: 200 | 206;
  /** First byte that comes. */
  start: number;
  /** Length of the whole file; null when the server does not say. */
  size: number | null;
  etag: string | null;
  /**
   * The file's sha256 where the server vouches for it (Hugging Face: X-Linked-ETag of files in LFS or Xet).
   */
  sha256: string | null;
  chunks: AsyncIterable<Uint8Array>;
  cancel(): Promise<void>;
}

/** Another try may help. */
export class Interrupted extends Error {
  readonly retryAfterMs: number | undefined;
  /** What has arrived is of no use for it. */
  readonly fromStart: boolean;
  constructor(
    message: string,
    { retryAfterMs, fromStart = false }: { retryAfterMs?: number | undefined; fromStart?: boolean } = {},
  ) {
    super(message);
    this.retryAfterMs = retryAfterMs;
    this.fromStart = fromStart;
  }
}

/** No further try helps. */
export class Refused extends Error {}

const MAX_REDIRECTS = 5;
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * GET with Range, up to five redirects (never from https to http), until a 200 or 206 with a body that is no
 * web page.
 *
 * Source of the headers: Hugging Face Hub, `huggingface_hub.file_download`. Throws Interrupted (connection,
 * 408, 416, 429, 5xx, silence) or Refused (any other status, an HTML page, a redirect that leads nowhere
 * allowed); an abort by `signal` is thrown as it is.
 */
export async function openUrl(
  url: string,
  { offset, etag, idleTimeoutMs, signal }: OpenOptions,
): Promise<OpenedUrl> {
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(), idleTimeoutMs);
  const either = signal ? AbortSignal.any([signal, idle.signal]) : idle.signal;
  const fail = (error: unknown) => {
    clearTimeout(timer);
    if (signal?.aborted) return signal.reason as Error;
    return idle.signal.aborted ? new Interrupted(`nothing came for ${idleTimeoutMs / 1000} s`) : error;
  };
  try {
    const { response, linked } = await follow(url, offset, etag, either);
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "");
    const length = number(response.headers.get("content-length"));
    const size = response.status === 206 ? number(range?.[2]) : (length ?? linked.size);
    if (linked.size !== null && size !== null && linked.size !== size)
      throw new Refused(`a file of ${size} bytes where ${linked.size} were announced`);
    return {
      status: response.status as 200 | 206,
      start: response.status === 206 ? Number(range?.[1] ?? NaN) : 0,
      size: size ?? linked.size,
      etag: strongEtag(response.headers.get("etag")),
      sha256: linked.sha256,
      chunks: chunks(response, timer, fail),
      cancel: async () => (clearTimeout(timer), response.body?.cancel()),
    };
  } catch (error) {
    throw fail(error);
  }
}

async function* chunks(
  response: Response,
  timer: NodeJS.Timeout,
  fail: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      timer.refresh();
      yield chunk;
    }
  } catch (error) {
    throw fail(connectionError(error));
  } finally {
    clearTimeout(timer);
  }
}

interface Linked {
  size: number | null;
  sha256: string | null;
}

async function follow(
  start: string,
  offset: number,
  etag: string | null,
  signal: AbortSignal,
): Promise<{ response: Response; linked: Linked }> {
  let url = new URL(start);
  const linked: Linked = { size: null, sha256: null };
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (offset > 0) headers.range = `bytes=${offset}-`;
    if (offset > 0 && etag) headers["if-range"] = etag;
    let response: Response;
    try {
      response = await fetch(url, { headers, redirect: "manual", signal });
    } catch (error) {
      throw connectionError(error);
    }
    linked.size ??= number(response.headers.get("x-linked-size"));
    linked.sha256 ??= /^"?([0-9a-f]{64})"?$/.exec(response.headers.get("x-linked-etag") ?? "")?.[1] ?? null;
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      const next = new URL(location, url);
      if (next.protocol !== "https:" && !(next.protocol === "http:" && url.protocol === "http:"))
        throw new Refused(`a redirect from ${url.protocol}// to ${next.protocol}//`);
      url = next;
      continue;
    }
    if (response.status !== 200 && response.status !== 206) throw await statusError(response);
    if (/^text\/html|^application\/xhtml/i.test(response.headers.get("content-type") ?? "")) {
      await response.body?.cancel();
      throw new Refused("an HTML page instead of the file (a login, a captive portal or an error page)");
    }
    return { response, linked };
  }
  throw new Refused(`more than ${MAX_REDIRECTS} redirects`);
}

async function statusError(response: Response): Promise<Error> {
  await response.body?.cancel();
  const { status } = response;
  const said = `HTTP ${status} ${response.statusText}`.trim();
  if (status === 408 || status === 416 || status === 429 || status >= 500)
    return new Interrupted(said, {
      retryAfterMs: retryAfterMs(response.headers.get("retry-after")),
      fromStart: status === 416,
    });
  if (status === 401 || status === 403)
    return new Refused(`${said}: the server wants an account or does not serve this`);
  return new Refused(status === 404 ? `${said}: no such file, dataset or revision there` : said);
}

/** Retry-After in seconds or as a date, at most a minute. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS) : undefined;
}

/** fetch hides the reason in `cause`. */
function connectionError(error: unknown): Error {
  if (error instanceof Interrupted || error instanceof Refused) return error;
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  if (cause?.code === "ENOTFOUND" || cause?.code === "EAI_AGAIN")
    return new Interrupted(`no network, or no such host (${cause.message})`);
  return new Interrupted(`the connection failed (${cause?.code ?? cause?.message ?? message})`);
}

function strongEtag(etag: string | null): string | null {
  return etag !== null && /^"[^"]*"$/.test(etag) ? etag : null;
}

function number(text: string | null | undefined): number | null {
  return text !== null && text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
