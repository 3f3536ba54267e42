/** A suite of checks: what it counted, and how that is told. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { REPO_ROOT } from "../../lib/config/paths.ts";

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
  /**
   * What failed, a line each with its first words, where the runner names it; told again at the end of a long
   * log.
   */
  failures?: string[];
}

export interface Suite {
  name: string;
  /** Runs the checks, prints what went wrong, and counts. */
  run(): Promise<Count>;
}

/** Git-ignored folder for what checks write; inside the repository, so that packages resolve from it. */
export const SCRATCH = join(REPO_ROOT, ".check");

export function scratchFolder(name: string): string {
  const folder = join(SCRATCH, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs the suites one after another; a suite that throws counts as one failure. */
export async function runSuites(suites: readonly Suite[]): Promise<Count> {
  const lines: string[] = [];
  const failures: string[] = [];
  const total: Count = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, run } of suites) {
    console.log(`\n== ${name}`);
    const started = Date.now();
    const count = await run().catch((error: unknown): Count => {
      console.log(error);
      return { passed: 0, failed: 1, skipped: 0 };
    });
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
    failures.push(...(count.failures ?? []).map((failure) => `failed: ${failure}`));
    lines.push(
      `${name.padEnd(44)} ${((Date.now() - started) / 1000).toFixed(1).padStart(7)} s  ` +
        `${describeCount(count)}`,
    );
  }
  console.log(`\n${[...lines, ...failures].join("\n")}`);
  return total;
}

/** `12 passed, 0 failed, 1 skipped`: the closing line CI systems read. */
export function describeCount({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * Runs a program in the repository with its output shown; resolves to its exit status. Signals go on to it.
 */
export function runProgram(
  command: string,
  args: string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<number> {
  const child = spawn(command, args, {
    cwd: REPO_ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...environment },
  });
  const pass = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGINT", pass).on("SIGTERM", pass);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.off("SIGINT", pass).off("SIGTERM", pass);
      if (signal === "SIGINT" || signal === "SIGTERM") process.exit(130);
      resolve(code ?? 1);
    });
  });
}
