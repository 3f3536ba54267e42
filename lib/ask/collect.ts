/** Asking a model for the answers that are missing, each on disk before it counts. */
import { messages } from "../model/chat.ts";
import { TOO_LONG } from "../serving/completion.ts";
import type { Client } from "../serving/client.ts";
import { LabError } from "../errors.ts";
import type { AnswerTask, StoredAnswer } from "./answers.ts";
import { countBy } from "../stats/counts.ts";
import type { Store } from "../store/store.ts";

export interface CollectProgress {
  /** Of the model that is asked. */
  name: string;
  done: number;
  total: number;
  tokensPerSecond: number;
  /** Seconds left at the present rate. */
  etaSeconds: number;
}

export interface CollectOptions {
  /** For `onProgress`; default: as the server calls the model. */
  name?: string;
  system: string;
  /** Tokens that the server's context holds; null when it is not ours. */
  context: number | null;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: CollectProgress) => void) | undefined;
}

/**
 * Asks for every task once (tasks with one key are one) and stores what came.
 *
 * A text cut at maxTokens is an answer, and so is a prompt too long for the context: both are scored as they are. Throws LabError when
 * answers are missing for any other reason: what a server refuses or fails at says nothing about the model.
 */
export async function collectAnswers(client: Client, tasks: readonly AnswerTask[], store: Store<StoredAnswer>, { name = client.model, system, context, signal, onProgress }: CollectOptions): Promise<void> {
  const open = [...new Map(tasks.map((task) => [task.key, task])).values()];
  const requests = open.map(({ request: { prompt, ...sampling } }) => ({ ...sampling, messages: messages(prompt, system) }));
  const started = performance.now();
  const missing: string[] = [];
  let [done, tokens] = [0, 0];
  await client.completeAll(requests, {
    signal,
    onResult: async (result, index) => {
      const { key, row } = open[index]!;
      if (result.ok || result.permanent) {
        const failure = result.ok ? null : result.cause;
        await store.append({ key, id: row.id, completion: result.text, failure, tokens: result.completionTokens, ...(failure === TOO_LONG && context !== null && { context }) });
      } else missing.push(result.message);
      const seconds = (performance.now() - started) / 1000;
      tokens += result.completionTokens ?? 0;
      done++;
      onProgress?.({ name, done, total: open.length, tokensPerSecond: tokens / seconds, etaSeconds: ((open.length - done) * seconds) / done });
    },
  });
  if (missing.length === 0) return;
  const [[message, count]] = [...countBy(missing, (text) => text)] as [[string, number]];
  throw new LabError({ what: "Some answers could not be had", where: client.baseURL, found: `${missing.length} of ${open.length}, most (${count}) because: ${message}`, todo: "Run the cell again: only those are asked for." });
}
