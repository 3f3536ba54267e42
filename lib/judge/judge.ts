/** The Judge at work: rules first, then bounded questions to a server, every reply on disk at once. */
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import type { TaskList } from "../completions/ask.ts";
import { askAll, openTasks } from "../completions/ask.ts";
import { isKept, openCache } from "../completions/cache.ts";
import type { StoredCompletion } from "../completions/cache.ts";
import { askVote, voteOf, voteTasks } from "./ask.ts";
import type { JudgeServer, VoteSettings, VoteTask } from "./ask.ts";
import { gateReason } from "./gate.ts";
import type { JudgeRow } from "./gate.ts";
import { promptVersion } from "./prompt.ts";
import { pointsToPass } from "./verdict.ts";
import { judgementOf } from "./vote.ts";
import type { Judgement, JudgeVote } from "./vote.ts";
import type { Lab } from "../config/lab.ts";
import { isRejection } from "../serving/completion.ts";
import type { Store } from "../store/store.ts";
import type { Progress } from "../view/progress-curve.ts";
import { countBy } from "../stats/stats.ts";

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

export interface JudgeProgress extends Progress {
  /** Votes found on disk; `done` counts them, too. */
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

/**
 * Judges every row: the rule gate and the guard first, then `judgeVotes` verdicts each from the server,
 * `serving.concurrency` at once.
 *
 * A reply that is no verdict is asked for again, a little warmer each time, at most `attempts` times; then it
 * is "not judged" with its reason, never a pass. Replies, readable or not, are kept under a key of model,
 * prompt version, sampling and texts; requests that failed for another reason (a lost connection, a busy
 * server, a prompt it refused) are not kept and the next run asks again. Throws LabError when ids repeat, as
 * `askAll`, and when none of the first 32 verdicts can be read (`unreadError`; those are asked for again by
 * the next run).
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
  const cache = openCache(path);
  try {
    const { completions, progress } = await askVotes(server, tasks, settings, cache, {
      ...{ ...options, path, concurrency: lab.config.serving.concurrency },
    });
    const votes = Map.groupBy(tasks, ({ id }) => id);
    const judgements = rows.map((row, i): Judgement => {
      const { id } = row;
      if (held[i]) return { id, status: "held_back", ...held[i], points: null, scores: null, votePoints: [] };
      const read = votes.get(id)!.map(({ key }) => voteOf(completions(key), rubric));
      return judgementOf(id, read, rubric, pointsToPass(rubric, judgePassScore));
    });
    return { judgements, ...progress, prompt: promptVersion(settings) };
  } finally {
    await cache.close();
  }
}

/** Asks for every vote that is not on disk. */
async function askVotes(
  server: JudgeServer,
  tasks: readonly VoteTask[],
  settings: VoteSettings,
  cache: Store<StoredCompletion>,
  options: JudgeOptions & { path: string; concurrency: number },
): Promise<{ completions: (key: string) => StoredCompletion; progress: JudgeProgress }> {
  const { evenUnread = false, deadlineMs, signal, onProgress, path } = options;
  const list = { tasks, cache, context: server.context ?? null };
  const missing = new Set(openTasks(list).map(({ key }) => key));
  const kept = tasks.filter(({ key }) => !missing.has(key));
  let anyRead = kept.some(({ key }) => voteOf(cache.get(key)!, settings.rubric).verdict !== null);
  // Many replies and no verdict among them: something was wrong with the Judge, which may be mended by now.
  const open = openTasks(list, !anyRead && kept.length >= UNREAD_LIMIT);
  const onDisk = tasks.length - open.length;
  const end = deadlineMs === undefined ? Infinity : Date.now() + deadlineMs;
  const unread: UnreadVote[] = [];
  const counts = { fromStore: onDisk, unreadable: 0, requests: 0 };
  let now: Progress = {
    ...{ total: tasks.length, done: onDisk, asked: 0, failures: {} },
    ...{ tokensPerSecond: null, etaSeconds: open.length === 0 ? 0 : null },
  };
  let passing = new Map<string, StoredCompletion>();
  if (open.length > 0)
    passing = await askAll<VoteTask, TaskList<VoteTask>>([{ ...list, tasks: open }], {
      ...{ where: server.model, onDisk, signal },
      concurrency: (await server.inFlight?.(signal)) ?? options.concurrency,
      ask: (task, stop) => askVote(server, task, settings, end, stop),
      onCame(_, { completion, requests }) {
        const vote = voteOf(completion, settings.rubric);
        counts.requests += requests;
        if (vote.verdict !== null) anyRead = true;
        else {
          counts.unreadable++;
          // Neither a lost connection nor the end of the run's time says anything about the Judge.
          if (isKept(completion) || isRejection(completion.failure!)) {
            const reply = vote.problem === completion.failure ? null : completion.completion;
            unread.push({ ...vote, reply });
          }
        }
        if (!evenUnread && !anyRead && unread.length >= UNREAD_LIMIT)
          throw unreadError(unread, { model: server.model, maxTokens: settings.sampling.maxTokens, path });
      },
      onProgress(progress) {
        now = progress;
        onProgress?.({ ...progress, ...counts });
      },
    });
  return { completions: (key) => passing.get(key) ?? cache.get(key)!, progress: { ...now, ...counts } };
}

/** So many verdicts, and none readable: the next thousand will be no better. */
export const UNREAD_LIMIT = 32;

/** `reply`: what was read in vain; null where there was none. */
export interface UnreadVote extends JudgeVote {
  reply: string | null;
}

/** Characters of a reply that the error shows. */
const SAMPLE = 160;

/**
 * The error of a Judge none of whose verdicts can be read: why by cause, two of its replies as they came, and
 * what to do about the most frequent cause. `votes` at least one, with their problems; `path` is where all
 * replies are.
 */
export function unreadError(
  votes: readonly UnreadVote[],
  { model, maxTokens, path }: { model: string; maxTokens: number; path: string },
): LabError {
  const causes = countBy(votes, ({ problem }) => problem ?? "unread");
  const [[worst]] = [...causes] as [[string, number]];
  const samples = [...new Set(votes.map(({ reply, message }) => sampleOf(reply ?? message ?? "")))].slice(
    0,
    2,
  );
  return new LabError({
    what: "The Judge writes no verdict that can be read",
    where: model,
    expected: "one JSON object with a reason and a score for each criterion, and nothing else",
    found: [
      `none in ${votes.length}: ${[...causes].map(([cause, n]) => `${cause} ${n}`).join(", ")}`,
      ...samples,
    ].join("\n            "),
    todo: [
      remedy(worst, maxTokens),
      "Or go on without it: filter.useJudge=false, evaluate.useJudge=false.",
      `Its replies are in ${path}; the next run asks again.`,
    ].join(" "),
  });
}

function remedy(problem: string, maxTokens: number): string {
  if (problem === "cut_off") return `Give its verdicts more room: filter.judgeMaxTokens=${2 * maxTokens}.`;
  if (problem === "context_overflow") return "Give prompt and verdict more room: serving.maxModelLength.";
  if (problem.startsWith("http_")) return "Its server refuses the request: see what it says above.";
  if (problem === "content_filter") return "Its server holds its replies back: choose another.";
  const enforce = "Have its server enforce the JSON schema that it is sent (serving.engine=vllm does)";
  return `${enforce}, or choose another models.judge.`;
}

function sampleOf(reply: string): string {
  const line = reply.trim().replace(/\s+/g, " ");
  return JSON.stringify(line.length > SAMPLE ? `${line.slice(0, SAMPLE)}…` : line);
}
