/** All sources of stage 1, read and given ids that are unique together. */
import { basename, extname } from "node:path";
import { DIANJIN_SOURCE, downloadDianjin, readDianjin } from "./dianjin.ts";
import { canonicalJson, sha256 } from "../store/hash.ts";
import type { Lab } from "../config/lab.ts";
import type { Question } from "../records.ts";
import { readHandwritten, readQuestions } from "./sources.ts";
import type { SetAside } from "./sources.ts";
import { generateQuestions } from "../world/index.ts";

export type SourceOrigin = "own" | "handwritten" | "generated" | "dianjin";

/** What one file (or the generator) gave. */
export interface Collected {
  origin: SourceOrigin;
  /** File name without folder; "generated" for the generator. */
  name: string;
  questions: Question[];
  setAside: SetAside[];
  rules: Map<string, string>;
}

export interface CollectOptions {
  generate?: (count: number, seed: number) => Question[];
  onProgress?: (message: string) => void;
  signal?: AbortSignal;
}

/**
 * Own files first, then hand-written, generated, DianJin: of near-copies the first stays.
 *
 * An id that an earlier file has taken becomes `<file stem>_<id>`, so every question keeps one identity
 * through all stages. Throws LabError as readQuestions and downloadDianjin.
 */
export async function collectSources(
  lab: Pick<Lab, "config" | "paths">,
  { generate = generateQuestions, onProgress, signal }: CollectOptions = {},
): Promise<Collected[]> {
  const { prepare, seed } = lab.config;
  const collected: Collected[] = [];
  for (const file of prepare.sources)
    collected.push({ origin: "own", name: basename(file), ...readQuestions(file) });
  if (prepare.handwritten)
    collected.push({ origin: "handwritten", name: "handwritten", ...readHandwritten() });
  if (prepare.generated > 0) {
    const questions = generate(prepare.generated, seed);
    collected.push({
      origin: "generated",
      name: "generated",
      questions,
      setAside: [],
      rules: new Map(questions.map((q) => [q.id, "given by the source"])),
    });
  }
  if (prepare.dianjin) {
    const files = await downloadDianjin(lab, {
      onProgress: (file, done, total) =>
        onProgress?.(`downloading ${file}: ${megabytes(done)}${total ? ` of ${megabytes(total)}` : ""}`),
      ...(signal ? { signal } : {}),
    });
    readDianjin(files).forEach((reading, i) =>
      collected.push({
        origin: "dianjin",
        name: `${DIANJIN_SOURCE}/${basename(files[i]!.path)}`,
        ...reading,
      }),
    );
  }
  uniqueIds(collected);
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
      }
      taken.add(id);
      return id === question.id ? question : { ...question, id };
    });
  }
}

/** What the result depends on, a line for each source: its rows, those set aside included. */
export function sourceHashes(
  collected: readonly Collected[],
): { origin: SourceOrigin; name: string; sha256: string }[] {
  return collected.map(({ origin, name, questions, setAside }) => ({
    origin,
    name,
    sha256: sha256(canonicalJson([questions, setAside.map(({ file, ...row }) => row)])),
  }));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
