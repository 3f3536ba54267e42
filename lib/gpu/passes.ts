/** The ways to cut a training step into passes of a GPU. Pure. */
import type { Config } from "../config/config.ts";
import { LabError } from "../errors.ts";
import type { ModelShape } from "../model/shape.ts";
import { divisors } from "./choose.ts";

/**
 * Tokens a pass below which a GPU idles: then smaller activations by checkpointing buy more than they cost.
 */
const ENOUGH_TOKENS = 4096;
export interface TrainingNeed {
  config: Config;
  shape: ModelShape;
  /** Bytes of each GPU that may be taken. */
  room: number;
  /** Bytes of each whole GPU, of which vLLM takes its share. */
  total: number;
  gpus: number;
  /** Which keys the plan may change. */
  free: (key: string) => boolean;
}

export interface Pass {
  format: "bf16" | "nf4 double";
  checkpointing: boolean;
  micro: number;
}

/** The ways to cut a step into passes, the fastest first. */
export function passes(
  { models }: Config,
  free: TrainingNeed["free"],
  micros: readonly number[],
  length: number,
  checkpointing: boolean | null,
): Pass[] {
  const formats = free("models.loadIn4bit")
    ? (["bf16", "nf4 double"] as const)
    : ([models.loadIn4bit ? "nf4 double" : "bf16"] as const);
  const modes = checkpointing === null ? [false, true] : [checkpointing];
  return formats.flatMap((format) =>
    modes.flatMap((mode) =>
      micros
        .filter(
          (micro) => mode || checkpointing !== null || micro * length >= ENOUGH_TOKENS || micro === micros[0],
        )
        .map((micro) => ({ format, checkpointing: mode, micro })),
    ),
  );
}

/**
 * The GPUs that share a step: those asked for, or as many as divide its rows into whole passes of `micro`.
 * Throws LabError when so many are not there, or do not divide them.
 */
export function processesFor(
  { gpu: { processes, ray } }: Config,
  rows: number,
  gpus: number,
  micro: number,
  product: string,
): number {
  if (processes === 0 && ray !== "")
    throw new LabError({
      what: "How many GPUs of the Ray cluster take part is not said",
      where: "gpu.processes",
      expected: `a divisor of ${product} = ${rows}: ${divisors(rows).join(", ")}`,
      found: "0",
    });
  if (processes === 0)
    return divisors(rows, Math.max(1, gpus)).find((count) => (rows / count) % micro === 0) ?? 1;
  if (processes > gpus && ray === "")
    throw new LabError({
      what: "There are not so many GPUs",
      where: "gpu.processes",
      expected: `at most ${gpus}, or 0 for all that divide a step`,
      found: String(processes),
    });
  if (rows % processes !== 0)
    throw new LabError({
      what: "The GPUs do not divide a step's rows",
      where: "gpu.processes",
      expected: `a divisor of ${product} = ${rows}: ${divisors(rows, Math.max(gpus, processes)).join(", ")}`,
      found: String(processes),
    });
  return processes;
}

export function assertDivides(rows: number, micro: number, key: string, processes: number): void {
  if (rows % micro !== 0)
    throw new LabError({
      what: "The passes do not fill a step",
      where: key,
      expected:
        `a divisor of the ${rows} rows that each of ${processes} processes has a step: ` +
        `${divisors(rows).join(", ")}`,
      found: String(micro),
    });
}

export function words(format: Pass["format"], checkpointing: boolean, rest: string): string {
  return (
    `${format === "bf16" ? "bf16 LoRA" : "NF4 QLoRA"}, ${rest}, ` +
    `${checkpointing ? "" : "no "}checkpointing`
  );
}
