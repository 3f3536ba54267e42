/** Has every answer of a list on disk: what is there is read, what is missing is asked for. */
import { join } from "node:path";
import type { Paths } from "../config/paths.ts";
import { countBy } from "../stats/stats.ts";
import { hashJson } from "../store/hash.ts";
import type { Progress } from "../view/progress-curve.ts";
import { askAll, openTasks, through } from "./ask.ts";
import type { TaskList } from "./ask.ts";
import { openCache } from "./cache.ts";
import type { StoredCompletion } from "./cache.ts";
import type { AnswerTask } from "./tasks.ts";
import { servedModel } from "./models.ts";
import type { EvaluatedModel, ServedModel } from "./models.ts";
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import { modelId } from "../model/ref.ts";
import { promptId, promptRequest } from "../prompt/prompt.ts";
import type { ModelPrompt } from "../prompt/prompt.ts";
import { assertPromptFits } from "../prompt/tokens.ts";
import type { Client } from "../serving/client.ts";
import { TOO_LONG } from "../serving/completion.ts";
import type { ServedAdapter } from "../serving/engine.ts";
import { givenServer } from "../serving/given.ts";
import { withServer } from "../serving/serving.ts";
import type { Store } from "../store/store.ts";

export interface CollectProgress extends Progress {
  /** Of the arms or models that are asked, in their order. */
  names: readonly string[];
}

export interface AskOptions {
  signal?: AbortSignal | undefined;
  /** Of what had to be asked for. */
  onProgress?: ((progress: CollectProgress) => void) | undefined;
  /** Ask this instead of starting servers: it answers for every model, and knows adapters by their names. */
  client?: Client | undefined;
  /** Ask for all of them again. Default false. */
  force?: boolean;
}

export interface Asked {
  /** One a task, in their order. */
  answers: StoredCompletion[];
  /** Those that had to be asked for. */
  asked: number;
}

/** What one model is to be asked. */
export interface ModelTasks {
  model: EvaluatedModel;
  tasks: readonly AnswerTask[];
}

/** The model's answers to `tasks`, as `askModels`. */
export async function askModel(
  lab: Lab,
  model: EvaluatedModel,
  tasks: readonly AnswerTask[],
  options: AskOptions = {},
): Promise<Asked> {
  return (await askModels(lab, [{ model, tasks }], options))[0]!;
}

/**
 * Every model's answers to its tasks, in the order of `asks`. A server is started for what is missing alone,
 * and one for all that it can hold: on vLLM the Base and every adapter of it.
 *
 * A prompt that is too long for the context is an answer without a text, and said on the console. Throws
 * LabError as `collectAnswers`, `servedModel`, `assertPromptFits` and openServer, and when every prompt is
 * too long: that is the setting's doing, not the model's.
 */
export async function askModels(
  lab: Lab,
  asks: readonly ModelTasks[],
  { client, force = false, signal, onProgress }: AskOptions = {},
): Promise<Asked[]> {
  const stores = new Map<string, Store<StoredCompletion>>();
  const storeOf = (model: EvaluatedModel): Store<StoredCompletion> => {
    const file = answersFile(lab.paths, model);
    const store = stores.get(file) ?? openCache(file);
    stores.set(file, store);
    return store;
  };
  try {
    const open = asks.map(({ model, tasks }) => {
      const context =
        client || givenServer(lab.config, model.role) ? null : lab.config.serving.maxModelLength;
      const cache = storeOf(model);
      return { model, tasks: openTasks({ tasks, cache, context }, force), cache, context };
    });
    for (const { model, tasks, context } of open)
      if (model.promptKey === "prompt.base" && context !== null)
        await assertPromptFits(
          lab.config,
          "base",
          tasks.map(({ row }) => row.prompt),
        );
    for (const { server, adapters, plan, lists } of await inServers(lab, open, client !== undefined)) {
      const collect = (client: Client, signal?: AbortSignal) =>
        collectAnswers(client, lists, { signal, onProgress });
      await (client ? collect(client, signal) : withServer(lab, server, collect, { signal, adapters, plan }));
    }
    return asks.map(({ model, tasks }, i) => {
      const answers = tasks.map((task) => storeOf(model).get(task.key)!);
      tellTooLong(model.name, answers, lab.config.serving.maxModelLength);
      return { answers, asked: open[i]!.tasks.length };
    });
  } finally {
    for (const store of stores.values()) await store.close();
  }
}

interface OpenTasks extends ModelTasks, TaskList<AnswerTask> {
  tasks: readonly AnswerTask[];
}

/** What one model of a server is asked. */
export interface Questionnaire extends TaskList<AnswerTask> {
  /** For people. */
  name: string;
  /** As the server calls it; default as the client does. */
  servedAs: string | undefined;
  prompt: ModelPrompt;
}

interface ServerLists {
  server: ServedModel["server"];
  adapters: ServedAdapter[];
  plan: ServedModel["plan"];
  lists: Questionnaire[];
}

/** What is missing, by the server that answers for it; all in one where a server is given. */
async function inServers(lab: Lab, open: readonly OpenTasks[], given: boolean): Promise<ServerLists[]> {
  const servers = new Map<string, ServerLists>();
  const taken = new Set<string>();
  for (const { model, tasks, cache, context } of open) {
    // Two arms may want the same answer.
    const left = tasks.filter(({ key }) => !taken.has(`${cache.path} ${key}`));
    for (const { key } of left) taken.add(`${cache.path} ${key}`);
    if (left.length === 0) continue;
    const { server, adapter, plan } = given
      ? { server: model.ref, adapter: model.adapter, plan: null }
      : await servedModel(lab, model);
    const key = given ? "" : typeof server === "string" ? server : modelId(server);
    const one = servers.get(key) ?? { server, adapters: [], plan, lists: [] };
    servers.set(key, one);
    const known = one.adapters.find(({ name }) => name === adapter?.name);
    if (known && known.path !== adapter!.path)
      throw new RangeError(`askModels requires another name for each adapter, got two called ${known.name}`);
    if (adapter && !known) one.adapters.push(adapter);
    one.lists.push({
      name: model.name,
      servedAs: adapter?.name,
      prompt: model.prompt,
      tasks: left,
      cache,
      context,
    });
  }
  return [...servers.values()];
}

/**
 * Asks every questionnaire. A text cut at maxTokens is an answer, and so is a prompt too long for the
 * context: both are scored as they are. Throws LabError when answers are missing for any other reason: what a
 * server refuses or fails at says nothing about the model.
 */
export async function collectAnswers(
  client: Client,
  lists: readonly Questionnaire[],
  { signal, onProgress }: Pick<AskOptions, "signal" | "onProgress"> = {},
): Promise<void> {
  const names = lists.map(({ name }) => name);
  const asking = through<AnswerTask, Questionnaire>(client, ({ request: { prompt, ...sampling } }, list) => ({
    ...{ ...sampling, ...promptRequest(list.prompt, prompt) },
    model: list.servedAs,
  }));
  const missing = await askAll(lists, {
    ...{ ...asking, signal },
    onProgress: (progress) => onProgress?.({ ...progress, names }),
  });
  if (missing.size === 0) return;
  const messages = countBy([...missing.values()], ({ message, failure }) => message ?? failure!);
  const [[message, count]] = [...messages] as [[string, number]];
  throw new LabError({
    what: "Some answers could not be had",
    where: client.baseURL,
    found:
      `${missing.size} of ${lists.flatMap(({ tasks }) => tasks).length}, most (${count}) because: ` +
      `${message}`,
    todo: "Run the cell again: only those are asked for.",
  });
}

function tellTooLong(name: string, answers: readonly StoredCompletion[], maxModelLength: number): void {
  const count = answers.filter(({ failure }) => failure === TOO_LONG).length;
  if (count === 0) return;
  const todo =
    `Raise serving.maxModelLength (${maxModelLength}; a given server has its own), or lower ` +
    "evaluate.maxTokens, grpo.maxTokens or prepare.maxPromptTokens.";
  if (count === answers.length)
    throw new LabError({
      what: "Every prompt is too long for the server's context",
      where: name,
      found: `${count} of ${count}`,
      todo,
    });
  console.log(
    `${name}: ${count} of ${answers.length} prompts are too long for the server's context and ` +
      `count as not answered. ${todo}`,
  );
}

/**
 * `reports/runs/eval-<hash of the model's id and its prompt>/answers.jsonl`: arms that are one model with one
 * prompt share it.
 */
export function answersFile(paths: Paths, { id, prompt }: { id: string; prompt: ModelPrompt }): string {
  const name = `eval-${hashJson({ model: id, prompt: promptId(prompt) }).slice(0, 12)}`;
  return join(paths.runs, name, "answers.jsonl");
}
