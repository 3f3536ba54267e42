/** Reports of evaluations on disk: written details first, found again by what was asked. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic, fileStamp } from "../store/atomic.ts";
import { canonicalJson } from "../store/hash.ts";
import { writeJsonl } from "../store/jsonl.ts";
import { EvalReport } from "../records.ts";
import type { EvalDetail } from "../records.ts";

export interface ReportFiles {
  report: EvalReport;
  reportPath: string;
  detailsPath: string;
}

/**
 * Writes `eval_details_<name>_<time>.jsonl`, then `eval_<name>_<time>.json`: a report that is there has its
 * details.
 */
export function writeReport(folder: string, report: EvalReport, details: readonly EvalDetail[]): ReportFiles {
  const stamp = `${report.name}_${fileStamp(new Date(report.created))}`;
  const [reportPath, detailsPath] = [
    join(folder, `eval_${stamp}.json`),
    join(folder, `eval_details_${stamp}.jsonl`),
  ];
  writeJsonl(detailsPath, details);
  writeFileAtomic(reportPath, `${JSON.stringify(report, null, 2)}\n`);
  return { report, reportPath, detailsPath };
}

/**
 * The newest report that says the same but for its time (of the details by their sha256, in
 * `settings.details`), with its details; null when there is none.
 */
export function findReport(folder: string, report: EvalReport): ReportFiles | null {
  for (const file of reportFiles(folder)) {
    const found = readReport(file.reportPath);
    if (found && existsSync(file.detailsPath) && sameBut(found, report)) return { report: found, ...file };
  }
  return null;
}

/** All reports of a folder, newest first. Files that are no reports are left out. */
export function listReports(folder: string): ReportFiles[] {
  return reportFiles(folder).flatMap((file) => {
    const report = readReport(file.reportPath);
    return report ? [{ report, ...file }] : [];
  });
}

function reportFiles(folder: string): Pick<ReportFiles, "reportPath" | "detailsPath">[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const stamp = /^eval_(?!details_)(.+_(\d{8}T\d+Z))\.json$/.exec(name);
      return stamp
        ? [
            {
              time: stamp[2]!,
              reportPath: join(folder, name),
              detailsPath: join(folder, `eval_details_${stamp[1]}.jsonl`),
            },
          ]
        : [];
    })
    .sort((a, b) => (a.time < b.time ? 1 : -1))
    .map(({ reportPath, detailsPath }) => ({ reportPath, detailsPath }));
}

function readReport(path: string): EvalReport | null {
  try {
    return EvalReport.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null; // damaged, or of another version: it is simply not found again
  }
}

function sameBut(a: EvalReport, b: EvalReport): boolean {
  return canonicalJson({ ...a, created: "" }) === canonicalJson({ ...b, created: "" });
}
