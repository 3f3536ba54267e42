/** Stage 7: the merged model as files that other programs read, each checked by such a program. */
import { existsSync, globSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { join, sep } from "node:path";
import { z } from "zod";
import { readOrigin } from "../model/adapter.ts";
import { LabError } from "../errors.ts";
import { interruptible } from "../interruptible.ts";
import type { Lab } from "../config/lab.ts";
import { modelId, resolveModel } from "../model/ref.ts";
import { RlRow } from "../records.ts";
import { isDoneWithoutOutput, moveOutput } from "../run/merge.ts";
import type { MergeOptions } from "../run/merge.ts";
import type { Run } from "../run/run.ts";
import { assertDone, followRun } from "../run/follow.ts";
import { runKey } from "../run/key.ts";
import type { RunSpec } from "../run/key.ts";
import { whileStarting } from "../run/lock.ts";
import { startRun } from "../run/start.ts";
import { quoteForShell } from "../shell.ts";
import { writeFileAtomic } from "../store/atomic.ts";
import { hashFile } from "../store/hash.ts";
import { readJsonl } from "../store/jsonl.ts";
import { compareOnnx } from "./onnx-parity.ts";
import type { FileParity } from "./onnx-parity.ts";

/** Magic number, in nats: ten times what float32 loses between two programs. */
const MOST_DIFFERENCE = 0.01;

const Exports = z.array(
  z.object({
    format: z.enum(["gguf", "onnx"]),
    /** Of the weights: in bfloat16 rounding alone moves log-probabilities. */
    isFloat32: z.boolean(),
    /** What writing it took, and for GGUF the check. */
    seconds: z.number(),
    /** Null where the program that would have checked it is not installed. */
    parity: z
      .object({
        prompts: z.number(),
        tokens: z.number(),
        sameTokens: z.number(),
        sameTexts: z.number(),
        maxLogprobDifference: z.number(),
      })
      .nullable(),
  }),
);
type Export = z.infer<typeof Exports>[number];

const READERS = {
  gguf: { readers: "llama.cpp, Ollama, LM Studio", checkedBy: "llama.cpp" },
  onnx: { readers: "transformers.js: Node, browsers", checkedBy: "transformers.js" },
};

export interface ExportedModel {
  /**
   * `ckpts/exported/<hash of model and formats>`; in it `gguf/model.gguf`, `gguf/Modelfile` (for Ollama) and
   * `onnx/`.
   */
  path: string;
  exports: Export[];
  /** A row a format: file, size, seconds and parity, as a notebook shows it. */
  table: Record<string, string | number | null>[];
  /** For each program that runs the GGUF file: the lines to paste into a shell. Empty without that file. */
  commands: { title: string; text: string }[];
  /** Whether it was exported before this call. */
  reused: boolean;
}

/**
 * Exports the merged model in the formats of `deploy.exports`, beside the merged ones in ckpts.
 *
 * Each file is checked along the greedy answers to up to 16 test questions: GGUF by llama.cpp, ONNX by
 * transformers.js. It has to read the same prompts, to hold `deploy.parityTopTokens` of the most likely
 * tokens and, in float32, every log-probability within 0.01. Only then both are put in their place; each
 * model is exported once. Throws LabError: nothing merged, no test questions, another architecture than
 * Qwen2, a package missing, a full disk, a file that is another model.
 *
 * @example const { path, table } = await exportModel(lab);
 */
export async function exportModel(
  lab: Lab,
  { model = lab.paths.mergedModel, ...options }: MergeOptions & { model?: string } = {},
): Promise<ExportedModel> {
  const { config, paths } = lab;
  if (!existsSync(model))
    throw new LabError({
      what: "There is no merged model",
      where: model,
      todo: "Merge one first: mergeForDeployment(lab).",
    });
  const base = await resolveModel(realpathSync(model));
  if (config.deploy.exports.length === 0) return describe(join(paths.ckpts, "exported"), [], true);
  const todo = "Run 03_filter first; the exported files are compared on its test questions.";
  const rows = readJsonl(paths.test, RlRow, todo).length;
  const spec: RunSpec = {
    ...{ stage: "export", label: "export", config, reward: null, models: { base, adapter: null } },
    inputs: { parity: { path: paths.test, sha256: await hashFile(paths.test), rows } },
  };
  const key = runKey(spec);
  const path = join(paths.ckpts, "exported", key.slice("export-".length));
  if (readOrigin(path)?.run === key && !options.force) return describe(path, readExports(path), true);

  await startRun(lab, spec, { ...options, force: options.force || isDoneWithoutOutput(lab, key) });
  const run = await followRun(lab, key, options);
  assertDone(run);
  const exports = await interruptible(options.signal, (signal) => checked(run, signal));
  await whileStarting(paths.runs, async () => {
    if (existsSync(run.output))
      writeFileAtomic(join(run.output, "parity.json"), `${JSON.stringify(exports, null, 2)}\n`);
    moveOutput(run.output, path, { run: key, base: modelId(base), adapter: null });
  });
  return describe(path, exports, false);
}

/** The run's files with their parity. Throws LabError, and removes them, when one is another model. */
async function checked(run: Run, signal: AbortSignal): Promise<Export[]> {
  const exports: Export[] = [];
  try {
    for (const format of run.config.deploy.exports) {
      const parity =
        format === "onnx"
          ? await compareOnnx(join(run.output, format), run.folder, signal)
          : llamaParity(run);
      const [seconds, isFloat32] = [told(run, `${format}Seconds`)!, told(run, `${format}IsFloat32`) === 1];
      const made = { format, parity, seconds, isFloat32 };
      assertSame(run, made);
      exports.push(made);
    }
  } catch (error) {
    if (!signal.aborted) rmSync(run.output, { recursive: true, force: true });
    throw error;
  }
  return exports;
}

/** What llama.cpp said, which scripts/export.py asks; null when it was not there. */
function llamaParity(run: Run): FileParity | null {
  const prompts = told(run, "ggufPrompts");
  if (prompts === null) return null;
  return {
    prompts,
    tokens: told(run, "ggufTokens")!,
    sameTokens: told(run, "ggufSameTokens")!,
    sameTexts: told(run, "ggufSameTexts")!,
    maxLogprobDifference: told(run, "ggufMaxLogprobDifference") ?? Infinity, // was no number of JSON's
  };
}

/** A number that one of the run's steps told, a format each. */
function told({ metrics }: Run, name: string): number | null {
  return metrics[name]?.findLast((value) => value !== null) ?? null;
}

function assertSame(run: Run, { format, parity, isFloat32 }: Export): void {
  if (parity === null) return;
  const { tokens, sameTokens, sameTexts, prompts, maxLogprobDifference: apart } = parity;
  const bound = run.config.deploy.parityTopTokens;
  // Where each token is the most likely one, a text can only be another by a cache that is not what it was.
  const isWhole = sameTokens < tokens || sameTexts === prompts;
  if (sameTokens >= bound * tokens && isWhole && (!isFloat32 || apart <= MOST_DIFFERENCE)) return;
  throw new LabError({
    what: `The exported ${format.toUpperCase()} is another model than the merged one`,
    where: run.folder,
    expected:
      `the same most likely token at ${100 * bound} % of the places` +
      (isFloat32 ? `, log-probabilities within ${MOST_DIFFERENCE}` : ""),
    found:
      `${sameTokens} of ${tokens} tokens, ${sameTexts} of ${prompts} texts, ` +
      `log-probabilities ${apart.toPrecision(2)} apart`,
    todo: "Nothing was published. Export again; if that fails, leave the format out (deploy.exports).",
  });
}

function readExports(path: string): Export[] {
  return Exports.parse(JSON.parse(readFileSync(join(path, "parity.json"), "utf8")));
}

function describe(path: string, exports: Export[], reused: boolean): ExportedModel {
  const table = exports.map(({ format, parity, seconds }) => ({
    file: format === "gguf" ? "gguf/model.gguf" : `onnx${sep}`,
    "read by": READERS[format].readers,
    MB: sizeOf(join(path, format)) / 1e6,
    "seconds to write": seconds,
    "checked by": parity === null ? "nobody: llama.cpp is not installed" : READERS[format].checkedBy,
    "same texts": parity && `${parity.sameTexts} of ${parity.prompts}`,
    "same tokens (%)": parity && (100 * parity.sameTokens) / parity.tokens,
    "log-probabilities differ by at most": parity && parity.maxLogprobDifference.toExponential(1),
  }));
  const folder = `cd ${quoteForShell(join(path, "gguf"))}`;
  const commands = [
    { title: "Ollama", text: `${folder}\nollama create finance -f Modelfile\nollama run finance` },
    {
      title: "LM Studio",
      text: `${folder}\nlms import --copy --user-repo ftmodel/finance model.gguf\nlms load`,
    },
  ];
  const isGguf = exports.some(({ format }) => format === "gguf");
  return { path, exports, table, commands: isGguf ? commands : [], reused };
}

function sizeOf(folder: string): number {
  const files = globSync("**", { cwd: folder }).map((name) => statSync(join(folder, name)));
  return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}
