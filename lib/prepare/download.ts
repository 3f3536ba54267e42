/** One file over HTTP: resumed where it was cut, checked before it takes its name. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { fileError, makeFolder, syncFolder, writeFileAtomic, writeFully } from "../store/atomic.ts";
import { LabError } from "../errors.ts";
import { interruptible } from "../interruptible.ts";
import { hashFile } from "../store/hash.ts";
import { lockFolder } from "../store/lock.ts";
import { Interrupted, openUrl, Refused } from "./http-open.ts";

export interface DownloadOptions {
  url: string;
  path: string;
  /**
   * What the file must be, where the caller knows it. What the server says of it (X-Linked-ETag,
   * X-Linked-Size) is checked besides.
   */
  sha256?: string | undefined;
  /** Looks at the complete file before it is renamed; throws when it is not the one that was wanted. */
  check?: ((partPath: string) => void | Promise<void>) | undefined;
  /** Tries in a row that bring no byte before it gives up. */
  attempts?: number | undefined;
  /** A connection that sends nothing for this long is cut and resumed. */
  idleTimeoutMs?: number | undefined;
  /** First wait between tries; doubles up to 30 s. */
  backoffMs?: number | undefined;
  onProgress?: ((done: number, total: number | null) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Download {
  path: string;
  bytes: number;
  sha256: string;
  /** Requests made, redirects not counted. */
  tries: number;
  /** Bytes that an earlier call had left. */
  resumedFrom: number;
}

/** What the server said of the file that `<path>.part` is a part of. */
interface PartState {
  url: string;
  etag: string | null;
  size: number | null;
  sha256: string | null;
}

/**
 * Downloads to `<path>.part`, resuming by Range, then checks length, sha256 and content, then renames.
 *
 * A part goes on only while the server's ETag (or, without one, its length) stays the same; else it starts
 * anew. Retried with growing waits: connection errors, cuts, silence, 408, 429 (Retry-After heard), 5xx.
 * Refused for good: other statuses, an HTML page, a wrong length or hash (after one more try from the start),
 * a failed check. Throws LabError; what has arrived stays for the next call unless it is wrong. A second call
 * for a path that is on its way gets the first one's end; another process that writes in the folder is a
 * LabError. An interrupted cell ends it.
 */
export async function downloadFile(options: DownloadOptions): Promise<Download> {
  const known = running.get(options.path);
  if (known) return known;
  const download = interruptible(options.signal, async (signal) => {
    makeFolder(dirname(options.path));
    const lock = lockFolder(dirname(options.path));
    try {
      return await downloadAlone({ ...options, signal });
    } finally {
      lock.release();
    }
  });
  running.set(options.path, download);
  try {
    return await download;
  } finally {
    running.delete(options.path);
  }
}

/** Of this process, by path. */
const running = new Map<string, Promise<Download>>();

async function downloadAlone(options: DownloadOptions): Promise<Download> {
  const { url, path, attempts = 6, backoffMs = 500, signal } = options;
  const part = `${path}.part`;
  let state = readState(path, url);
  const resumedFrom = state === null ? 0 : partSize(part);
  let tries = 0;
  let fruitless = 0;
  let restarted = false;
  for (;;) {
    const before = state === null ? 0 : partSize(part);
    try {
      tries++;
      state = await fetchRest(options, part, state);
      const sha256 = await complete(options, part, state);
      return { path, bytes: statSync(path).size, sha256, tries, resumedFrom };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof WrongContent) {
        discard(part);
        state = null;
        if (restarted || before === 0) throw refused(url, error.message, error);
        restarted = true; // parts of two versions may have met in one file
        continue;
      }
      if (error instanceof Refused) throw refused(url, error.message, error);
      if (!(error instanceof Interrupted)) throw fileError("A download could not be written", path, error);
      if (error.fromStart) discard(part);
      state = readState(path, url);
      fruitless = state !== null && partSize(part) > before ? 0 : fruitless + 1;
      if (fruitless >= attempts || tries >= 100 * attempts) throw gaveUp(url, error, tries, partSize(part));
      await wait(error.retryAfterMs ?? Math.min(30_000, backoffMs * 2 ** Math.max(0, fruitless - 1)), signal);
    }
  }
}

/** The part holds something other than the file that was asked for. */
class WrongContent extends Error {}

/** One request: appends what comes to the part. Throws Interrupted when more is to come. */
async function fetchRest(
  options: DownloadOptions,
  part: string,
  state: PartState | null,
): Promise<PartState> {
  const { url, idleTimeoutMs = 30_000, signal, onProgress } = options;
  const offset = state === null ? 0 : partSize(part);
  // only the checks were missing
  if (state?.size !== null && state?.size === offset && offset > 0) return state;
  const response = await openUrl(url, { offset, etag: state?.etag ?? null, idleTimeoutMs, signal });
  const goesOn =
    response.status === 206 &&
    response.start === offset &&
    (state === null || state.size === null || state.size === response.size);
  if (response.status === 206 && !goesOn && offset > 0) {
    await response.cancel();
    throw new Interrupted("the file on the server has changed", { fromStart: true });
  }
  const next: PartState = { url, etag: response.etag, size: response.size, sha256: response.sha256 };
  makeFolder(dirname(part));
  writeFileAtomic(`${part}.json`, JSON.stringify(next));
  const fd = openSync(part, goesOn && offset > 0 ? "a" : "w");
  try {
    let done = goesOn ? offset : 0;
    onProgress?.(done, next.size);
    for await (const chunk of response.chunks) {
      writeFully(fd, chunk);
      done += chunk.length;
      onProgress?.(done, next.size);
      if (next.size !== null && done > next.size)
        throw new WrongContent(`more than the ${next.size} bytes announced`);
    }
    fsyncSync(fd);
    if (next.size !== null && done < next.size)
      throw new Interrupted(`the connection ended after ${done} of ${next.size} bytes`);
  } finally {
    closeSync(fd);
  }
  return next;
}

async function complete(
  { path, sha256: wanted, check }: DownloadOptions,
  part: string,
  state: PartState,
): Promise<string> {
  if (state.size !== null && partSize(part) !== state.size)
    throw new WrongContent(`${partSize(part)} bytes are here, ${state.size} were announced`);
  const sha256 = await hashFile(part);
  for (const expected of [wanted, state.sha256])
    if (expected && sha256 !== expected)
      throw new WrongContent(`the file's sha256 is ${sha256}, not ${expected}`);
  try {
    await check?.(part);
  } catch (error) {
    throw new WrongContent((error as Error).message);
  }
  renameSync(part, path);
  syncFolder(dirname(path));
  rmSync(`${part}.json`, { force: true });
  return sha256;
}

function readState(path: string, url: string): PartState | null {
  const file = `${path}.part.json`;
  if (!existsSync(file) || !existsSync(`${path}.part`)) return null;
  try {
    const state = JSON.parse(readFileSync(file, "utf8")) as PartState;
    return state.url === url ? state : null;
  } catch {
    return null; // written by hand or by another version: start anew
  }
}

function discard(part: string): void {
  rmSync(part, { force: true });
  rmSync(`${part}.json`, { force: true });
}

function partSize(part: string): number {
  return existsSync(part) ? statSync(part).size : 0;
}

function refused(url: string, found: string, cause: unknown): LabError {
  return new LabError(
    {
      what: "A download was refused",
      where: url,
      expected: "the file that was asked for",
      found,
      todo: "Check the endpoint and the revision, or get the file by hand and give it with --source.",
    },
    { cause },
  );
}

function gaveUp(url: string, error: Error, tries: number, kept: number): LabError {
  return new LabError(
    {
      what: "A download did not come through",
      where: url,
      expected: "a network that reaches this address",
      found: `${error.message} (${tries} tries)`,
      todo:
        `Try again later${kept > 0 ? `: it goes on after the ${kept} bytes that are here` : ""}; ` +
        "or name a mirror; behind a proxy set NODE_USE_ENV_PROXY=1.",
    },
    { cause: error },
  );
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), reject(signal.reason as Error)), {
      once: true,
    });
  });
}
