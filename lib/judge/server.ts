/** The Judge behind the one client. */
import type { Client } from "../serving/client.ts";
import type { JudgeReply, JudgeServer } from "./ask.ts";
import type { Lab } from "../config/lab.ts";
import { serverEnded } from "../completions/ask.ts";
import { givenServer } from "../serving/given.ts";
import { planRole } from "../serving/served.ts";
import { openServer } from "../serving/serving.ts";
import type { OpenServer } from "../serving/serving.ts";

/**
 * A Judge asked through a client. `model` is what stands for it in cache keys (`planRole`).
 *
 * A text that was cut or is empty is a reply, though not a verdict: it is asked for again within the Judge's
 * own bound. What the client calls a failure otherwise stays one. `ask` throws LabError when the server has
 * died.
 */
export function judgeThrough(client: Client, model: string): JudgeServer {
  return {
    model,
    async ask({ prompt, temperature, maxTokens, seed, schema, signal }): Promise<JudgeReply> {
      const result = await client.complete({
        messages: [{ role: "user", content: prompt }],
        temperature,
        maxTokens,
        seed,
        jsonSchema: schema,
        signal,
      });
      const tokens = result.completionTokens;
      if (result.ok) return { text: result.text, finishReason: result.finishReason, failure: null, tokens };
      const { cause, message, text } = result;
      if (cause === "cancelled" && !signal?.aborted) throw serverEnded(client, result);
      if (cause === "length" || cause === "empty")
        return { text, finishReason: cause === "length" ? "length" : "stop", failure: null, tokens };
      return { text: null, finishReason: null, failure: { code: cause, message } };
    },
  };
}

/**
 * The config's Judge. Its server is started (or, when the config gives one, first asked) when the first
 * verdict is missing, so a run whose verdicts are all on disk starts nothing. `close` stops what was started.
 * Throws LabError when there is no such model; `ask` as openServer.
 */
export async function openJudge(lab: Lab): Promise<JudgeServer> {
  const { id: model, plan } = await planRole(lab, "judge");
  let opening: Promise<OpenServer> | null = null;
  const open = async (signal?: AbortSignal) =>
    (await (opening ??= openServer(lab, "judge", { signal, plan }))).client;
  return {
    model,
    context: givenServer(lab.config, "judge") === null ? lab.config.serving.maxModelLength : null,
    inFlight: async (signal) => (await open(signal)).concurrency,
    ask: async (request) => judgeThrough(await open(request.signal), model).ask(request),
    async close(): Promise<void> {
      // A server that did not start has been told of by `ask`.
      await opening?.then(
        (server) => server.stop(),
        () => undefined,
      );
    },
  };
}
