/** DianJin-R1-Data: fetched once from Hugging Face, ModelScope or a mirror, then read from disk. */
import { basename, join } from "node:path";
import { pinnedRevision } from "./dianjin-revision.ts";
import { downloadFile } from "./download.ts";
import { LabError } from "../errors.ts";
import type { Lab } from "../config/lab.ts";
import { readManifest, writeManifest } from "../store/manifest.ts";
import { readSourceRows } from "./read-rows.ts";
import { readQuestions } from "./read-questions.ts";
import type { SourceReading } from "./read-questions.ts";

export const DIANJIN_SOURCE = "dianjin-r1-data";
const DIANJIN_FILES = ["cflue_mcq.json", "cflue_oe.json", "fin_qa.json"] as const;

export interface DianjinFile {
  path: string;
  url: string;
  sha256: string;
  rows: number;
  /** False when it was there already. */
  downloaded: boolean;
}

export interface DianjinOptions {
  onProgress?: (file: string, done: number, total: number | null) => void;
  signal?: AbortSignal;
  /** For tests: first wait between tries, and how long a silent connection is kept. */
  backoffMs?: number;
  idleTimeoutMs?: number;
}

/**
 * Where a file of the data set is: `…/datasets/DianJin/DianJin-R1-Data/resolve/REVISION/train/FILE` on
 * Hugging Face and its mirrors, `…/datasets/tongyi_dianjin/…` where the endpoint's address says ModelScope,
 * whose "main" is called "master".
 *
 * Throws LabError on a revision that is no branch, tag or commit.
 */
export function dianjinUrl(endpoint: string, revision: string, file: string): string {
  if (!/^[\w][\w./-]{0,99}$/.test(revision) || revision.includes(".."))
    throw new LabError({
      what: "A revision cannot be used",
      where: "key prepare.dianjinRevision",
      expected: "a branch, tag or commit",
      found: revision,
    });
  const isModelScope = /modelscope/i.test(endpoint);
  const name = isModelScope ? "tongyi_dianjin/DianJin-R1-Data" : "DianJin/DianJin-R1-Data";
  const pinned = isModelScope && revision === "main" ? "master" : revision;
  const host = endpoint.replace(/\/+$/, "");
  return `${host}/datasets/${name}/resolve/${encodeURIComponent(pinned)}/train/${file}`;
}

/**
 * The three files of the training part, in `data/raw/dianjin/COMMIT/`, downloaded where they are not there
 * whole (206 MB).
 *
 * Each is a JSON list of rows with `instruction` and `output`; its sha256 is kept in its manifest and checked
 * at every call. Throws LabError as downloadFile: no network, a wrong file, a cut that does not heal. What
 * has arrived stays for the next call.
 */
export async function downloadDianjin(
  lab: Pick<Lab, "config" | "paths">,
  options: DianjinOptions = {},
): Promise<DianjinFile[]> {
  const { dianjinEndpoint, dianjinRevision } = lab.config.prepare;
  const files: DianjinFile[] = [];
  const folder = join(lab.paths.root, "data", "raw", "dianjin");
  const asked = dianjinUrl(dianjinEndpoint, dianjinRevision, DIANJIN_FILES[0]!);
  const isHere = readManifest(join(folder, dianjinRevision.replace(/\//g, "_"), DIANJIN_FILES[0]!)) !== null;
  const revision = isHere
    ? dianjinRevision
    : await pinnedRevision(folder, dianjinEndpoint, dianjinRevision, asked);
  for (const file of DIANJIN_FILES) {
    const url = dianjinUrl(dianjinEndpoint, revision, file);
    const path = join(folder, revision.replace(/\//g, "_"), file);
    const kept = readManifest(path, { url });
    if (kept) {
      files.push({ path, url, sha256: kept.sha256, rows: kept.rows, downloaded: false });
      continue;
    }
    let rows = 0;
    const { sha256 } = await downloadFile({
      url,
      path,
      check: (part) => void (rows = countRows(part)),
      onProgress: (done, total) => options.onProgress?.(file, done, total),
      signal: options.signal,
      backoffMs: options.backoffMs,
      idleTimeoutMs: options.idleTimeoutMs,
    });
    writeManifest(path, { rows, sha256, inputs: { url } });
    files.push({ path, url, sha256, rows, downloaded: true });
  }
  return files;
}

/** The rows of a file of this form. Throws when it is another file. */
function countRows(path: string): number {
  const rows = readSourceRows(path);
  const fits = (row: (typeof rows)[number]) =>
    "value" in row &&
    typeof row.value === "object" &&
    row.value !== null &&
    "instruction" in row.value &&
    "output" in row.value;
  if (rows.length > 0 && rows.every(fits)) return rows.length;
  throw new LabError({
    what: "The file is not one of DianJin-R1-Data's",
    expected: "a JSON list of rows with instruction and output",
  });
}

/**
 * The questions of the downloaded files; ids `dianjin_<file stem>_<n>`, source "dianjin-r1-data". Throws as
 * readQuestions.
 */
export function readDianjin(file: string): SourceReading {
  return readQuestions(file, {
    source: DIANJIN_SOURCE,
    idPrefix: `dianjin_${basename(file, ".json")}`,
  });
}
