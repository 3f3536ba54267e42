/**
 * How long a reader waits for the first step of a training, from the moment its cell is sent to the step's
 * event, in a kernel that has run the notebook's cells before it: the first training of the session, and one
 * after a pause. Of this commit, or by turns of another one and of this one, with the same rows, Base,
 * adapter and answers of the census.
 */
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lab } from "../../lib/config/lab.ts";
import { PYTHON, REPO_ROOT } from "../../lib/config/paths.ts";
import { mean } from "../../lib/stats/stats.ts";
import { cloneOf, median } from "./against.ts";

const STAGES = ["sft", "grpo"] as const;
export type TrainedStage = (typeof STAGES)[number];

/** Seconds to the first step of the first and of the second training of a session. */
export type Session = readonly [first: number, second: number];

export interface FirstStepRound {
  stage: TrainedStage;
  /** Of the other commit; null without one. */
  there: Session | null;
  here: Session;
}

export interface FirstStepRow {
  stage: TrainedStage;
  training: "first of a session" | "second";
  /** Mean seconds. */
  there: number | null;
  here: number;
  /** here / there, median of the rounds: taken within a round, in which both find the machine alike. */
  share: number | null;
}

/**
 * Measures `rounds` sessions a stage on the rows and the SFT adapter of the workspace `source`. Throws
 * LabError when the commit `ref` is not there, and an Error when a session fails.
 */
export function measureFirstSteps(
  source: Lab,
  {
    rounds,
    ref,
    onRound,
  }: { rounds: number; ref?: string | undefined; onRound?: (round: FirstStepRound) => void },
): FirstStepRound[] {
  const folder = mkdtempSync(join(tmpdir(), "ftmodel-first-step-"));
  try {
    const clone = ref === undefined ? null : cloneOf(ref, join(folder, "clone"));
    const measured: FirstStepRound[] = [];
    for (let round = 0; round < rounds; round++)
      for (const stage of STAGES) {
        const of = (root: string) =>
          sessionOf(root, stage, copyOf(source, stage, join(folder, `${stage}-${round}-${root === clone}`)));
        const hereFirst = round % 2 === 1;
        const before = hereFirst ? of(REPO_ROOT) : null;
        const there = clone === null ? null : of(clone);
        const one = { stage, there, here: before ?? of(REPO_ROOT) };
        onRound?.(one);
        measured.push(one);
      }
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A workspace in which the stage is the next one: with what it starts from, and not yet trained. */
function copyOf({ paths: { root } }: Lab, stage: TrainedStage, workspace: string): string {
  // the answers of the census lie there by what they answer: else each session would ask for them, minutes
  const answers = globSync(join("reports", "runs", "eval-*"), { cwd: root });
  const adapter = stage === "grpo" ? [join("ckpts", "sft_lora")] : [];
  for (const name of ["data", ...adapter, ...answers])
    cpSync(join(root, name), join(workspace, name), { recursive: true });
  return workspace;
}

function sessionOf(root: string, stage: TrainedStage, workspace: string): Session {
  const script = join(REPO_ROOT, "scripts", "bench", "first_step_session.py");
  const told = execFileSync(PYTHON, [script, root, stage, workspace], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(told.trim().split("\n").at(-1)!) as Session;
}

/** A row for each stage and training. Pure. */
export function firstStepRows(rounds: readonly FirstStepRound[]): FirstStepRow[] {
  return STAGES.filter((stage) => rounds.some((round) => round.stage === stage)).flatMap((stage) =>
    ([0, 1] as const).map((nth) => {
      const of = rounds.filter((round) => round.stage === stage);
      const both = of.flatMap(({ there, here }) =>
        there === null ? [] : [[there[nth], here[nth]] as const],
      );
      const shares = both.map(([there, here]) => here / there).sort((a, b) => a - b);
      return {
        stage,
        training: nth === 0 ? "first of a session" : "second",
        there: both.length === 0 ? null : mean(both.map(([there]) => there)),
        here: mean(of.map(({ here }) => here[nth])),
        share: shares.length === 0 ? null : median(shares),
      } as const;
    }),
  );
}
