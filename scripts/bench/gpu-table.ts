/** The rows of the GPU bench: what is asked, and how results read. Pure. */

export interface Figure {
  /** tokens/s, or seconds a step. */
  value: number;
  /** What it is the mean of. */
  samples: number[];
  memoryGiB: number | null;
  command: string;
}

export interface Result {
  row: string;
  created: string;
  device: string;
  versions: Record<string, string | null>;
  baseline: Figure;
  ours: Figure;
  /** What else was found out, in words. */
  notes: string[];
}

export interface Asked {
  what: string;
  unit: "tok/s" | "s/step";
  /** GPUs that the row needs. */
  gpus: number;
  baseline: string;
  required: string;
  aim: string;
  /** Whether a result meets what is required, and what is aimed at. */
  meets: (result: Result) => [boolean, boolean];
}

/** How many times as good as the baseline; of seconds a step, fewer are better. */
export function gain({ baseline, ours }: Pick<Result, "baseline" | "ours">, unit: Asked["unit"]): number {
  return unit === "s/step" ? baseline.value / ours.value : ours.value / baseline.value;
}

const times =
  (required: number, aim: (result: Result) => boolean): Asked["meets"] =>
  (result) => [gain(result, "tok/s") >= required, aim(result)];

const WITHOUT_RAY: Omit<Asked, "what"> = {
  unit: "tok/s",
  gpus: 1,
  baseline: "the same GPU, without Ray",
  required: "≥ 97 %",
  aim: "≥ 99 %",
  meets: times(0.97, (result) => gain(result, "tok/s") >= 0.99),
};

const AGAINST_TRL: Pick<Asked, "required" | "aim" | "meets"> = {
  required: "≥ 1.2 ×, ≥ 50,000 tok/s",
  aim: "≥ 1.5 ×, ≥ 60,000 tok/s",
  meets: (result) => [
    gain(result, "tok/s") >= 1.2 && result.ours.value >= 50_000,
    gain(result, "tok/s") >= 1.5 && result.ours.value >= 60_000,
  ],
};

/** In the order in which they run: each needs no more than those before it. */
export const ASKED: Readonly<Record<string, Asked>> = {
  sft: {
    what: "SFT 1.5B, LoRA bf16, 2,000 rows of 550 tokens at the median",
    unit: "tok/s",
    gpus: 1,
    baseline: "plain PEFT loop, 8 padded rows, checkpointing",
    required: "≥ 2 ×",
    aim: "≥ 45,000 tok/s",
    meets: times(2, ({ ours }) => ours.value >= 45_000),
  },
  sftTrl: {
    what: "the same against TRL's fast setting",
    unit: "tok/s",
    gpus: 1,
    baseline: "SFTTrainer, padding_free, Liger, 16 rows, no checkpointing",
    ...AGAINST_TRL,
  },
  sftTrl32: {
    what: "the same, 32 rows a step",
    unit: "tok/s",
    gpus: 1,
    baseline: "SFTTrainer, padding_free, Liger, 32 rows, no checkpointing",
    ...AGAINST_TRL,
  },
  qlora: {
    what: "SFT 1.5B, NF4 QLoRA, 16 rows of 2,048 a step",
    unit: "tok/s",
    gpus: 1,
    baseline: "plain loop, 2 × 8",
    required: "≥ 1.3 × in ≤ 9.9 GiB",
    aim: "≥ 1.6 ×",
    meets: (result) => [
      gain(result, "tok/s") >= 1.3 && within(result, 9.9),
      gain(result, "tok/s") >= 1.6 && within(result, 9.9),
    ],
  },
  qlora8: {
    what: "the same in a setting for 8 GB",
    unit: "tok/s",
    gpus: 1,
    baseline: "plain loop, 2 × 8",
    required: "fits 7.5 GiB",
    aim: "fits 7 GiB",
    meets: (result) => [within(result, 7.5), within(result, 7)],
  },
  evaluate: {
    what: "evaluation 1.5B, 1,000 prompts × 512 tokens",
    unit: "tok/s",
    gpus: 1,
    baseline: "transformers generate, batch 64",
    required: "≥ 10 ×",
    aim: "30,000 tok/s",
    meets: times(10, ({ ours }) => ours.value >= 30_000),
  },
  distil: {
    what: "distil 7B bf16 through lib, 200 in / 512 out",
    unit: "tok/s",
    gpus: 1,
    baseline: "vLLM offline",
    required: "≥ 93 %",
    aim: "≥ 98 %",
    meets: times(0.93, (result) => gain(result, "tok/s") >= 0.98),
  },
  grpo: {
    what: "GRPO 1.5B, 16 × 4 × 512 tokens",
    unit: "s/step",
    gpus: 1,
    baseline: "GRPOTrainer, vLLM colocated, 16 answers a pass",
    required: "≤ 3.0 s",
    aim: "≤ 2.2 s",
    meets: ({ ours }) => [ours.value <= 3, ours.value <= 2.2],
  },
  ray1: { what: "SFT on the GPU of a Ray cluster", ...WITHOUT_RAY },
  rayDistil1: { what: "distil on the GPU of a Ray cluster", ...WITHOUT_RAY },
  sft2: {
    what: "SFT on two GPUs",
    unit: "tok/s",
    gpus: 2,
    baseline: "one GPU",
    required: "≥ 1.85 ×",
    aim: "2 ×",
    meets: times(1.85, (result) => gain(result, "tok/s") >= 1.98),
  },
  distil2: {
    what: "distil on two GPUs",
    unit: "tok/s",
    gpus: 2,
    baseline: "one GPU",
    required: "≥ 1.85 ×",
    aim: "2 ×",
    meets: times(1.85, (result) => gain(result, "tok/s") >= 1.98),
  },
  sft4: {
    what: "SFT on four GPUs",
    unit: "tok/s",
    gpus: 4,
    baseline: "one GPU",
    required: "≥ 3.5 ×",
    aim: "4 ×",
    meets: times(3.5, (result) => gain(result, "tok/s") >= 3.95),
  },
  distil4: {
    what: "distil on four GPUs",
    unit: "tok/s",
    gpus: 4,
    baseline: "one GPU",
    required: "≥ 3.5 ×",
    aim: "4 ×",
    meets: times(3.5, (result) => gain(result, "tok/s") >= 3.95),
  },
  ray2: {
    what: "SFT on two GPUs of a Ray cluster",
    unit: "tok/s",
    gpus: 2,
    baseline: "one GPU, without Ray",
    required: "≥ 1.85 ×",
    aim: "2 ×",
    meets: times(1.85, (result) => gain(result, "tok/s") >= 1.98),
  },
  ray4: {
    what: "SFT on four GPUs of a Ray cluster",
    unit: "tok/s",
    gpus: 4,
    baseline: "one GPU, without Ray",
    required: "≥ 3.5 ×",
    aim: "4 ×",
    meets: times(3.5, (result) => gain(result, "tok/s") >= 3.95),
  },
};

function within({ ours }: Result, gib: number): boolean {
  return ours.memoryGiB !== null && ours.memoryGiB <= gib;
}

/** One row of the table; `why` stands where there is no result. */
export function tableRow(name: string, result: Result | null, why = "not measured"): Record<string, unknown> {
  const { what, unit, required, aim, meets } = ASKED[name]!;
  if (!result)
    return {
      row: name,
      what,
      baseline: "–",
      ours: why,
      gain: "–",
      required,
      met: "–",
      aim,
      reached: "–",
      spread: "–",
      GiB: "–",
    };
  const [met, reached] = meets(result);
  const value = (figure: Figure): string =>
    `${unit === "tok/s" ? Math.round(figure.value).toLocaleString("en-US") : figure.value.toFixed(2)} ` +
    `${unit}`;
  return {
    row: name,
    what,
    baseline: value(result.baseline),
    ours: value(result.ours),
    gain: `${gain(result, unit).toFixed(2)} ×`,
    required,
    met: met ? "yes" : "NO",
    aim,
    reached: reached ? "yes" : "no",
    spread: spread(result.ours),
    GiB: result.ours.memoryGiB?.toFixed(1) ?? "–",
  };
}

/** Half the way from the 10th to the 90th percentile, as a share of the value. */
export function spread({ value, samples }: Figure): string {
  if (samples.length < 2) return "one sample";
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return `± ${((50 * (at(0.9) - at(0.1))) / value).toFixed(1)} %, n = ${samples.length}`;
}
