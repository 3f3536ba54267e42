/**
 * GRPO steps of another commit and of this one, by turns on the same machine and the same rows. Each round
 * runs both, so that what else the machine does falls on both; the ratio is taken within a round.
 */
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openLab } from "../../lib/config/lab.ts";
import type { Lab } from "../../lib/config/lab.ts";
import { PYTHON, REPO_ROOT } from "../../lib/config/paths.ts";
import { LabError } from "../../lib/errors.ts";
import type { RunEvent } from "../../lib/records.ts";
import { mean } from "../../lib/stats/stats.ts";
import { trainGrpo } from "../../lib/train/train.ts";
import { WARM_UP } from "./grpo-seconds.ts";
import { watchMemory } from "./memory.ts";

export interface Side {
  /** Seconds of each counted step, by the clock: checkpoints and logging count, too. */
  seconds: number[];
  /** Sampled tokens of each counted step. */
  tokens: number[];
  /** The most that the run and its processes held at once, this program among them. */
  peakBytes: number | null;
}

export interface Round {
  there: Side;
  here: Side;
}

export interface AgainstRow {
  what: string;
  there: number;
  here: number;
  /** there / here: median of the rounds, with the least and the most. */
  factor: number;
  least: number;
  most: number;
}

export interface AgainstOptions {
  rounds: number;
  steps: number;
  /** With another program beside both that never rests. */
  busy: boolean;
  onRound?: (round: Round) => void;
}

/**
 * Runs `rounds` times the first `steps` steps of `source`'s default GRPO, with the trainer of commit `ref`
 * and with this one. Rows and SFT adapter are those of the workspace `source`; both trainers get the same run
 * file and the same reward. Throws LabError when the commit is not there, or a run fails.
 */
export async function againstCommit(source: Lab, ref: string, options: AgainstOptions): Promise<Round[]> {
  const folder = mkdtempSync(join(tmpdir(), "ftmodel-against-"));
  const neighbour = options.busy ? spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }) : null;
  const end = (): void => void neighbour?.kill();
  process.once("exit", end);
  try {
    const there = [PYTHON, join(cloneOf(ref, join(folder, "clone")), "scripts", "grpo.py")];
    const rounds: Round[] = [];
    for (let i = 0; i < options.rounds; i++) {
      const run = (name: string, command?: readonly string[]) =>
        stepsOf(source, join(folder, `${name}-${i}`), options.steps, command);
      // the first of a round is each of them by turns
      const first = i % 2 === 0 ? await run("there", there) : await run("here");
      const second = i % 2 === 0 ? await run("here") : await run("there", there);
      const round = i % 2 === 0 ? { there: first, here: second } : { there: second, here: first };
      options.onRound?.(round);
      rounds.push(round);
    }
    return rounds;
  } finally {
    end();
    process.off("exit", end);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The commit's files in `folder`, with this repository's packages beside them. */
export function cloneOf(ref: string, folder: string): string {
  try {
    execFileSync("git", ["clone", "--quiet", "--shared", "--no-checkout", REPO_ROOT, folder]);
    execFileSync("git", ["-C", folder, "checkout", "--quiet", "--detach", ref], { stdio: "pipe" });
  } catch (cause) {
    throw new LabError({ what: "The commit could not be cloned", where: `--against ${ref}` }, { cause });
  }
  symlinkSync(dirname(dirname(PYTHON)), join(folder, ".venv"));
  symlinkSync(join(REPO_ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

async function stepsOf(
  source: Lab,
  workspace: string,
  steps: number,
  command?: readonly string[],
): Promise<Side> {
  // The same arithmetic: what the other commit does not do is left out.
  const alike = { "grpo.dropDeadGroups": false, "grpo.probeSteps": 0, "grpo.inspectSteps": [] };
  const lab = openLab({ ...alike, "grpo.maxSteps": steps }, { FTMODEL_WORKSPACE: workspace });
  mkdirSync(dirname(lab.paths.rl), { recursive: true });
  for (const suffix of ["", ".manifest.json"])
    copyFileSync(`${source.paths.rl}${suffix}`, `${lab.paths.rl}${suffix}`);
  const memory = watchMemory(process.pid);
  const events: RunEvent[] = [];
  try {
    await trainGrpo(lab, {
      adapter: source.paths.sftLora,
      publish: false,
      onEvent: (event) => void events.push(event),
      ...(command && { command }),
    });
  } finally {
    memory.stop();
  }
  return { ...countedSteps(events), peakBytes: memory.stop() };
}

/** Of the steps after the first three, which warm up. */
export function countedSteps(events: readonly RunEvent[]): Pick<Side, "seconds" | "tokens"> {
  const steps = events.filter((event) => event.event === "step");
  const counted = steps.slice(WARM_UP);
  return {
    seconds: counted.map(({ time }, i) => time - steps[WARM_UP + i - 1]!.time),
    tokens: counted.map(({ metrics }) => metrics.tokensPerSecond! * metrics.secondsPerStep!),
  };
}

/** Means of the steps of all rounds; factors within each round. */
export function againstRows(rounds: readonly Round[]): AgainstRow[] {
  const row = (what: string, of: (side: Side) => number): AgainstRow => {
    const factors = rounds.map(({ there, here }) => of(there) / of(here)).sort((a, b) => a - b);
    return {
      what,
      there: mean(rounds.map(({ there }) => of(there))),
      here: mean(rounds.map(({ here }) => of(here))),
      factor: median(factors),
      least: factors[0]!,
      most: factors.at(-1)!,
    };
  };
  return [
    row("seconds a step", ({ seconds }) => mean(seconds)),
    row("seconds for 1,000 sampled tokens", ({ seconds, tokens }) => (1000 * sum(seconds)) / sum(tokens)),
    row("peak memory, GB", ({ peakBytes }) => (peakBytes ?? Number.NaN) / 1e9),
  ];
}

const sum = (values: readonly number[]): number => values.reduce((total, x) => total + x, 0);
/** Of sorted values; the mean of the middle two of an even number. */
export const median = (sorted: readonly number[]): number =>
  mean([sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!]);
