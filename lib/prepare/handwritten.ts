/** Questions that come with the repository: hand-written ones, and files as they come in real life. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "../errors.ts";
import { REPO_ROOT } from "../config/paths.ts";
import { readQuestions } from "./read-questions.ts";
import type { SourceReading } from "./read-questions.ts";

const HANDWRITTEN = join(REPO_ROOT, "data", "handwritten");

/** The files of hand-written questions, in order; none when the folder is absent. */
export function handwrittenFiles(folder: string = HANDWRITTEN): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  return names.sort().map((name) => join(folder, name));
}

/**
 * The hand-written questions that come with the repository, every file of data/handwritten. None when the
 * folder is absent. Throws on any bad row.
 */
export function readHandwritten(folder: string = HANDWRITTEN): SourceReading {
  const all: SourceReading = {
    ...{ questions: [], setAside: [], corrections: [] },
    ...{ rules: new Map(), places: new Map() },
  };
  for (const file of handwrittenFiles(folder)) {
    const { questions, setAside, rules, places } = readQuestions(file, { source: "handwritten" });
    const bad = setAside[0];
    if (bad)
      throw new LabError({
        what: "A hand-written question cannot be used",
        where: `${bad.file}, line ${bad.line}, field ${bad.field}`,
        expected: bad.expected,
        found: bad.found,
      });
    for (const question of questions) all.questions.push(question);
    for (const [id, rule] of rules) all.rules.set(id, rule);
    for (const [id, place] of places) all.places.set(id, place);
  }
  return all;
}

/**
 * Files as they come in real life, each row with a fault or beside one: what notebook 1 tries its promises
 * on. Made by `scripts/messy-rows.ts`.
 */
export function messyFiles(): string[] {
  const folder = join(REPO_ROOT, "data", "messy");
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}
