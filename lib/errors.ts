/** What code may go by; the words of a problem are for people alone. */
export type ErrorCode =
  | "folder_held"
  | "port_in_use"
  | "no_usable_text"
  /** It ended, or its connections are lost. */
  | "server_gone"
  /** It is there, and every request fails. */
  | "server_failing";

/** What went wrong, where, what was expected, what was found, and what to do about it. */
export interface Problem {
  /** Where a caller has a way of its own to go on. */
  code?: ErrorCode | undefined;
  what: string;
  /** File (with line and field), URL, config key or process. */
  where?: string;
  expected?: string;
  found?: string;
  /** One sentence a person can act on. */
  todo?: string | undefined;
}

/** The one error class of bad input and failed stages; `problem` keeps the parts for machines. */
export class LabError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem, options?: ErrorOptions) {
    super(describeProblem(problem), options);
    this.name = "LabError";
    this.problem = problem;
  }

  /** Where it is printed, its sentences alone: whoever reads them can do nothing with a stack of ours. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.message;
  }
}

function describeProblem(p: Problem): string {
  const lines = [p.where ? `${p.what} (${p.where})` : p.what];
  if (p.expected) lines.push(`  expected: ${p.expected}`);
  if (p.found !== undefined) lines.push(`  found:    ${p.found}`);
  if (p.todo) lines.push(`  to do:    ${p.todo}`);
  return lines.join("\n");
}

/**
 * The candidate with the smallest edit distance to `word`, or null when none is near (distance > half its
 * length).
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return bestDistance <= Math.max(2, word.length / 2) ? best : null;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}
