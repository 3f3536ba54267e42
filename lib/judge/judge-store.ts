/**
 * Every verdict a Judge has given, on disk before the next one is waited for: a killed run asks nothing
 * twice.
 */
import { z } from "zod";
import { hashJson } from "../store/hash.ts";
import { openStore } from "../store/store.ts";
import type { Store } from "../store/store.ts";

/** One line of `votes.jsonl`. */
export const StoredVote = z.object({
  key: z.string(),
  /** Of the judged row, for people who read the file. */
  id: z.string(),
  vote: z.number().int().min(0),
  scores: z.record(z.string(), z.union([z.number(), z.boolean()])).nullable(),
  /** The Judge's words. */
  reason: z.string().nullable(),
  /** Why there is no verdict. */
  problem: z.string().nullable(),
  message: z.string().nullable(),
  /**
   * The last reply as it came, read anew whenever the vote is used (`voteOf`). Older stores cut it to
   * `OLD_CUT` characters.
   */
  reply: z.string().nullable(),
  /** Requests it took. */
  attempts: z.number().int().min(1),
  model: z.string(),
  prompt: z.string(),
});
export type StoredVote = z.infer<typeof StoredVote>;

/** All a verdict depends on. Two verdicts with the same key would be the same question to the same Judge. */
export interface VoteQuestion {
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
export function voteKey(question: VoteQuestion): string {
  return hashJson(question);
}

/** Opens the votes' file; this process is then its folder's only writer. Throws as openStore. */
export function openVotes(path: string): Store<StoredVote> {
  return openStore(path, { schema: StoredVote, key: (row) => row.key });
}
