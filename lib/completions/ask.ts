/** Asking for the answers that are missing, each on disk before it counts. */
import { TOO_LONG } from "../serving/completion.ts";
import type { CompletionResult } from "../serving/completion.ts";
import type { Client } from "../serving/client.ts";
import { LabError } from "../errors.ts";
import { promptRequest } from "../prompt/prompt.ts";
import type { ModelPrompt } from "../prompt/prompt.ts";
import type { AnswerTask, StoredAnswer } from "./cache.ts";
import { countBy } from "../stats/stats.ts";
import type { Store } from "../store/store.ts";

/** What one model of a server is asked. */
export interface Questionnaire {
  /** For people. */
  name: string;
  /** As the server calls it; default as the client does. */
  servedAs?: string | undefined;
  prompt: ModelPrompt;
  tasks: readonly AnswerTask[];
  store: Store<StoredAnswer>;
  /** Tokens that the server's context holds; null when it is not ours. */
  context: number | null;
}

export interface CollectProgress {
  /** Of the arms or models that are asked, in their order. */
  names: readonly string[];
  done: number;
  total: number;
  tokensPerSecond: number;
  /** Seconds left at the present rate. */
  etaSeconds: number;
}

export interface CollectOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: CollectProgress) => void) | undefined;
}

/**
 * Asks every questionnaire's tasks once (tasks with one key are one) and stores what came.
 *
 * The questionnaires follow each other in one queue: the next one's requests fill the server while the last
 * ones of the one before are still being answered. A text cut at maxTokens is an answer, and so is a prompt
 * too long for the context: both are scored as they are. Throws LabError when answers are missing for any
 * other reason: what a server refuses or fails at says nothing about the model.
 */
export async function collectAnswers(
  client: Client,
  lists: readonly Questionnaire[],
  { signal, onProgress }: CollectOptions = {},
): Promise<void> {
  const open = lists.flatMap((list) => unique(list.tasks).map((task) => ({ list, task })));
  const names = lists.map(({ name }) => name);
  const requests = open.map(
    ({
      list,
      task: {
        request: { prompt, ...sampling },
      },
    }) => ({ ...sampling, ...promptRequest(list.prompt, prompt), model: list.servedAs }),
  );
  const started = performance.now();
  const missing: string[] = [];
  let [done, tokens] = [0, 0];
  await client.completeAll(requests, {
    signal,
    onResult: async (result, index) => {
      const { list, task } = open[index]!;
      if (result.ok || result.permanent) await list.store.append(answerOf(task, result, list.context));
      else missing.push(result.message);
      const seconds = (performance.now() - started) / 1000;
      tokens += result.completionTokens ?? 0;
      done++;
      const total = open.length;
      onProgress?.({
        names,
        done,
        total,
        tokensPerSecond: tokens / seconds,
        etaSeconds: ((total - done) * seconds) / done,
      });
    },
  });
  if (missing.length === 0) return;
  const [[message, count]] = [...countBy(missing, (text) => text)] as [[string, number]];
  throw new LabError({
    what: "Some answers could not be had",
    where: client.baseURL,
    found: `${missing.length} of ${open.length}, most (${count}) because: ${message}`,
    todo: "Run the cell again: only those are asked for.",
  });
}

function unique(tasks: readonly AnswerTask[]): AnswerTask[] {
  return [...new Map(tasks.map((task) => [task.key, task])).values()];
}

function answerOf({ key, row }: AnswerTask, result: CompletionResult, context: number | null): StoredAnswer {
  const failure = result.ok ? null : result.cause;
  const known = failure === TOO_LONG && context !== null;
  return {
    key,
    id: row.id,
    completion: result.text,
    failure,
    tokens: result.completionTokens,
    ...(known && { context }),
  };
}
