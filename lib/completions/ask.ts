/** The one engine that asks: bounded, each completion on disk before it counts, until all are there. */
import { LabError } from "../errors.ts";
import { isRejection } from "../serving/completion.ts";
import type { CompletionRequest } from "../serving/completion.ts";
import type { Client } from "../serving/client.ts";
import { mapPool } from "../serving/pool.ts";
import type { Store } from "../store/store.ts";
import type { Progress } from "../view/progress-curve.ts";
import { completionOf, isKept, isOpen } from "./cache.ts";
import type { StoredCompletion } from "./cache.ts";

/** One completion to be had, by a key that holds all that it depends on. */
export interface Task {
  key: string;
  /** For people who read the cache. */
  id: string;
}

/** Tasks whose completions are kept in one cache. */
export interface TaskList<T extends Task> {
  tasks: readonly T[];
  cache: Store<StoredCompletion>;
  /** Tokens that the server's context holds; null when it is not ours (`isOpen`). */
  context: number | null;
}

/** What came of a task, and the requests that it took: none where it was not asked at all. */
export interface Came {
  completion: StoredCompletion;
  requests: number;
}

export interface AskOptions<T extends Task, L extends TaskList<T>> {
  /** Asks for one; a rejection ends the run. `signal` fires when the run ends. */
  ask: (task: T, signal: AbortSignal, list: L) => Promise<Came>;
  /** Tasks being asked at once. */
  concurrency: number;
  /** For messages: the server's address or its model. */
  where: string;
  /** Completions that were there before. Default 0. */
  onDisk?: number;
  signal?: AbortSignal | undefined;
  /** Once it is on disk, or known not to be kept; what it throws ends the run. */
  onCame?: (task: T, came: Came) => void;
  /** At most four times a second, at the start, and at the end. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** Lost connections in a row, and failures of any kind, after which the server counts as gone. */
const [LOST_IN_A_ROW, FAILED_IN_A_ROW] = [8, 20];
const PROGRESS_MS = 250;

/** Those of a list that have to be asked for, each key once. */
export function openTasks<T extends Task>({ tasks, cache, context }: TaskList<T>, force = false): T[] {
  const open = tasks.filter(({ key }) => force || isOpen(cache.get(key), context));
  return [...new Map(open.map((task) => [task.key, task])).values()];
}

/**
 * Asks for every task of every list, one list behind the other in one queue: the next one's requests fill the
 * server while the last ones of the one before are still being answered.
 *
 * A completion that is kept (`isKept`) is on disk before it is counted; the others are returned by key, and
 * the next call asks for them again. Throws LabError when the server is gone: 8 lost connections in a row, or
 * 20 failures that are neither kept nor the prompt's; what `ask` and `onCame` throw; the reason of `signal`,
 * which an interrupted cell fires, too. What was answered stays on disk.
 */
export async function askAll<T extends Task, L extends TaskList<T>>(
  lists: readonly L[],
  { ask, concurrency, where, onDisk = 0, signal, onCame, onProgress }: AskOptions<T, L>,
): Promise<Map<string, StoredCompletion>> {
  const queue = lists.flatMap((list) => list.tasks.map((task): { list: L; task: T } => ({ list, task })));
  const passing = new Map<string, StoredCompletion>();
  const count = meterOf(queue.length + onDisk, onDisk, onProgress);
  let [lost, failed] = [0, 0];
  await mapPool(queue, { concurrency, signal }, async ({ list, task }, _, stop) => {
    const came = await ask(task, stop, list);
    const { completion, requests } = came;
    const { failure } = completion;
    // An ended run, not an answer: the server's last words, or the interrupt.
    if (failure === "cancelled") stop.throwIfAborted();
    if (isKept(completion)) await list.cache.append(completion);
    else passing.set(task.key, completion);
    const isServers = !isKept(completion) && requests > 0 && !isRejection(failure!);
    lost = isServers && failure === "connection" ? lost + 1 : 0;
    failed = isServers ? failed + 1 : 0;
    onCame?.(task, came);
    count(completion);
    if (lost >= LOST_IN_A_ROW || failed >= FAILED_IN_A_ROW)
      throw new LabError({
        code: lost > 0 ? "server_gone" : "server_failing",
        what: lost > 0 ? "The model server is gone" : "The model server does not answer",
        where,
        found: `${failed} failed requests in a row, the last: ${completion.message ?? failure}`,
        todo: "Start it again and run the cell again; what was answered is kept.",
      });
  });
  return passing;
}

/** Asks a client. `requestOf` is the task's request; `force` as elsewhere is the caller's. */
export function through<T extends Task, L extends TaskList<T>>(
  client: Client,
  requestOf: (task: T, list: L) => CompletionRequest,
): Pick<AskOptions<T, L>, "ask" | "concurrency" | "where"> {
  return {
    concurrency: client.concurrency,
    where: client.baseURL,
    async ask(task, signal, list) {
      const result = await client.complete({ ...requestOf(task, list), signal });
      if (!result.ok && result.cause === "cancelled" && !signal.aborted) throw serverEnded(client, result);
      return { completion: completionOf(task, result, list.context), requests: result.attempts };
    },
  };
}

/** The server ended under its requests: its last words, or what the client says. */
export function serverEnded({ baseURL, ended }: Client, { message }: { message: string }): unknown {
  if (ended?.aborted) return ended.reason;
  return new LabError({
    code: "server_gone",
    what: "The model server ended",
    where: baseURL,
    found: message,
    todo: "Run the cell again: what was answered is kept.",
  });
}

/** How far it is, counted as completions come. */
function meterOf(
  total: number,
  onDisk: number,
  tell: ((progress: Progress) => void) | undefined,
): (completion: StoredCompletion) => void {
  const started = performance.now();
  const failures: Record<string, number> = {};
  let [asked, tokens, shown] = [0, 0, started];
  const now = (seconds: number): Progress => ({
    ...{ total, done: onDisk + asked, asked, failures: { ...failures } },
    tokensPerSecond: asked === 0 ? null : tokens / seconds,
    etaSeconds:
      total === onDisk + asked ? 0 : asked === 0 ? null : ((total - onDisk - asked) * seconds) / asked,
  });
  tell?.(now(0));
  return ({ failure, tokens: written }) => {
    asked++;
    tokens += written ?? 0;
    if (failure !== null) failures[failure] = (failures[failure] ?? 0) + 1;
    const at = performance.now();
    if (at - shown < PROGRESS_MS && onDisk + asked < total) return;
    shown = at;
    tell?.(now(Math.max(1e-3, (at - started) / 1000)));
  };
}
