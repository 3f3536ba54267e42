/** One vote of a Judge: the question, bounded repeats, and what is kept of it. */
import type { Config } from "../config/config.ts";
import type { JudgeRow } from "./judge-gate.ts";
import { nonceFor, promptVersion, renderJudgePrompt } from "./judge-prompt.ts";
import { voteKey } from "./judge-store.ts";
import type { StoredVote } from "./judge-store.ts";
import { readVerdict, verdictJsonSchema } from "./judge-verdict.ts";
import type { JudgeVote } from "./judge-vote.ts";

/** What came back from one request. `failure`: why there is no text; `permanent`: as `isPermanent` says. */
export interface JudgeReply {
  text: string | null;
  finishReason: string | null;
  failure: { code: string; message: string; permanent: boolean } | null;
}

export interface JudgeRequest {
  prompt: string;
  temperature: number;
  maxTokens: number;
  seed: number;
  /** For servers that enforce one; others ignore it. */
  schema: Record<string, unknown>;
  signal?: AbortSignal | undefined;
}

/** A Judge behind a server. */
export interface JudgeServer {
  /** As `planRole` says: part of the cache key. */
  model: string;
  ask(request: JudgeRequest): Promise<JudgeReply>;
  /**
   * How many requests it takes at once; default serving.concurrency. Starts a server that `openJudge` has yet
   * to start.
   */
  inFlight?(signal?: AbortSignal): Promise<number>;
  /** Stops what `openJudge` has started. */
  close?(): Promise<void>;
}

/** What every vote of a run shares. */
export interface VoteSettings {
  rubric: Config["filter"]["rubric"];
  layout: Config["filter"]["layout"];
  size: Config["filter"]["judgePrompt"];
  model: string;
  sampling: { temperature: number; maxTokens: number; attempts: number; seed: number };
}

/** One vote to be had. */
export interface VoteTask {
  key: string;
  row: JudgeRow;
  vote: number;
}

/** The votes that these rows need, with their cache keys. */
export function voteTasks(rows: readonly JudgeRow[], votes: number, settings: VoteSettings): VoteTask[] {
  const { model, sampling } = settings;
  const prompt = promptVersion(settings);
  return rows.flatMap((row) =>
    Array.from({ length: votes }, (_, vote) => ({
      row,
      vote,
      key: voteKey({
        model,
        prompt,
        sampling,
        vote,
        question: row.question,
        gold: row.gold,
        completion: row.completion,
      }),
    })),
  );
}

export interface AskedVote {
  vote: StoredVote;
  requests: number;
  /** A failure that is not the Judge's own: not to be kept, to be asked again by the next run. */
  passing: boolean;
}

/** What a vote is without a single request: the run's time was up. */
const TIME_IS_UP: JudgeReply["failure"] = {
  code: "deadline",
  message: "the run's time was up before the Judge was asked",
  permanent: false,
};

/**
 * Asks until a verdict can be read, at most `attempts` times and not after `end` (ms since the epoch).
 *
 * Every repeat has another nonce and seed and is 0.3 warmer: a near-greedy Judge would say the same again. A
 * failed request is not repeated here: the client has done that.
 */
export async function askVote(
  server: JudgeServer,
  task: VoteTask,
  settings: VoteSettings,
  end: number,
  signal?: AbortSignal,
): Promise<AskedVote> {
  const { rubric, layout, size, sampling } = settings;
  const { question, gold, completion } = task.row;
  const schema = verdictJsonSchema(rubric, sampling.maxTokens);
  let requests = 0;
  let reply: JudgeReply = { text: null, finishReason: null, failure: TIME_IS_UP };
  let read: JudgeVote = { verdict: null, problem: null, message: null };
  while (requests < sampling.attempts && read.verdict === null && Date.now() < end) {
    const nonce = nonceFor([question, gold, completion], `${sampling.seed}/${task.vote}/${requests}`, size);
    const prompt = renderJudgePrompt({ layout, rubric, question, gold, completion, nonce, size });
    const temperature = Math.min(2, sampling.temperature + 0.3 * requests);
    // The key is a hash already: its first 31 bits are as good a seed as any.
    const seed = (parseInt(task.key.slice(0, 8), 16) + requests) % 2 ** 31;
    requests++;
    reply = await server.ask({ prompt, temperature, maxTokens: sampling.maxTokens, seed, schema, signal });
    if (reply.failure) break;
    read = readVerdict(rubric, reply.text, reply.finishReason);
  }
  if (reply.failure) read = { verdict: null, problem: reply.failure.code, message: reply.failure.message };
  return {
    requests,
    passing: reply.failure !== null && !reply.failure.permanent,
    vote: {
      key: task.key,
      id: task.row.id,
      vote: task.vote,
      scores: read.verdict?.scores ?? null,
      reason: read.verdict?.reason ?? null,
      problem: read.problem,
      message: read.message,
      reply: reply.text,
      attempts: Math.max(1, requests),
      model: settings.model,
      prompt: promptVersion(settings),
    },
  };
}
