/** One vote of a Judge: the question, bounded repeats, and what is kept of it. */
import type { Config } from "../config/config.ts";
import type { JudgeRow } from "./gate.ts";
import { nonceFor, promptVersion, renderJudgePrompt } from "./prompt.ts";
import type { Came } from "../completions/ask.ts";
import type { StoredCompletion } from "../completions/cache.ts";
import { TOO_LONG } from "../serving/completion.ts";
import { hashJson } from "../store/hash.ts";
import { readVerdict, verdictJsonSchema } from "./verdict.ts";
import type { JudgeVote } from "./vote.ts";

/** What came back from one request. `failure`: why there is no text. */
export interface JudgeReply {
  text: string | null;
  finishReason: string | null;
  failure: { code: string; message: string } | null;
  /** As the server counted them. */
  tokens?: number | null;
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
  /** Tokens that its context holds; null or absent when that is not ours to know. */
  context?: number | null;
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

/** All a verdict depends on. Two verdicts with the same key would be the same question to the same Judge. */
interface VoteQuestion {
  /** As `planRole` says: content hash of a local model, or `id@revision`; on a GPU also 4 bit or bf16. */
  model: string;
  /** `promptVersion`: rubric, layout, size and a hash of their texts. */
  prompt: string;
  sampling: { temperature: number; maxTokens: number; attempts: number; seed: number };
  vote: number;
  question: string;
  gold: string;
  completion: string;
}

/** The cache key: sha256 of everything in the question. */
function voteKey(question: VoteQuestion): string {
  return hashJson(question);
}

/** One vote to be had. */
export interface VoteTask {
  key: string;
  /** Of the judged row. */
  id: string;
  row: JudgeRow;
  vote: number;
}

/** The votes that these rows need, with their cache keys. */
export function voteTasks(rows: readonly JudgeRow[], votes: number, settings: VoteSettings): VoteTask[] {
  const { model, sampling } = settings;
  const prompt = promptVersion(settings);
  return rows.flatMap((row) =>
    Array.from({ length: votes }, (_, vote) => ({
      ...{ id: row.id, row, vote },
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

/** What a vote is without a single request: the run's time was up. */
const TIME_IS_UP: JudgeReply["failure"] = {
  code: "deadline",
  message: "the run's time was up before the Judge was asked",
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
): Promise<Came & { vote: JudgeVote }> {
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
  const { failure } = reply;
  const came: StoredCompletion = {
    ...{ key: task.key, id: task.id, completion: reply.text ?? "", tokens: reply.tokens ?? null },
    failure: failure ? failure.code : reply.finishReason === "length" ? "length" : null,
    ...(failure && { message: failure.message }),
    ...(failure?.code === TOO_LONG && server.context != null && { context: server.context }),
  };
  return { completion: came, requests, vote: failure ? voteOf(came, rubric) : read };
}

/** A vote as its completion reads today: a mended reader needs no new reply. */
export function voteOf(
  { completion, failure, message }: StoredCompletion,
  rubric: VoteSettings["rubric"],
): JudgeVote {
  if (failure === null || failure === "length") return readVerdict(rubric, completion, failure);
  return { verdict: null, problem: failure, message: message ?? null };
}
