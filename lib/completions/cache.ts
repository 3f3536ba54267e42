/**
 * What models wrote, by the key of what they were asked: a completion that is here is not asked for again.
 */
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { isPermanent, TOO_LONG } from "../serving/completion.ts";
import type { CompletionResult } from "../serving/completion.ts";
import { parseLine, splitLines } from "../store/jsonl.ts";
import { openStore } from "../store/store.ts";
import type { Store } from "../store/store.ts";

const Row = z.object({
  key: z.string(),
  /** Of the question or the row when it was asked, for people. */
  id: z.string(),
  /** The text as it came; of a failure what there is of it ("length"), else "". */
  completion: z.string(),
  /** The thoughts as the server sent them apart from the text, which holds them, too. */
  reasoning: z.string().optional(),
  /** Why there is no whole text ("context_overflow", "length" …); null when there is one. */
  failure: z.string().nullable(),
  /** What the server said of the failure. */
  message: z.string().optional(),
  /** As the server counted them; null when it did not say. */
  tokens: z.number().int().min(0).nullable(),
  /** Of the prompt, where the server said. */
  promptTokens: z.number().int().min(0).optional(),
  /** Of a prompt that was too long: the context of our server (`serving.maxModelLength`). */
  context: z.number().int().optional(),
});

/**
 * One completion as the model gave it. What it is worth is worked out whenever it is read, so a mended
 * scorer, reader or rule asks for nothing.
 */
export type StoredCompletion = z.infer<typeof Row>;
export const StoredCompletion: z.ZodType<StoredCompletion> = z.preprocess(fromVote, Row);

/** Until 0.1 a Judge's vote held its reply beside what was read from it. */
function fromVote(line: unknown): unknown {
  if (typeof line !== "object" || line === null || !("reply" in line)) return line;
  const { key, id, reply, problem, message } = line as Record<string, unknown>;
  if (typeof reply !== "string") return { key, id, completion: "", failure: problem, message, tokens: null };
  return { key, id, completion: reply, failure: problem === "cut_off" ? "length" : null, tokens: null };
}

/** Throws LabError as openStore: when another process adds to it, above all. */
export function openCache(file: string): Store<StoredCompletion> {
  return openStore(file, { schema: StoredCompletion, key: ({ key }) => key });
}

/**
 * What is on disk, by key, without opening it for writing: another process may be adding to it. A line that
 * is no row (yet) is left out.
 */
export function readCache(file: string): Map<string, StoredCompletion> {
  return new Map(readableRows(file, StoredCompletion).map((row) => [row.key, row]));
}

/** The rows of a file that may be damaged or in the making; none where there is no file. */
export function readableRows<T>(file: string, schema: z.ZodType<T>): T[] {
  if (!existsSync(file)) return [];
  return [...splitLines(readFileSync(file))].flatMap(({ bytes }) => {
    const line = parseLine(bytes, schema);
    return "row" in line ? [line.row] : [];
  });
}

/** Whether it is kept: a whole text, or a failure that is the model's own. */
export function isKept({ failure }: Pick<StoredCompletion, "failure">): boolean {
  return failure === null || isPermanent(failure);
}

/**
 * Whether it has to be asked for: there is none, none that is kept, or its prompt was too long for another
 * `context` than now. null is the context of a given server, which may be another every time.
 */
export function isOpen(row: StoredCompletion | undefined, context: number | null): boolean {
  if (row?.failure === TOO_LONG) return context === null || row.context !== context;
  return row === undefined || !isKept(row);
}

/** What came of a request. `context` as `isOpen` has it. */
export function completionOf(
  { key, id }: { key: string; id: string },
  result: CompletionResult,
  context: number | null,
): StoredCompletion {
  const failure = result.ok ? null : result.cause;
  return {
    ...{ key, id, completion: result.text },
    ...(result.reasoning !== null && { reasoning: result.reasoning }),
    failure,
    ...(!result.ok && !isScored(result.cause) && { message: result.message }),
    tokens: result.completionTokens,
    ...(result.promptTokens !== null && { promptTokens: result.promptTokens }),
    ...(failure === TOO_LONG && context !== null && { context }),
  };
}

/** Failures that say all in their name. */
const isScored = (cause: string): boolean => cause === "length" || cause === "empty";
