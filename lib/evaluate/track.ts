/** Evaluations and ablations, copied to the tracking service that the config names. */
import { spawn } from "node:child_process";
import { basename, join } from "node:path";
import { PYTHON, REPO_ROOT } from "../config/paths.ts";
import type { Lab } from "../config/lab.ts";
import type { AblationSummary, Arm, EvalDetail, EvalReport } from "../records.ts";

/** Details sent as a table: enough to read, not the whole file. */
const SHOWN = 100;

export interface Tracked {
  kind: "evaluation" | "ablation";
  name: string;
  config: unknown;
  metrics: Record<string, number | null>;
  tables: Record<string, Record<string, unknown>[]>;
}

/**
 * Sends a report with `tracking.service` wandb or trackio; with "none" it does nothing.
 *
 * The report stays the source of truth: a service that cannot be reached is told in a warning and fails
 * nothing.
 */
export async function track({ config: { tracking }, paths }: Lab, report: Tracked): Promise<void> {
  if (tracking.service === "none") return;
  const stdin = JSON.stringify({
    ...report,
    service: tracking.service,
    mode: tracking.wandbMode,
    project: tracking.project,
    folder: join(paths.reports, "tracking"),
  });
  const problem = await new Promise<string | null>((done) => {
    const child = spawn(PYTHON, [join(REPO_ROOT, "scripts", "track.py")], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    let words = "";
    child.stderr.on("data", (part: Buffer) => (words = (words + part.toString()).slice(-2000)));
    child.on("error", (error) => done(error.message));
    child.on("close", (code) =>
      done(code === 0 ? null : words.trim().split("\n").at(-1) || `exit status ${code}`),
    );
    child.stdin.on("error", () => undefined); // it ended; "close" tells
    child.stdin.end(stdin);
  });
  if (problem) console.warn(`${report.name} was not sent to ${tracking.service}: ${problem}`);
}

/** What is sent of an evaluation. Pure. */
export function trackedEvaluation(report: EvalReport, details: readonly EvalDetail[], path: string): Tracked {
  return {
    kind: "evaluation",
    name: basename(path, ".json"),
    config: { model: report.model, profile: report.profile, n: report.n, ...report.settings },
    metrics: armMetrics(report),
    tables: {
      byType: Object.entries(report.byType).map(([type, { n, accuracy, accuracyLenient }]) => ({
        type,
        n,
        accuracy: accuracy.value,
        low: accuracy.low,
        high: accuracy.high,
        lenient: accuracyLenient.value,
      })),
      answers: details
        .filter(({ mode }) => mode === "greedy")
        .slice(0, SHOWN)
        .map(({ id, type, completion, format, strict, lenient, reason }) => ({
          id,
          type,
          completion,
          format,
          strict,
          lenient,
          reason,
        })),
    },
  };
}

/** What is sent of an ablation. Pure. */
export function trackedAblation(summary: AblationSummary, path: string): Tracked {
  return {
    kind: "ablation",
    name: basename(path, ".json"),
    config: { profile: summary.profile, n: summary.n, seeds: summary.seeds },
    metrics: Object.fromEntries(
      summary.arms.flatMap((arm) =>
        Object.entries(armMetrics(arm)).map(([name, value]) => [`${arm.name}/${name}`, value]),
      ),
    ),
    tables: {
      arms: summary.arms.map((arm) => ({ arm: arm.name, ...armMetrics(arm) })),
      pairs: summary.pairs.map((pair) => ({ ...pair })),
    },
  };
}

function armMetrics(arm: Arm): Record<string, number | null> {
  const {
    format,
    accuracy,
    accuracyLenient,
    accuracySampled,
    accuracySampledLenient,
    judge,
    tokensPerAnswer,
  } = arm;
  return {
    format: format.value,
    accuracy: accuracy.value,
    accuracyLow: accuracy.low,
    accuracyHigh: accuracy.high,
    accuracyLenient: accuracyLenient.value,
    accuracySampled: accuracySampled?.value ?? null,
    accuracySampledLenient: accuracySampledLenient?.value ?? null,
    judge: judge?.value ?? null,
    tokensPerAnswer,
  };
}
