/** The files of one run: `reports/runs/<key>/…`. */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../store/atomic.ts";
import { LabError } from "../errors.ts";
import type { Paths } from "../config/paths.ts";
import { RunFile } from "./key.ts";

/** Whatever has paths: a Lab, or paths alone in a script. */
export interface Workspace {
  paths: Paths;
}

/**
 * One process that works, or worked, on a run. The offsets say what it wrote: the files go on over attempts.
 */
const Attempt = z.object({
  pid: z.number().int(),
  startTime: z.string(),
  eventsOffset: z.number().int(),
  logOffset: z.number().int(),
});
export type Attempt = z.infer<typeof Attempt>;

const Exit = z.object({ pid: z.number().int(), code: z.number().nullable(), signal: z.string().nullable() });
export type Exit = z.infer<typeof Exit>;

export class RunFolder {
  readonly key: string;
  readonly path: string;

  /** Throws LabError for a key that would leave the runs' folder. */
  constructor({ paths }: Workspace, key: string) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(key))
      throw new LabError({
        what: "A run's key is a plain name",
        where: paths.runs,
        found: JSON.stringify(key),
        expected: "such as sft-1a2b3c4d5e6f",
      });
    this.key = key;
    this.path = join(paths.runs, key);
  }

  get runFile(): string {
    return join(this.path, "run.json");
  }
  get events(): string {
    return join(this.path, "events.jsonl");
  }
  get log(): string {
    return join(this.path, "log.txt");
  }
  get rewardModule(): string {
    return join(this.path, "reward.ts");
  }

  exists(): boolean {
    return existsSync(this.runFile);
  }

  /**
   * Whether run.json was written with another version's config: whole, but not of today's form. Such a run is
   * neither shown nor gone on with.
   */
  isOutdated(): boolean {
    if (!this.exists()) return false;
    try {
      return !RunFile.safeParse(JSON.parse(readFileSync(this.runFile, "utf8"))).success;
    } catch {
      return false; // damaged: told when it is read
    }
  }

  /** Throws LabError when there is no such run, or its run.json is not one. */
  readRunFile(): RunFile {
    if (!this.exists())
      throw new LabError({
        what: "There is no such run",
        where: this.runFile,
        todo: "Start it with the notebook of its stage; listRuns(lab) shows what there is.",
      });
    return readChecked(this.runFile, RunFile)!;
  }

  readAttempt(): Attempt | null {
    return readChecked(join(this.path, "pid.json"), Attempt);
  }

  writeAttempt(attempt: Attempt): void {
    writeJsonFile(join(this.path, "pid.json"), attempt);
  }

  /** How the process ended, if the process that started it lived to see that. */
  readExit(): Exit | null {
    return readChecked(join(this.path, "exit.json"), Exit);
  }

  writeExit(exit: Exit): void {
    if (existsSync(this.path)) writeJsonFile(join(this.path, "exit.json"), exit);
  }

  /**
   * The last lines of the log from byte `offset` on, without terminal codes; "" when it is empty. At most
   * `lines` lines and 4,000 characters.
   */
  lastWords(offset: number, lines = 12): string {
    if (!existsSync(this.log)) return "";
    const file = openSync(this.log, "r");
    try {
      const { size } = fstatSync(file);
      const from = Math.max(offset, size - 64 * 1024);
      const buffer = Buffer.alloc(Math.max(0, size - from));
      readSync(file, buffer, 0, buffer.length, from);
      return shownLines(buffer.toString("utf8")).slice(-lines).join("\n").slice(-4000);
    } finally {
      closeSync(file);
    }
  }
}

const TERMINAL_CODE = /\u001B\[[0-9;?]*[ -/]*[@-~]/g;

/**
 * The lines a terminal would still show: without colours, and of a progress bar only what it was overwritten
 * with last.
 */
function shownLines(text: string): string[] {
  return text
    .replace(TERMINAL_CODE, "")
    .split("\n")
    .map((line) => line.replace(/\r+$/, ""))
    .map((line) => line.slice(line.lastIndexOf("\r") + 1).trimEnd())
    .filter((line) => line !== "");
}

/** Bytes of a file, 0 when it is missing. */
export function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function writeJsonFile(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

function readChecked<T>(path: string, schema: z.ZodType<T>): T | null {
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new LabError(
      {
        what: "A run's file is not JSON",
        where: path,
        found: (cause as Error).message,
        todo: "Delete the run's folder and start it again.",
      },
      { cause },
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new LabError({
    what: "A run's file does not have the expected form",
    where: `${path}, field ${issue.path.join(".")}`,
    expected: issue.message,
    todo: "It was written by another version: delete the run's folder and start it again.",
  });
}
