/** All sources of stage 1, read and given ids that are unique together. */
import { basename, extname, sep } from "node:path";
import { DIANJIN_SOURCE, downloadDianjin, readDianjin } from "./dianjin.ts";
import { hashFile, sha256 } from "../store/hash.ts";
import type { Lab } from "../config/lab.ts";
import type { Question } from "../records.ts";
import { handwrittenFiles, readHandwritten } from "./handwritten.ts";
import { readQuestions } from "./read-questions.ts";
import type { SourceReading } from "./read-questions.ts";
import { generateQuestions } from "../world/index.ts";

export type SourceOrigin = "own" | "handwritten" | "generated" | "dianjin";

/** A source before it is read. */
export interface Source {
  origin: SourceOrigin;
  /** File name without folder; "generated" for the generator. */
  name: string;
  /** What it reads; none of the generator's. Their content decides whether stage 1 runs again. */
  files: string[];
  read: () => SourceReading;
}

/** What one source gave, with ids that no other has. */
export interface Collected extends SourceReading {
  origin: SourceOrigin;
  name: string;
}

export interface CollectOptions {
  generate?: (count: number, seed: number) => Question[];
  onProgress?: (message: string) => void;
  signal?: AbortSignal;
}

/**
 * Own files first, then hand-written, generated, DianJin, which is downloaded if it has to be: of near-copies
 * the first stays. Throws LabError as downloadDianjin.
 */
export async function findSources(
  lab: Pick<Lab, "config" | "paths">,
  { generate = generateQuestions, ...options }: CollectOptions = {},
): Promise<Source[]> {
  const { prepare, seed } = lab.config;
  const sources = prepare.sources.map((file) => ownSource(file, nameAmong(prepare.sources, file)));
  if (prepare.handwritten) {
    const read = () => readHandwritten();
    sources.push({ origin: "handwritten", name: "handwritten", files: handwrittenFiles(), read });
  }
  if (prepare.generated > 0) {
    const read = () => asReading(generate(prepare.generated, seed));
    sources.push({ origin: "generated", name: "generated", files: [], read });
  }
  if (prepare.dianjin) sources.push(...(await dianjinSources(lab, options)));
  return sources;
}

async function dianjinSources(
  lab: Pick<Lab, "config" | "paths">,
  { onProgress, signal }: CollectOptions,
): Promise<Source[]> {
  const downloaded = await downloadDianjin(lab, {
    onProgress: (file, done, total) =>
      onProgress?.(`downloading ${file}: ${megabytes(done)}${total ? ` of ${megabytes(total)}` : ""}`),
    ...(signal ? { signal } : {}),
  });
  return downloaded.map(({ path }) => ({
    origin: "dianjin",
    name: `${DIANJIN_SOURCE}/${basename(path)}`,
    files: [path],
    read: () => readDianjin(path),
  }));
}

/** A file of the reader's: every row of it says where it stands, so that it can be followed. */
export function ownSource(path: string, name: string): Source {
  const read = (): SourceReading => {
    const reading = readQuestions(path);
    const own = (line: number | null) => ({ file: name, line: line! });
    return {
      ...reading,
      questions: reading.questions.map((row) => ({ ...row, own: own(reading.places.get(row.id)!.line) })),
      setAside: reading.setAside.map((row) => ({ ...row, own: own(row.line) })),
    };
  };
  return { origin: "own", name, files: [path], read };
}

function asReading(questions: Question[]): SourceReading {
  const rules = new Map(questions.map(({ id }) => [id, "given by the source"]));
  return { questions, setAside: [], corrections: [], rules, places: new Map() };
}

/** The shortest end of a file's path that no other has: "my.jsonl", or "a/my.jsonl" beside "b/my.jsonl". */
function nameAmong(files: readonly string[], file: string): string {
  const parts = file.split(sep);
  const ends = parts.map((_, i) => parts.slice(parts.length - 1 - i).join(sep));
  const isAlone = (end: string) => files.filter((other) => `${sep}${other}`.endsWith(sep + end)).length === 1;
  return ends.find(isAlone) ?? file;
}

/**
 * The rows of the sources, with ids that are unique together: an id that an earlier file has taken becomes
 * `<file stem>_<id>`, so every question keeps one identity through all stages. What a reader has corrected is
 * applied to them. Throws LabError as readQuestions.
 */
export function readSources(sources: readonly Source[]): Collected[] {
  const collected = sources.map(({ origin, name, read }): Collected => ({ origin, name, ...read() }));
  uniqueIds(collected);
  correct(collected, sources);
  return collected;
}

function uniqueIds(collected: readonly Collected[]): void {
  const taken = new Set<string>();
  for (const part of collected) {
    const stem = basename(part.name, extname(part.name));
    part.questions = part.questions.map((question) => {
      let id = question.id;
      if (taken.has(id)) {
        id = `${stem}_${id}`;
        while (taken.has(id)) id += "_";
        part.rules.set(id, part.rules.get(question.id) ?? "");
        const place = part.places.get(question.id);
        if (place) part.places.set(id, place);
      }
      taken.add(id);
      return id === question.id ? question : { ...question, id };
    });
  }
}

/**
 * Gives questions the gold answers that the reader has corrected them to, the later file and line before the
 * earlier. A correction of a question that is not there, or that now has another gold than the reader saw
 * (the same id in another draw), is set aside.
 */
function correct(collected: readonly Collected[], sources: readonly Source[]): void {
  const seen = new Map(
    collected.flatMap(({ questions }) => questions.map((row) => [row.id, row.gold_answer])),
  );
  const golds = new Map<string, string>();
  collected.forEach((part, i) => {
    part.corrections = part.corrections.filter(({ line, row }) => {
      const gold = seen.get(row.id);
      const was = row.correction === "gold" ? row.was : null;
      const isOther = typeof was === "string" && was !== gold && was !== golds.get(row.id);
      if (gold !== undefined && !isOther) {
        if (row.correction === "gold") golds.set(row.id, row.gold_answer);
        return true;
      }
      const source = basename(part.name, extname(part.name));
      const place = { file: sources[i]!.files[0] ?? part.name, line, source, id: row.id };
      part.setAside.push(
        gold === undefined
          ? {
              ...place,
              reason: "unknown_question",
              field: "id",
              expected: "the id of a question",
              found: row.id,
            }
          : {
              ...place,
              reason: "another_question",
              field: "was",
              expected: `the gold answer as it is: ${gold.slice(0, 60)}`,
              found: String(was).slice(0, 60),
            },
      );
      return false;
    });
  });
  for (const part of collected)
    part.questions = part.questions.map((row) => {
      const gold_answer = golds.get(row.id);
      return gold_answer === undefined ? row : { ...row, gold_answer };
    });
}

/**
 * What the rows depend on besides code and config, without reading one: a line for each source with the hash
 * of its files; null where a file cannot be read, which reading it will tell.
 */
export function hashSources(
  sources: readonly Source[],
): Promise<{ origin: SourceOrigin; name: string; sha256: string | null }[]> {
  return Promise.all(
    sources.map(async ({ origin, name, files }) => {
      try {
        const hashes: string[] = [];
        for (const file of files) hashes.push(await hashFile(file));
        return { origin, name, sha256: sha256(hashes.join("\n")) };
      } catch {
        return { origin, name, sha256: null };
      }
    }),
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
