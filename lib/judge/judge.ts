/** The Judge at work: rules first, then bounded questions to a server, every verdict on disk at once. */
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import { askVote, voteTasks } from "./judge-ask.ts";
import type { JudgeServer, VoteSettings, VoteTask } from "./judge-ask.ts";
import { gateReason } from "./judge-gate.ts";
import type { JudgeRow } from "./judge-gate.ts";
import { promptVersion } from "./judge-prompt.ts";
import { openVotes } from "./judge-store.ts";
import type { StoredVote } from "./judge-store.ts";
import { UNREAD_LIMIT, unreadError } from "./judge-unread.ts";
import { pointsToPass, readVerdict } from "./judge-verdict.ts";
import { judgementOf } from "./judge-vote.ts";
import type { Judgement, JudgeVote } from "./judge-vote.ts";
import type { Lab } from "../config/lab.ts";
import { isPermanent, isRejection, TOO_LONG } from "../serving/completion.ts";
import { mapPool } from "../serving/pool.ts";
import type { Store } from "../store/store.ts";

export interface JudgeOptions {
  /** Instead of the config's filter values. */
  settings?: Partial<Config["filter"]>;
  /** false shows the Judge everything: only to measure what the rules save it from. Default true. */
  gate?: boolean;
  /** File of the votes; data/processed/judge/votes.jsonl unless told. */
  store?: string;
  /** Requests for one vote, the first one included. Default 3. */
  attempts?: number;
  /** Goes on with a Judge none of whose verdicts can be read: only to measure one. Default false. */
  evenUnread?: boolean;
  /** After this many ms nothing more is asked; what is then without a verdict is "not judged: deadline". */
  deadlineMs?: number;
  signal?: AbortSignal;
  onProgress?: (progress: JudgeProgress) => void;
}

export interface JudgeProgress {
  /** Votes that had to be asked for, and those that are answered. */
  total: number;
  done: number;
  /** Votes found on disk. */
  fromStore: number;
  /** Answered now, but not readable. */
  unreadable: number;
  /** Requests sent, repeated ones included. */
  requests: number;
}

export interface JudgeRun extends JudgeProgress {
  /** One a row, in the order of the rows. */
  judgements: Judgement[];
  /** `promptVersion` of what was asked. */
  prompt: string;
}

/** Failed requests in a row after which the server counts as gone. */
const MAX_FAILED_IN_A_ROW = 20;

/**
 * Judges every row: the rule gate and the guard first, then `judgeVotes` verdicts each from the server,
 * `serving.concurrency` at once.
 *
 * A reply that is no verdict is asked for again, a little warmer each time, at most `attempts` times; then it
 * is "not judged" with its reason, never a pass. Verdicts, readable or not, are kept under a key of model,
 * prompt version, sampling and texts; requests that failed for another reason (a lost connection, a busy
 * server, a prompt it refused) are not kept and the next run asks again. Throws LabError when ids repeat,
 * when 20 requests in a row fail without an answer, and when none of the first 32 verdicts can be read
 * (`unreadError`; those are asked for again by the next run); AbortError when `signal` fires. What was
 * answered stays on disk.
 */
export async function judge(
  lab: Lab,
  server: JudgeServer,
  rows: readonly JudgeRow[],
  options: JudgeOptions = {},
): Promise<JudgeRun> {
  const { rubric, layout, judgePrompt, judgeTemperature, judgeMaxTokens, judgeVotes, judgePassScore } = {
    ...lab.config.filter,
    ...options.settings,
  };
  const { attempts = 3, gate = true } = options;
  const settings: VoteSettings = {
    rubric,
    layout,
    size: judgePrompt,
    model: server.model,
    sampling: { temperature: judgeTemperature, maxTokens: judgeMaxTokens, attempts, seed: lab.config.seed },
  };
  if (new Set(rows.map((row) => row.id)).size !== rows.length)
    throw new LabError({ what: "judge requires rows with unique ids", found: "an id that stands twice" });

  const held = rows.map((row) => (gate ? gateReason(row) : null));
  const tasks = voteTasks(
    rows.filter((_, i) => held[i] === null),
    judgeVotes,
    settings,
  );
  const path = options.store ?? join(lab.paths.processed, "judge", "votes.jsonl");
  const store = openVotes(path);
  try {
    const asking = { ...options, path, concurrency: lab.config.serving.concurrency };
    const { passing, progress } = await collectVotes(server, tasks, settings, store, asking);
    const votes = new Map<string, JudgeVote[]>();
    for (const { row, key } of tasks)
      votes.set(row.id, [...(votes.get(row.id) ?? []), voteOf(passing.get(key) ?? store.get(key)!, rubric)]);
    const judgements = rows.map((row, i): Judgement => {
      if (held[i])
        return { id: row.id, status: "held_back", ...held[i], points: null, scores: null, votePoints: [] };
      return judgementOf(row.id, votes.get(row.id)!, rubric, pointsToPass(rubric, judgePassScore));
    });
    return { judgements, ...progress, prompt: promptVersion(settings) };
  } finally {
    await store.close();
  }
}

/**
 * Asks for every vote the store does not hold. `passing`: votes that failed for a reason that may pass, by
 * key.
 */
async function collectVotes(
  server: JudgeServer,
  tasks: readonly VoteTask[],
  settings: VoteSettings,
  store: Store<StoredVote>,
  options: JudgeOptions & { path: string; concurrency: number },
) {
  const isRead = (vote: StoredVote): boolean => voteOf(vote, settings.rubric).verdict !== null;
  const stored = tasks.map(({ key }) => [key, store.get(key)] as const);
  const kept = new Map(stored.flatMap(([key, vote]) => (isKept(vote) ? [[key, vote!] as const] : [])));
  let anyRead = [...kept.values()].some(isRead);
  // Many replies and no verdict among them: something was wrong with the Judge, which may be mended by now.
  if (!anyRead && kept.size >= UNREAD_LIMIT) kept.clear();
  // The same text twice is one question: a key is asked once.
  const missing = tasks.filter((task) => !kept.has(task.key));
  const open = [...new Map(missing.map((task) => [task.key, task])).values()];
  const progress: JudgeProgress = {
    total: open.length,
    done: 0,
    fromStore: tasks.length - open.length,
    unreadable: 0,
    requests: 0,
  };
  const passing = new Map<string, StoredVote>();
  const end = options.deadlineMs === undefined ? Infinity : Date.now() + options.deadlineMs;
  const unread: StoredVote[] = [];
  let failedInARow = 0;
  options.onProgress?.({ ...progress });
  if (open.length === 0) return { passing, progress };
  const inFlight = (await server.inFlight?.(options.signal)) ?? options.concurrency;
  await mapPool(open, { concurrency: inFlight, signal: options.signal }, async (task, _, signal) => {
    const asked = await askVote(server, task, settings, end, signal);
    signal.throwIfAborted();
    if (asked.passing) passing.set(task.key, asked.vote);
    else await store.append(asked.vote);
    // A server that refuses a prompt is there.
    failedInARow =
      asked.passing && asked.requests > 0 && !isRejection(asked.vote.problem!) ? failedInARow + 1 : 0;
    progress.done++;
    progress.requests += asked.requests;
    if (asked.vote.scores === null) progress.unreadable++;
    else anyRead = true;
    // Neither a lost connection nor the end of the run's time says anything about the Judge.
    const isJudges = !asked.passing || isRejection(asked.vote.problem!);
    if (asked.vote.scores === null && isJudges) unread.push(asked.vote);
    if (!options.evenUnread && !anyRead && unread.length >= UNREAD_LIMIT)
      throw unreadError(unread, { maxTokens: settings.sampling.maxTokens, path: options.path });
    options.onProgress?.({ ...progress });
    if (failedInARow >= MAX_FAILED_IN_A_ROW)
      throw new LabError({
        what: "The Judge's server does not answer",
        where: server.model,
        found: `${failedInARow} failed requests in a row, the last: ${asked.vote.message}`,
        todo:
          "Start it again and run this cell once more: the verdicts so far are kept. Or set " +
          "filter.useJudge to false.",
      });
  });
  return { passing, progress };
}

/**
 * Older stores hold failed requests of every cause; only those that are the Judge's own count. A longer
 * context may hold what was too long.
 */
function isKept(vote: StoredVote | undefined): boolean {
  return (
    vote !== undefined &&
    (vote.reply !== null || vote.problem === null || (isPermanent(vote.problem) && vote.problem !== TOO_LONG))
  );
}

/** Older stores kept no more characters of a reply. */
const OLD_CUT = 2000;

/**
 * The stored reply, read again, so that a mended reader needs no new reply; where there is no whole one, what
 * was read when it came.
 */
function voteOf(
  { reply, scores, reason, problem, message }: StoredVote,
  rubric: VoteSettings["rubric"],
): JudgeVote {
  if (reply !== null && reply.length !== OLD_CUT)
    return readVerdict(rubric, reply, problem === "cut_off" ? "length" : null);
  return { verdict: scores === null ? null : { scores, reason: reason ?? "" }, problem, message };
}
