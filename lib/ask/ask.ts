/** Has every answer of a list on disk: what is there is read, what is missing is asked for. */
import { isOpen, openAnswers } from "./answers.ts";
import type { AnswerTask, StoredAnswer } from "./answers.ts";
import { collectAnswers } from "./collect.ts";
import type { CollectOptions } from "./collect.ts";
import type { EvaluatedModel } from "./model.ts";
import type { Lab } from "../config/lab.ts";
import { LabError } from "../errors.ts";
import type { Client } from "../serving/client.ts";
import { TOO_LONG } from "../serving/completion.ts";
import { givenServer } from "../serving/given.ts";
import { withServer } from "../serving/serving.ts";

export interface AskOptions extends Pick<CollectOptions, "signal" | "onProgress"> {
  /** Ask this instead of starting the model's server. */
  client?: Client | undefined;
  /** Ask for all of them again. Default false. */
  force?: boolean;
}

export interface Asked {
  /** One a task, in their order. */
  answers: StoredAnswer[];
  /** Those that had to be asked for. */
  asked: number;
}

/**
 * The model's answers to `tasks`. No server is started when none is missing.
 *
 * A prompt that is too long for the context is an answer without a text, and said on the console. Throws LabError as `collectAnswers` and
 * openServer, and when every prompt is too long: that is the setting's doing, not the model's.
 */
export async function askModel(lab: Lab, model: EvaluatedModel, tasks: readonly AnswerTask[], { client: given, force = false, signal: stop, onProgress }: AskOptions = {}): Promise<Asked> {
  const { prompt, serving } = lab.config;
  const context = given || givenServer(lab.config, model.role ?? null) ? null : serving.maxModelLength;
  const store = openAnswers(lab.paths, model.id, prompt.system);
  try {
    const open = force ? tasks : tasks.filter((task) => isOpen(store.get(task.key), context));
    const collect = (client: Client, signal?: AbortSignal) => collectAnswers(client, open, store, { name: model.name, system: prompt.system, context, signal, onProgress });
    if (open.length > 0) await (given ? collect(given, stop) : withServer(lab, model.role ?? model.ref, collect, { signal: stop }));
    const answers = tasks.map((task) => store.get(task.key)!);
    tellTooLong(model.name, answers, serving.maxModelLength);
    return { answers, asked: open.length };
  } finally {
    await store.close();
  }
}

function tellTooLong(name: string, answers: readonly StoredAnswer[], maxModelLength: number): void {
  const count = answers.filter(({ failure }) => failure === TOO_LONG).length;
  if (count === 0) return;
  const todo = `Raise serving.maxModelLength (${maxModelLength}; a given server has its own), or lower evaluate.maxTokens, grpo.maxTokens or prepare.maxPromptTokens.`;
  if (count === answers.length) throw new LabError({ what: "Every prompt is too long for the server's context", where: name, found: `${count} of ${count}`, todo });
  console.log(`${name}: ${count} of ${answers.length} prompts are too long for the server's context and count as not answered. ${todo}`);
}
