/** What a prompt brought, counted, as a table and as files. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { checkFormat, scoreCompletion } from "../answer/index.ts";
import { REPO_ROOT } from "../config/paths.ts";
import { LabError } from "../errors.ts";
import { promptId, promptOf } from "../prompt/prompt.ts";
import { languageOf } from "../question/language.ts";
import { Estimate } from "../records.ts";
import { wilson } from "../stats/stats.ts";
import { writeFileAtomic, fileStamp } from "../store/atomic.ts";
import { writeJsonl } from "../store/jsonl.ts";
import { formatPercent, meanOf } from "../view/numbers.ts";
import { table } from "../view/table.ts";
import type { View } from "../view/table.ts";
import { assemble } from "./assemble.ts";

/** One text as the Teacher wrote it, with the question it answers. */
export const PromptText = z.object({
  prompt: z.string(),
  id: z.string(),
  source: z.string(),
  question: z.string(),
  gold_answer: z.string(),
  /** Empty when nothing came. */
  text: z.string(),
  /** The server's reasoning field. */
  reasoning: z.string().nullable(),
  /** Why the text is not whole; null when it is. */
  failure: z.string().nullable(),
  promptTokens: z.number().nullable(),
  tokens: z.number().nullable(),
});
export type PromptText = z.infer<typeof PromptText>;

/** What a prompt brought. Shares are of all questions asked, with Wilson's 95 % interval. */
export const PromptRow = z.object({
  prompt: z.string(),
  version: z.string(),
  id: z.string(),
  asked: z.number().int(),
  /** Texts that were neither cut nor refused. */
  whole: Estimate,
  /** Texts that have our format as they came. */
  asWritten: Estimate,
  /** Texts that could be put together to our format (`assemble`). */
  usable: Estimate,
  /** Of these the ones whose answer block is right. */
  right: Estimate,
  /** Share of the whole texts whose thoughts are in the question's language; null when none is whole. */
  inLanguage: Estimate.nullable(),
  /** The same of the Chinese questions alone. */
  chineseInChinese: Estimate.nullable(),
  /** Means of what the server counted; null when it counted nothing. */
  promptTokens: z.number().nullable(),
  tokens: z.number().nullable(),
  /** From the first request to the last answer, the server warm. */
  seconds: z.number(),
  tokensPerSecond: z.number().nullable(),
  rightPerSecond: z.number(),
  usablePerSecond: z.number(),
});
export type PromptRow = z.infer<typeof PromptRow>;

/** `reports/prompts_<time>.json`. */
export const PromptReport = z.object({
  created: z.string(),
  /** Hub id, or the folder's name: where it stands on a machine says nothing elsewhere. */
  model: z.string(),
  device: z.string(),
  /** Where the questions came from, and how many of each source. */
  sources: z.record(z.string(), z.number()),
  settings: z.record(z.string(), z.unknown()),
  rows: z.array(PromptRow),
});
export type PromptReport = z.infer<typeof PromptReport>;

/** Counts the texts that a prompt brought in so many seconds. Pure. Throws RangeError on no texts. */
export function promptRow(name: string, texts: readonly PromptText[], seconds: number): PromptRow {
  if (texts.length === 0) throw new RangeError("promptRow requires at least one text, got 0");
  const whole = texts.filter((text) => text.failure === null);
  const made = whole.map((text) => ({ ...text, made: assemble(text).text }));
  const usable = made.filter((text) => text.made !== null);
  const right = usable.filter(
    ({ question, gold_answer, made }) =>
      scoreCompletion({ question, gold: gold_answer, completion: made! }).strict.verdict === "right",
  );
  const inLanguage = (texts: readonly (typeof made)[number][]): Estimate | null =>
    wilson(
      texts.filter((text) => languageOf(thoughtsOf(text.made ?? text.text)) === languageOf(text.question))
        .length,
      texts.length,
    );
  const counted = texts.flatMap(({ tokens }) => tokens ?? []);
  const of = (part: readonly unknown[]): Estimate => wilson(part.length, texts.length)!;
  return {
    ...{ prompt: name, version: promptOf(name).version, id: promptId(promptOf(name)), asked: texts.length },
    whole: of(whole),
    asWritten: of(whole.filter(({ text }) => checkFormat(text).ok)),
    usable: of(usable),
    right: of(right),
    inLanguage: inLanguage(made),
    chineseInChinese: inLanguage(made.filter(({ question }) => languageOf(question) === "zh")),
    promptTokens: meanOf(texts.map(({ promptTokens }) => promptTokens)),
    tokens: meanOf(counted),
    seconds,
    tokensPerSecond: counted.length === 0 ? null : counted.reduce((sum, n) => sum + n, 0) / seconds,
    rightPerSecond: right.length / seconds,
    usablePerSecond: usable.length / seconds,
  };
}

/** What stands before the answer: "<answer>B</answer>" would pass for English. */
function thoughtsOf(text: string): string {
  const end = text.indexOf("<answer>");
  return (end <= 0 ? text : text.slice(0, end)).replace(/<\/?think>/g, "");
}

/** One line a prompt; shares of the questions asked, with their 95 % intervals. */
export function promptTable(rows: readonly PromptRow[], caption = "What each prompt brings"): View {
  const share = (value: unknown): string => {
    const { value: middle, low, high } = value as Estimate;
    const ends = [low, high].map((end) => formatPercent(end).slice(0, -2));
    return `${formatPercent(middle)} [${ends.join(", ")}]`;
  };
  const percent = (value: unknown): string =>
    value === null ? "–" : `${Math.round(100 * (value as Estimate).value)} %`;
  const columns = [
    { key: "prompt" },
    { key: "version" },
    { key: "asked" },
    { key: "asWritten", label: "in our form as written", format: share, align: "right" as const },
    { key: "usable", format: share, align: "right" as const },
    { key: "right", format: share, align: "right" as const },
    { key: "inLanguage", label: "in the question's language", format: percent, align: "right" as const },
    { key: "chineseInChinese", label: "of the Chinese ones", format: percent, align: "right" as const },
    { key: "promptTokens", label: "tokens read" },
    { key: "tokens", label: "tokens written" },
    { key: "seconds" },
    { key: "tokensPerSecond", label: "tokens/s" },
    { key: "usablePerSecond", label: "usable a second" },
    { key: "rightPerSecond", label: "right a second" },
  ];
  return table(rows, columns, { caption });
}

/** Writes the texts beside the report: `prompts_<time>.jsonl`, then `prompts_<time>.json`. */
export function writePromptReport(
  folder: string,
  report: PromptReport,
  texts: readonly PromptText[],
): { reportPath: string; textsPath: string } {
  const stem = join(folder, `prompts_${fileStamp(new Date(report.created))}`);
  writeJsonl(`${stem}.jsonl`, texts);
  writeFileAtomic(`${stem}.json`, `${JSON.stringify(report, null, 2)}\n`);
  return { reportPath: `${stem}.json`, textsPath: `${stem}.jsonl` };
}

/** Measured on a GPU, and kept with the repository. */
const EXAMPLE = join(REPO_ROOT, "reports", "example", "prompts.json");

/** The measurement of prompts that comes with the repository, as a table; null where it was taken away. */
export function measuredPrompts(): View | null {
  const report = readPromptReport();
  return report && promptTable(report.rows, `${report.model} on ${report.device}, the same questions`);
}

/**
 * A report of prompts, by default the one that comes with the repository; null when the file is not there.
 * Throws LabError on another file.
 */
export function readPromptReport(file: string = EXAMPLE): PromptReport | null {
  if (!existsSync(file)) return null;
  try {
    return PromptReport.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new LabError(
      {
        what: "The file holds no report of prompts",
        where: file,
        expected: "what npm run bench:prompts writes",
        found: (cause as Error).message.slice(0, 200),
      },
      { cause },
    );
  }
}
