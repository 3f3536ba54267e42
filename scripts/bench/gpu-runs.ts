/**
 * One measurement each: a baseline script, or the product's own stage. Everything goes through the code that
 * a user's run goes through.
 */
import { spawn } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  openSync,
  closeSync,
  rmSync,
  writeFileSync,
  existsSync,
  readFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { openLab } from "../../lib/config/lab.ts";
import type { Lab } from "../../lib/config/lab.ts";
import { PYTHON, REPO_ROOT } from "../../lib/config/paths.ts";
import { distill } from "../../lib/distill/distill.ts";
import { LabError } from "../../lib/errors.ts";
import { messages } from "../../lib/model/chat.ts";
import { PUBLISHED_SHAPES } from "../../lib/model/shape.ts";
import { RlRow } from "../../lib/records.ts";
import { withServer } from "../../lib/serving/serving.ts";
import { readJsonl } from "../../lib/store/jsonl.ts";
import type { Run } from "../../lib/run/run.ts";
import { trainGrpo, trainSft } from "../../lib/train/train.ts";
import type { Figure } from "./gpu-table.ts";

const SIZES = { "1.5b": "Qwen/Qwen2.5-1.5B-Instruct", "7b": "Qwen/Qwen2.5-7B-Instruct" } as const;
/** Steps of a run that compile, allocate and warm up: not counted. */
const WARM_UP = 3;
/**
 * How a run of random weights may end: where all its answers are cut and masked, nothing is learnt. Its steps
 * are whole all the same.
 */
const EXPECTED_ENDS = ["nothing_trained", "no_signal"];

/** Where the bench keeps models, rows, logs and workspaces. */
export class Bench {
  readonly folder: string;
  readonly tokenizer: string | null;
  readonly profile: "gpu" | "tiny";
  readonly #measured = new Map<string, Promise<Figure>>();

  /** `profile` tiny runs the same code on a CPU: for tests. */
  constructor(folder: string, tokenizer: string | null, profile: "gpu" | "tiny" = "gpu") {
    this.folder = folder;
    this.tokenizer = tokenizer;
    this.profile = profile;
  }

  /**
   * Runs a script of this folder; returns the JSON object it prints last. Throws LabError with its last
   * words.
   */
  async script(
    name: string,
    args: readonly (string | number)[],
  ): Promise<{ found: Record<string, unknown>; command: string }> {
    const log = join(this.folder, "logs", `${name}.log`);
    mkdirSync(dirname(log), { recursive: true });
    const argv = [join(REPO_ROOT, "scripts", "bench", `${name}.py`), ...args.map(String)];
    const errors = openSync(log, "a");
    try {
      const child = spawn(PYTHON, argv, {
        stdio: ["ignore", "pipe", errors],
        env: { ...process.env, HF_HUB_OFFLINE: "1" },
      });
      let out = "";
      child.stdout!.on("data", (part: Buffer) => (out += part.toString()));
      const code = await new Promise((ended, failed) => child.once("error", failed).once("close", ended));
      const last = out.trim().split("\n").at(-1) ?? "";
      if (code !== 0)
        throw new LabError({
          what: `scripts/bench/${name}.py failed`,
          where: log,
          found:
            "exit status " +
            `${String(code)}\n${readFileSync(log, "utf8").split("\n").slice(-15).join("\n")}`,
        });
      return {
        found: JSON.parse(last) as Record<string, unknown>,
        command: `python scripts/bench/${name}.py ${args.join(" ")}`,
      };
    } finally {
      closeSync(errors);
    }
  }

  /** The folder of a model of random weights, made once. */
  async model(size: keyof typeof SIZES): Promise<string> {
    const folder = join(this.folder, "models", size);
    const shape = join(this.folder, "models", `${size}.json`);
    if (existsSync(join(folder, ".made"))) return folder;
    mkdirSync(folder, { recursive: true });
    writeFileSync(shape, JSON.stringify(PUBLISHED_SHAPES[SIZES[size]]));
    await this.script("random_model", [
      folder,
      shape,
      ...(this.tokenizer ? ["--tokenizer", this.tokenizer] : []),
    ]);
    writeFileSync(join(folder, ".made"), ""); // hidden: no part of what is hashed
    return folder;
  }

  async rows(name: string, model: string, args: readonly (string | number)[]): Promise<string> {
    const file = join(this.folder, "rows", `${name}.jsonl`);
    if (!existsSync(file)) await this.script("make_rows", [model, file, ...args]);
    return file;
  }

  /** Two rows of one run that ask for the same measurement share it. */
  once(what: string, measure: () => Promise<Figure>): Promise<Figure> {
    if (!this.#measured.has(what)) this.#measured.set(what, measure());
    return this.#measured.get(what)!;
  }

  lab(name: string, overrides: Record<string, unknown>): Lab {
    const workspace = join(this.folder, "work", name);
    rmSync(workspace, { recursive: true, force: true });
    mkdirSync(workspace, { recursive: true });
    return openLab(
      { profile: this.profile, "prompt.system": "", ...overrides },
      { FTMODEL_WORKSPACE: workspace },
    );
  }
}

/** A baseline's figure from what its script printed. */
export function baseline(bench: Bench, script: string, args: readonly (string | number)[]): Promise<Figure> {
  return bench.once(`${script} ${args.join(" ")}`, () => measureBaseline(bench, script, args));
}

async function measureBaseline(
  bench: Bench,
  script: string,
  args: readonly (string | number)[],
): Promise<Figure> {
  const { found, command } = await bench.script(script, args);
  const samples = (found.steps ?? found.repeats ?? found.batches) as number[];
  return {
    value: (found.tokensPerSecond ?? found.secondsPerStep) as number,
    samples,
    memoryGiB: (found.memoryGiB as number | null | undefined) ?? null,
    command,
  };
}

/**
 * A training by the product: its steps on the wall clock, after the first ones. Throws LabError when it
 * failed otherwise than random weights must.
 */
export async function training(
  bench: Bench,
  name: string,
  stage: "sft" | "grpo",
  rows: string,
  overrides: Record<string, unknown>,
): Promise<{ figure: Figure; run: Run }> {
  const lab = bench.lab(name, overrides);
  const target = stage === "sft" ? lab.paths.sft : lab.paths.rl;
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(rows, target);
  let run: Run | null = null;
  const onProgress = (now: Run): void => void (run = now);
  try {
    run = await (stage === "sft"
      ? trainSft(lab, { publish: false, onProgress })
      : trainGrpo(lab, {
          publish: false,
          onProgress,
          reward: "(row) => ({ letters: new Set(row.completion).size / 100 })",
        }));
  } catch (error) {
    if (!EXPECTED_ENDS.includes((run as Run | null)?.cause?.code ?? "")) throw error;
  }
  const steps = run!.events.filter((event) => event.event === "step");
  const counted = steps.slice(WARM_UP);
  if (counted.length === 0)
    throw new LabError({
      what: "The run is too short to be measured",
      where: run!.folder,
      expected: `more than ${WARM_UP} steps`,
      found: String(run!.step),
    });
  // From the end of one step to the end of the next: loading of rows, logging and checkpoints count, too.
  const seconds = counted.map(({ time }, i) => time - steps[WARM_UP + i - 1]!.time);
  const tokens = counted.map(({ metrics }) => (metrics.tokensPerSecond ?? 0) * (metrics.secondsPerStep ?? 0));
  const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  const memoryGiB = Math.max(...counted.map(({ metrics }) => metrics.memoryMiB ?? 0)) / 1024;
  const settings = Object.entries(overrides)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(" ");
  const [value, samples] =
    stage === "sft"
      ? [total(tokens) / total(seconds), tokens.map((n, i) => n / seconds[i]!)]
      : [total(seconds) / seconds.length, seconds];
  return {
    run: run!,
    figure: { value, samples, memoryGiB, command: `${stage} by the sidecar, ${settings}` },
  };
}

/**
 * Stage 2 by the product: server, client, store on disk; the server's start is not counted. Of `rows`, those
 * after the first `warmUp`, at most `count`.
 */
export async function distilling(
  bench: Bench,
  name: string,
  rows: string,
  { warmUp, count, tokens }: { warmUp: number; count: number; tokens: number },
  overrides: Record<string, unknown>,
): Promise<Figure> {
  const lab = bench.lab(name, { "distill.maxTokens": tokens, ...overrides });
  const questions = readJsonl(rows, RlRow)
    .slice(warmUp, warmUp + count)
    .map(({ id, prompt, gold_answer, type }) => ({
      id,
      question: prompt,
      gold_answer,
      type,
      source: "bench",
    }));
  let rate = 0;
  await distill(lab, questions, {
    evenUnusable: true,
    onProgress: ({ tokensPerSecond }) => void (rate = tokensPerSecond ?? rate),
  }).catch((error: unknown) => {
    // Random weights do not stop: every text is cut at its limit, and a distillation without one whole text
    // is an error. Its rate is not.
    if (!(error instanceof LabError) || error.problem.code !== "no_usable_text") throw error;
  });
  return {
    value: rate,
    samples: [rate],
    memoryGiB: null,
    command: `distill() of ${questions.length} questions, ${tokens} tokens each`,
  };
}

/** Stage 6's way of asking: thousands of prompts in flight through lib's client. */
export async function answering(
  bench: Bench,
  name: string,
  rows: string,
  count: number,
  tokens: number,
  overrides: Record<string, unknown>,
): Promise<Figure> {
  const lab = bench.lab(name, overrides);
  const requests = readJsonl(rows, RlRow).map(({ prompt }) => ({
    messages: messages(prompt),
    temperature: 0,
    maxTokens: tokens,
  }));
  return await withServer(lab, "base", async (client) => {
    await client.completeAll(requests.slice(-64)); // not timed
    const samples: number[] = [];
    for (let from = 0; from + count <= requests.length - 64; from += count) {
      const started = performance.now(); // other prompts each time: none is in the server's prefix cache
      const answers = await client.completeAll(requests.slice(from, from + count));
      samples.push(
        (1000 * answers.reduce((sum, { completionTokens }) => sum + (completionTokens ?? 0), 0)) /
          (performance.now() - started),
      );
    }
    return {
      value: samples.length / samples.reduce((sum, rate) => sum + 1 / rate, 0),
      samples,
      memoryGiB: null,
      command: `completeAll of ${count} requests, ${client.concurrency} in flight`,
    };
  });
}
