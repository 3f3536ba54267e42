/** Asking a model for the answers that are missing, each on disk before it counts. */
import { messages } from "../model/chat.ts";
import { isRejection } from "../serving/completion.ts";
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
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: CollectProgress) => void) | undefined;
}

/**
 * Asks for every task once (tasks with one key are one) and stores what came.
 *
 * A text cut at maxTokens is an answer, and so is, for this run, what the server refused (a prompt too long): both are scored as they are;
 * the next run asks again for what was refused (`isOpen`). Returns the server's word for each refusal. Throws LabError when answers are
 * missing for a reason that may pass sooner.
 */
export async function collectAnswers(client: Client, tasks: readonly AnswerTask[], store: Store<StoredAnswer>, { name = client.model, system, signal, onProgress }: CollectOptions): Promise<string[]> {
  const open = [...new Map(tasks.map((task) => [task.key, task])).values()];
  const requests = open.map(({ request: { prompt, ...sampling } }) => ({ ...sampling, messages: messages(prompt, system) }));
  const started = performance.now();
  const [missing, refusals]: [string[], string[]] = [[], []];
  let [done, tokens] = [0, 0];
  await client.completeAll(requests, {
    signal,
    onResult: async (result, index) => {
      const { key, row } = open[index]!;
      if (!result.ok && isRejection(result.cause)) refusals.push(result.message);
      if (result.ok || result.permanent || isRejection(result.cause)) await store.append({ key, id: row.id, completion: result.text, failure: result.ok ? null : result.cause, tokens: result.completionTokens });
      else missing.push(result.message);
      const seconds = (performance.now() - started) / 1000;
      tokens += result.completionTokens ?? 0;
      done++;
      onProgress?.({ name, done, total: open.length, tokensPerSecond: tokens / seconds, etaSeconds: ((open.length - done) * seconds) / done });
    },
  });
  if (missing.length === 0) return refusals;
  throw new LabError({ what: "Some answers could not be had", where: client.baseURL, found: `${missing.length} of ${open.length}, ${mostly(missing)}`, todo: "Run the cell again: only those are asked for." });
}

/** The commonest of some messages, for a sentence. */
export function mostly(messages: readonly string[]): string {
  const [[message, count]] = [...countBy(messages, (text) => text)] as [[string, number]];
  return `most (${count}) because: ${message}`;
}
