/**
 * Hours of each stage on so many GPUs, from what was measured on one and on two, and the limit that binds:
 *
 *     node scripts/cluster-cost.ts                      the table of scripts/cluster.md, written there
 *     node scripts/cluster-cost.ts --questions 5000 --samples 1 --gpus 1,4        another one, printed
 *
 * A simulation: nothing past two GPUs has been measured. Every text is as long as those of the bench (200
 * tokens of prompt, 512 of answer), shares of texts that are kept are those of reports/example/real.json, and
 * all settings are those of the profile gpu.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LabError } from "../lib/errors.ts";
import { REPO_ROOT } from "../lib/config/paths.ts";
import { PROFILES } from "../lib/config/profiles.ts";
import { writeFileAtomic } from "../lib/store/atomic.ts";
import { endWith } from "./command-line.ts";

/** One H100 80 GB: tokens a second (README, `npm run bench:gpu`), and seconds. */
export const MEASURED = {
  write7b: 18_400,
  write1_5b: 49_536,
  train1_5b: 31_347,
  /** Two GPUs against one, over 2. */
  ...{ writeShare: 1.9 / 2, trainShare: 1.89 / 2 },
  /** A step of GRPO of 64 answers, of which vLLM writes for 64 · 512 / 19,005. */
  ...{ grpoStep: 6.3, grpoWriting: 1.72, grpoAnswers: 64 },
  /** 512 tokens, however few requests there are: 411 tokens a second. */
  oneAnswer: 1.25,
  /** From the start of a server to its first answer. */
  serverStart: 63,
  mergeAndParity: 54,
} as const;
/** Share of its speed that a vLLM reaches with so many requests in flight (1.5B, one H100). */
const BUSY = [
  [0, 0],
  [1, 411 / 36_491],
  [64, 19_005 / 36_491],
  [256, 35_497 / 36_491],
  [512, 1],
] as const;
const TOKENS = 512;
/** Of a row that SFT reads, on the mean (the bench's rows). */
const SFT_TOKENS = 700;
const ARMS = 5;
/** What the config takes at most: serving.concurrency, gpu.replicas, gpu.processes. */
const MOST = { inFlight: 8192, replicas: 64, processes: 64 } as const;

export interface Work {
  questions: number;
  /** Texts a question. */
  samples: number;
}

export interface StageCost {
  stage: string;
  hours: number;
  /** GPUs that have something to do. */
  used: number;
  /** What keeps it from being faster on more. */
  limit: string;
}

/** Each stage that takes a GPU, in their order. */
export function costsOn(gpus: number, { questions, samples }: Work): StageCost[] {
  const { sft, grpo, evaluate, prepare } = PROFILES.gpu;
  const { asked, usable, rightByRules } = realRun();
  const train = questions * (1 - prepare.testShare);
  const texts = train * samples;
  const kept = train * (1 - (1 - rightByRules / asked) ** samples); // one right text a question is enough
  const answers = questions * prepare.testShare * ARMS * (1 + evaluate.samples);
  return [
    writing("distil", gpus, texts, MEASURED.write7b),
    writing("filter: the Judge", gpus, texts * (usable / asked), MEASURED.write7b),
    training(gpus, kept * sft.epochs * SFT_TOKENS, sft.batchSize * sft.gradientAccumulation),
    reinforcing("GRPO", gpus, train * grpo.epochs, grpo.promptsPerStep, grpo.groupSize),
    writing("evaluate", gpus, answers, MEASURED.write1_5b),
    { stage: "merge", hours: MEASURED.mergeAndParity / 3600, used: 1, limit: "one process" },
  ];
}

/** Texts by copies of a server. */
function writing(stage: string, gpus: number, texts: number, rate: number): StageCost {
  const copies = Math.min(gpus, MOST.replicas);
  const inFlight = Math.min(1024, MOST.inFlight / copies, texts / copies);
  const speed = rate * copies * busy(inFlight) * scaled(MEASURED.writeShare, copies);
  const seconds = (texts * TOKENS) / speed;
  const limit =
    MEASURED.serverStart > seconds
      ? "the server's start"
      : copies < gpus
        ? `gpu.replicas ≤ ${MOST.replicas}, ${MOST.inFlight} requests in flight`
        : busy(inFlight) < 0.95
          ? `${MOST.inFlight} requests in flight`
          : "GPUs";
  return { stage, hours: (seconds + MEASURED.serverStart) / 3600, used: copies, limit };
}

function training(gpus: number, tokens: number, rowsAStep: number): StageCost {
  const used = largestDivisor(rowsAStep, Math.min(gpus, MOST.processes));
  const seconds = tokens / (MEASURED.train1_5b * used * scaled(MEASURED.trainShare, used));
  return {
    ...{ stage: "SFT", hours: seconds / 3600, used },
    limit: used < gpus ? `${rowsAStep} rows a step` : "GPUs",
  };
}

/**
 * The same with steps of 16 questions for each GPU, which keep a vLLM busy: fewer steps, and another
 * training.
 */
export function costOfWideGrpo(gpus: number, { questions }: Work): StageCost {
  const { grpo, prepare } = PROFILES.gpu;
  const prompts = 16 * Math.min(gpus, MOST.processes);
  const asked = questions * (1 - prepare.testShare) * grpo.epochs;
  return reinforcing("GRPO, 16 questions a GPU", gpus, asked, prompts, grpo.groupSize);
}

/** Answers are written in as many steps of the model however few they are; all else is shared. */
function reinforcing(
  stage: string,
  gpus: number,
  questions: number,
  promptsPerStep: number,
  groupSize: number,
): StageCost {
  const answers = promptsPerStep * groupSize;
  const steps = Math.ceil(questions / promptsPerStep);
  const used = largestDivisor(answers, Math.min(gpus, MOST.processes));
  const part = answers / MEASURED.grpoAnswers / used;
  const write = Math.max(MEASURED.oneAnswer, MEASURED.grpoWriting * part);
  const rest = ((MEASURED.grpoStep - MEASURED.grpoWriting) * part) / scaled(MEASURED.trainShare, used);
  const limit =
    write > rest
      ? `${answers / used} answers a GPU and step`
      : used < gpus
        ? `gpu.processes ≤ ${MOST.processes}`
        : "GPUs";
  return { stage, hours: (steps * (write + rest)) / 3600, used, limit };
}

/** As if each doubling lost what the first one did. */
function scaled(share: number, gpus: number): number {
  return share ** Math.log2(gpus);
}

/** Between two measured points a straight line. */
export function busy(inFlight: number): number {
  const to = BUSY.findIndex(([at]) => at >= inFlight);
  if (to < 0) return 1;
  if (to === 0) return 0;
  const [[a, low], [b, high]] = [BUSY[to - 1]!, BUSY[to]!];
  return low + ((high - low) * (inFlight - a)) / (b - a);
}

function largestDivisor(of: number, most: number): number {
  let count = Math.min(of, most);
  while (of % count !== 0) count -= 1;
  return count;
}

/** How many texts of a real run were usable, and right. */
function realRun(): { asked: number; usable: number; rightByRules: number } {
  const file = join(REPO_ROOT, "reports", "example", "real.json");
  return JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof realRun>;
}

/** A column for each number of GPUs; the last row is what the whole line takes, and the GPUs held for it. */
export function costTable(work: Work, gpus: readonly number[]): string {
  const columns = gpus.map((count) => costsOn(count, work));
  const wide = gpus.map((count) => costOfWideGrpo(count, work));
  const cell = ({ hours, limit }: StageCost): string => `${inWords(hours)} · ${limit}`;
  const rows = columns[0]!.map(({ stage }, i) => [stage, ...columns.map((column) => cell(column[i]!))]);
  const totals = columns.map((column) => column.reduce((sum, { hours }) => sum + hours, 0));
  const used = columns.map((column) => column.reduce((sum, { hours, used }) => sum + hours * used, 0));
  rows.push(
    ["**all**", ...totals.map((hours) => `**${inWords(hours)}**`)],
    ["GPU-hours held", ...totals.map((hours, i) => rounded(hours * gpus[i]!))],
    ["GPU-hours used", ...used.map(rounded)],
    [`instead of GRPO: ${wide[0]!.stage}`, ...wide.map(cell)],
  );
  const head = ["", ...gpus.map((count) => `${count} GPU${count === 1 ? "" : "s"}`)];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function inWords(hours: number): string {
  return hours < 1 ? `${Math.max(1, Math.round(60 * hours))} min` : `${hours.toFixed(1)} h`;
}

const rounded = (value: number): string => (value < 10 ? value.toFixed(1) : Math.round(value).toString());

export const PAGE = join(REPO_ROOT, "scripts", "cluster.md");
export const DEFAULT_WORK: Work = { questions: 38_000, samples: 4 };
export const DEFAULT_GPUS = [1, 8, 64, 512] as const;
const BETWEEN = /(<!-- costs -->\n)[^]*(<!-- end -->)/;

/** The page with the table as it is now. */
export function withTable(page: string): string {
  if (!BETWEEN.test(page))
    throw new RangeError("withTable requires the lines <!-- costs --> and <!-- end -->");
  return page.replace(
    BETWEEN,
    (_, open, close) => `${open}${costTable(DEFAULT_WORK, DEFAULT_GPUS)}\n${close}`,
  );
}

function main(): void {
  const { values } = parseArgs({
    options: { questions: { type: "string" }, samples: { type: "string" }, gpus: { type: "string" } },
  });
  if (Object.keys(values).length === 0) {
    writeFileAtomic(PAGE, withTable(readFileSync(PAGE, "utf8")));
    return;
  }
  const work = {
    questions: count("--questions", values.questions ?? String(DEFAULT_WORK.questions)),
    samples: count("--samples", values.samples ?? String(DEFAULT_WORK.samples)),
  };
  const gpus = values.gpus?.split(",").map((text) => count("--gpus", text)) ?? DEFAULT_GPUS;
  console.log(costTable(work, gpus));
}

function count(where: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new LabError({ what: "That is no count", where, expected: "a whole number from 1 on", found: text });
}

if (import.meta.main) {
  try {
    main();
  } catch (error) {
    endWith(error);
  }
}
