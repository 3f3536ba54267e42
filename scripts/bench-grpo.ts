/**
 * Seconds of a GRPO step on given weights and questions, and where they go.
 *
 *     node scripts/bench-grpo.ts --base DIR --rows FILE.jsonl [--adapter DIR]
 *       --steps 12           the first three are not counted
 *       --profile NAME       small (default), gpu; tiny on a CPU
 *       --set key=value      any config value; repeatable. 16 questions × 8 answers, unless set otherwise
 *       --out DIR            default reports/bench-grpo
 *       --against            TRL's own trainer with vLLM colocated afterwards, on the same rows, and the
 *                            factor
 *       --batch 16           answers a pass of that one, without gradient checkpointing
 *
 * The rows are those of rl.jsonl (`prompt`, `gold_answer`) or questions of one's own (`question`,
 * `gold_answer`). `--adapter`: an SFT adapter to go on from; without it GRPO starts from the base. Everything
 * goes through the code that a user's run goes through, its memory plan too. Prints a table and writes
 * DIR/grpo.json; the run's log and events stay in DIR/work.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { listGpus } from "../lib/gpu/gpus.ts";
import { openLab } from "../lib/config/lab.ts";
import { workspacePaths } from "../lib/config/paths.ts";
import { parseSetting, profileName } from "../lib/config/settings.ts";
import { LabError } from "../lib/errors.ts";
import type { RlRow } from "../lib/records.ts";
import type { Run } from "../lib/run/run.ts";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { writeJsonl } from "../lib/store/jsonl.ts";
import { trainGrpo } from "../lib/train/train.ts";
import { table } from "../lib/view/table.ts";
import { Bench } from "./bench/gpu-runs.ts";
import { secondsOf, WARM_UP } from "./bench/grpo-seconds.ts";
import { endWith, required } from "./command-line.ts";

const OPTIONS = {
  base: { type: "string" },
  rows: { type: "string" },
  adapter: { type: "string" },
  steps: { type: "string" },
  profile: { type: "string" },
  set: { type: "string", multiple: true },
  out: { type: "string" },
  against: { type: "boolean" },
  batch: { type: "string" },
} as const;
const USAGE = "node scripts/bench-grpo.ts --base DIR --rows FILE.jsonl [--adapter DIR]";
/** How a run may end that was too short, or whose answers were all cut: its steps are whole all the same. */
const EXPECTED_ENDS = ["nothing_trained", "no_signal"];

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  const given = (name: "base" | "rows") => required(values, name, USAGE);
  const out = resolve(values.out ?? join(workspacePaths().reports, "bench-grpo"));
  const own = Object.fromEntries((values.set ?? []).map(parseSetting).map(({ key, value }) => [key, value]));
  const shape = {
    "grpo.promptsPerStep": 16,
    "grpo.groupSize": 8,
    "grpo.maxSteps": Number(values.steps ?? 12),
    "grpo.epochs": 100,
    "grpo.probeSteps": 0, // TRL's trainer watches nothing, either
    "grpo.inspectSteps": [],
  };
  const overrides = {
    "models.base": given("base"),
    "grpo.startFromSft": values.adapter !== undefined,
    "gpu.processes": 1,
    ...shape,
    ...own,
  };
  const workspace = join(out, "work");
  rmSync(workspace, { recursive: true, force: true });
  mkdirSync(workspace, { recursive: true });
  const lab = openLab(
    { profile: profileName(values.profile ?? "small"), ...overrides },
    { FTMODEL_WORKSPACE: workspace },
  );
  mkdirSync(dirname(lab.paths.rl), { recursive: true });
  writeJsonl(lab.paths.rl, readRows(given("rows")));

  let run: Run | null = null;
  try {
    const adapter = values.adapter === undefined ? {} : { adapter: resolve(values.adapter) };
    run = await trainGrpo(lab, { ...adapter, publish: false, onProgress: (now) => void (run = now) });
  } catch (error) {
    if (!EXPECTED_ENDS.includes((run as Run | null)?.cause?.code ?? "")) throw error;
  }
  const seconds = secondsOf(run!.events);
  const [gpu] = await listGpus();
  const { grpo, gpu: used } = run!.config;
  const device = gpu?.name ?? "CPU";
  const result = { created: new Date().toISOString(), device, grpo, gpu: used, ...seconds };
  writeFileAtomic(join(out, "grpo.json"), `${JSON.stringify(result, null, 1)}\n`);
  const setting =
    `${grpo.promptsPerStep} × ${grpo.groupSize} answers, ${grpo.microBatch} a pass, packed ` +
    `${used.packed}, correction ${used.vllmCorrection}`;
  const caption = `GRPO on ${gpu?.name ?? "a CPU"}: ${setting}, ${seconds.steps} steps`;
  console.log(`\n${table(seconds.rows, undefined, { caption }).text}`);
  if (values.against) {
    const { seconds: plain, length } = await plainTrl(
      run!.config,
      lab.paths.rl,
      values.adapter,
      values.batch ?? "16",
      join(out, "work"),
    );
    console.log(
      `\nTRL's trainer, ${values.batch ?? 16} answers a pass: ${plain.toFixed(2)} s a step ` +
        `(answers of ${Math.round(length)} tokens), ${(plain / seconds.wall).toFixed(2)} × ours`,
    );
  }
  console.log(`\n${run!.folder}/log.txt   ${join(out, "grpo.json")}`);
}

/**
 * Seconds of a step of TRL's own trainer, with vLLM in its process on the same share of the GPU, and the mean
 * length of its answers.
 */
async function plainTrl(
  config: Run["config"],
  rows: string,
  adapter: string | undefined,
  batch: string,
  folder: string,
): Promise<{ seconds: number; length: number }> {
  const { grpo, gpu, models, prompt } = config;
  const shape = [
    "--prompts",
    grpo.promptsPerStep,
    "--answers",
    grpo.groupSize,
    "--tokens",
    grpo.maxTokens,
    "--batch",
    batch,
    "--rate",
    grpo.learningRate,
  ];
  const from = adapter === undefined ? [] : ["--adapter", resolve(adapter)];
  const steps = ["--steps", grpo.maxSteps - WARM_UP, "--warm-up", WARM_UP];
  const args = [
    models.base,
    rows,
    ...shape,
    ...steps,
    ...from,
    "--system",
    prompt.system,
    "--vllm",
    gpu.vllmMemoryShare,
    "--free",
    "--whole",
  ];
  const { found } = await new Bench(folder, null).script("plain_grpo", args);
  return { seconds: found.secondsPerStep as number, length: found.meanLength as number };
}

/** Rows of rl.jsonl, or questions as a reader brings them. */
function readRows(file: string): RlRow[] {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return lines.map((line, i) => {
    const row = JSON.parse(line) as Record<string, string | undefined>;
    const prompt = row.prompt ?? row.question;
    if (!prompt || !row.gold_answer)
      throw new LabError({
        what: "A row is incomplete",
        where: `${file}:${i + 1}`,
        expected: "prompt (or question) and gold_answer",
      });
    return {
      id: row.id ?? `row-${i}`,
      prompt,
      gold_answer: row.gold_answer,
      type: "financial_calculation",
      source: row.source ?? "bench",
    };
  });
}

main().catch(endWith);
