/**
 *     node scripts/bench/first-step-session.ts ROOT STAGE WORKSPACE
 *
 * A session with the library of the repository at ROOT: starts a training, waits for its first step, ends it,
 * and after a pause does so once more with another seed. Prints the seconds of both, [first, second].
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Run } from "../../lib/run/run.ts";
import { REPO_ROOT } from "../../lib/config/paths.ts";

/** A reader looks at a curve and changes a value. */
const PAUSE_MS = 30_000;

const [root, stage, workspace] = process.argv.slice(2) as [string, "sft" | "grpo", string];
// by the door: files move from commit to commit, its names stay
const door = (await import(join(root, "lib", "index.ts"))) as typeof import("../../lib/index.ts");
const { cancelRun, openLab, trainGrpo, trainSft } = door;

const first = await secondsToFirstStep(1);
await sleep(PAUSE_MS);
console.log(JSON.stringify([first, await secondsToFirstStep(2)]));
process.exit(0);

async function secondsToFirstStep(seed: number): Promise<number> {
  const base = join(REPO_ROOT, "ckpts", "tiny", "base");
  // Here GRPO takes a census first, which shows its own progress: what is timed is the training.
  const own = root === REPO_ROOT ? { "grpo.dropDeadGroups": false } : {};
  const lab = openLab({ "models.base": base, seed, ...own }, { FTMODEL_WORKSPACE: workspace });
  const stopping = new AbortController();
  const called = performance.now();
  let seconds: number | null = null;
  let key = "";
  const options = {
    onProgress: (run: Run) => void (key = run.key),
    onEvent: ({ event }: { event: string }) => {
      if (event !== "step") return;
      seconds ??= (performance.now() - called) / 1000;
      stopping.abort();
    },
    signal: stopping.signal,
    publish: false,
  };
  try {
    await (stage === "sft" ? trainSft(lab, options) : trainGrpo(lab, options));
  } catch (error) {
    if (seconds === null) throw error;
  }
  await cancelRun(lab, key);
  return seconds!;
}
