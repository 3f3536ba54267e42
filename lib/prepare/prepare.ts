/** Stage 1: from all sources to `data/raw/raw.jsonl`. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { countBy } from "../stats/stats.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { findSources, hashSources, readSources } from "./all-sources.ts";
import type { Collected } from "./all-sources.ts";
import { correctionsPath } from "./corrections.ts";
import { removeDuplicates } from "./duplicates.ts";
import { readGold } from "../answer/index.ts";
import { hashCode } from "../config/code-hash.ts";
import { LabError } from "../errors.ts";
import type { Lab } from "../config/lab.ts";
import { writeJsonl } from "../store/jsonl.ts";
import { lockFolder } from "../store/lock.ts";
import { finishJsonl, readManifest } from "../store/manifest.ts";
import { describePreparation, PrepareReport } from "./report.ts";
import type { PreparedQuestion } from "./report.ts";
import { inDrawnOrder, mixOf, sampleStratified } from "./sample.ts";
import type { Question } from "../records.ts";
import type { SetAside } from "./read-questions.ts";
import { loadTokenizer } from "../model/tokens.ts";
import type { Tokenizer } from "../model/tokens.ts";
import { ownPrompt, promptId, promptOf } from "../prompt/prompt.ts";
import { longestPromptCounter } from "../prompt/tokens.ts";

export interface PrepareOptions {
  /** The generated basics; the world's by default. */
  generate?: (count: number, seed: number) => Question[];
  /** Counts the prompts; the Base's by default. */
  tokenizer?: Tokenizer;
  /** Redo it although nothing has changed; default FTMODEL_FORCE. */
  force?: boolean;
  onProgress?: (message: string) => void;
  signal?: AbortSignal;
}

/** Where the rows that were not taken are listed, with reasons. */
export function setAsidePath(lab: Pick<Lab, "paths">): string {
  return join(dirname(lab.paths.raw), "set_aside.jsonl");
}

/** What stage 1 counted, as `prepare` returned it. */
export function reportPath(lab: Pick<Lab, "paths">): string {
  return join(dirname(lab.paths.raw), "report.json");
}

/**
 * Collects, classifies, sets aside what has no readable gold answer or is too long, removes near-copies,
 * samples, and writes.
 *
 * In this order, so that the sample is full: own files (all their good rows are kept), hand-written,
 * generated, DianJin; of the near-copies that can be used the first stays. Rows leave with a reason into
 * `data/raw/set_aside.jsonl`; the rest is `data/raw/raw.jsonl`, in a drawn order, with a manifest. What
 * readers have corrected is applied, and kept in `data/raw/corrections.jsonl` for the filter. The same
 * config, files, tokenizer and code give the stored result back at once. Throws LabError: an unreadable
 * source, a download that fails, a missing tokenizer, a folder that cannot be written, nothing left.
 */
export async function prepare(lab: Lab, options: PrepareOptions = {}): Promise<PrepareReport> {
  const { prepare: settings, prompt, seed } = lab.config;
  const prompts = [ownPrompt(prompt.system), promptOf(prompt.teacher)];
  const tokenizer = options.tokenizer ?? (await loadTokenizer(lab.config.models.base));
  const found = await findSources(lab, options);
  // the split is stage 3's; of the files the content counts, not the place
  const { testShare, generatedTest, sources, ...used } = settings;
  const inputs = {
    ...used,
    seed,
    prompts: prompts.map(promptId),
    maxLength: lab.config.sft.maxLength,
    tokenizer: tokenizer.identity,
    contents: await hashSources(found),
    code: hashCode(["answer", "model", "prepare", "prompt", "question", "stats", "store", "world"]),
  };
  if (!(options.force ?? lab.force)) {
    const stored = storedReport(lab, inputs);
    if (stored) return stored;
  }
  const collected = readSources(found);
  const left: SetAside[] = [];
  const candidates = index(collected);
  const usable: PreparedQuestion[] = [];
  const countLongest = longestPromptCounter(tokenizer, prompts);
  let counted = 0;
  for (const candidate of candidates.values()) {
    const { question } = candidate;
    if (counted++ % 2000 === 0) {
      options.onProgress?.(`counted the tokens of ${counted - 1} of ${candidates.size} questions`);
      options.signal?.throwIfAborted();
      await new Promise((breathe) => setImmediate(breathe));
    }
    candidate.tokens = countLongest(question.question);
    const gold = readGold(question.question, question.gold_answer);
    if (!gold.readable)
      left.push(
        leave(
          candidate,
          "gold_unreadable",
          "gold_answer",
          "an answer that can be checked",
          `${question.gold_answer.slice(0, 60)} (${gold.reason})`,
        ),
      );
    else if (candidate.tokens > settings.maxPromptTokens)
      left.push(
        leave(
          candidate,
          "too_long",
          "question",
          `at most ${settings.maxPromptTokens} tokens`,
          `${candidate.tokens}`,
        ),
      );
    else usable.push(candidate);
  }
  // Last: a copy that cannot be used must not cost a twin that can.
  const { kept: unique, removed } = removeDuplicates(usable.map((c) => c.question));
  for (const { id, of, goldDiffers } of removed)
    left.push(
      leave(
        candidates.get(id)!,
        goldDiffers ? "duplicate_other_gold" : "duplicate",
        "question",
        "a question once",
        `the same question as ${of}${goldDiffers ? ", with another gold answer" : ""}`,
      ),
    );
  const fitting = unique.map((question) => candidates.get(question.id)!);
  const isOwn = (c: PreparedQuestion) => c.origin === "own";
  const drawn = sampleStratified(
    fitting.filter((c) => !isOwn(c)).map((c) => c.question),
    { size: settings.sampleSize, mix: mixOf(lab.config), seed },
  );
  const taken = new Set([...drawn.kept.map((q) => q.id), ...fitting.filter(isOwn).map((c) => c.question.id)]);
  for (const candidate of fitting)
    if (!taken.has(candidate.question.id))
      left.push(leave(candidate, "not_sampled", "", "", `its type has enough of them`));
  const rows = inDrawnOrder(
    fitting.filter((c) => taken.has(c.question.id)).map((c) => c.question),
    seed,
  );
  const setAside = [...collected.flatMap((c) => c.setAside), ...left];
  if (rows.length === 0) throw nothingLeft(setAside);

  const report = describePreparation({
    collected,
    candidates: [...candidates.values()],
    left,
    rows,
    removed,
    sample: drawn.report,
    config: lab.config,
  });
  const lock = lockFolder(dirname(lab.paths.raw));
  try {
    writeJsonl(setAsidePath(lab), setAside);
    const corrections = collected.flatMap((part) => part.corrections.map(({ row }) => row));
    if (corrections.length > 0) writeJsonl(correctionsPath(lab), corrections);
    else rmSync(correctionsPath(lab), { force: true });
    writeFileAtomic(reportPath(lab), `${JSON.stringify(report, null, 1)}\n`);
    finishJsonl(lab.paths.raw, rows, inputs);
  } finally {
    lock.release();
  }
  return report;
}

function storedReport(lab: Lab, inputs: Record<string, unknown>): PrepareReport | null {
  if (
    readManifest(lab.paths.raw, inputs) === null ||
    !existsSync(reportPath(lab)) ||
    !existsSync(setAsidePath(lab))
  )
    return null;
  try {
    return { ...PrepareReport.parse(JSON.parse(readFileSync(reportPath(lab), "utf8"))), reused: true };
  } catch {
    return null; // another version's report, or a damaged one: made again
  }
}

function index(collected: readonly Collected[]): Map<string, PreparedQuestion> {
  const candidates = new Map<string, PreparedQuestion>();
  for (const { origin, questions, rules, places } of collected)
    for (const question of questions)
      candidates.set(question.id, {
        question,
        origin,
        rule: rules.get(question.id) ?? "",
        place: places.get(question.id),
        tokens: null,
      });
  return candidates;
}

function leave(
  { question: { id, source, own, question, gold_answer }, place }: PreparedQuestion,
  reason: string,
  field: string,
  expected: string,
  found: string,
): SetAside {
  const { file, line } = place ?? { file: "", line: null };
  const left = { file, line, source, id, reason, field, expected, found };
  return own ? { ...left, own, question, gold_answer } : left;
}

function nothingLeft(setAside: readonly SetAside[]): LabError {
  const counts = countBy(setAside, ({ reason }) => reason);
  return new LabError({
    what: "No question is left after preparation",
    where: "prepare",
    expected: "at least one question",
    found:
      setAside.length === 0
        ? "no source gives any"
        : `all ${setAside.length} set aside ` +
          `(${[...counts].map(([reason, n]) => `${reason}: ${n}`).join(", ")})`,
    todo: "Set prepare.generated, prepare.handwritten or --source, or raise prepare.maxPromptTokens.",
  });
}
