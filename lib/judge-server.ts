/** The Judge behind the one client. */
import type { Client } from "./client.ts";
import type { JudgeReply, JudgeServer } from "./judge-ask.ts";
import type { Lab } from "./lab.ts";

/**
 * A Judge asked through a client. `model` is what stands for it in cache keys (content hash, or id and revision).
 *
 * A text that was cut or is empty is a reply, though not a verdict: it is asked for again within the Judge's own bound. What the client
 * calls a failure otherwise stays one.
 */
export function judgeThrough(client: Client, model: string): JudgeServer {
  return {
    model,
    async ask({ prompt, temperature, maxTokens, seed, schema, signal }): Promise<JudgeReply> {
      const result = await client.complete({ messages: [{ role: "user", content: prompt }], temperature, maxTokens, seed, jsonSchema: schema, signal });
      if (result.ok) return { text: result.text, finishReason: result.finishReason, failure: null };
      if (result.cause === "length" || result.cause === "empty") return { text: result.text, finishReason: result.cause === "length" ? "length" : "stop", failure: null };
      return { text: null, finishReason: null, failure: { code: result.cause, message: result.message, permanent: result.permanent } };
    },
  };
}

export async function openJudge(lab: Lab): Promise<JudgeServer> {
  throw new Error(`no server yet for ${lab.config.models.judge}`);
}
