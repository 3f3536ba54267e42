/** How many questions of each source reach each point of stages 1 to 3: the whole way in one row. Pure. */
import type { FilterStats } from "./record.ts";
import type { Bucket, FunnelCounts } from "./funnel.ts";
import type { PrepareReport } from "../prepare/report.ts";

/**
 * One source. Questions to `heldOut`, Teacher texts from `asked` on (as many as questions unless more texts a
 * question were asked for).
 */
export interface Survival {
  source: string;
  /** Rows read, set aside because they are too long for the model, set aside for other reasons. */
  read: number;
  tooLong: number;
  setAside: number;
  /** Questions kept for the test. */
  heldOut: number;
  /** Texts asked of the Teacher, and those left after each layer. */
  asked: number;
  wholeText: number;
  /** With a training text; the same as `wholeText` when `distill.assemble` is off. */
  assembled: number;
  format: number;
  answer: number;
  /** After the Judge; the same as `answer` when it is switched off. */
  judge: number;
  /** Rows of sft.jsonl (after best of k and the size limit) and of rl.jsonl. */
  sft: number;
  rl: number;
}

const COUNTS = [
  "read",
  "tooLong",
  "setAside",
  "heldOut",
  "asked",
  "wholeText",
  "assembled",
  "format",
  "answer",
  "judge",
  "sft",
  "rl",
] as const;

/**
 * Sources in the report's order, then, where there are several, the sum of all. A source whose rows were all
 * set aside has zeros from there on.
 */
export function survivalBySource(
  report: Pick<PrepareReport, "sources">,
  stats: Pick<FilterStats, "layers" | "questions">,
): Survival[] {
  const rows = report.sources.map(({ source, read, setAside }): Survival => {
    const after = (layer: string): number => bucketOf(stats.layers, layer, source).out;
    const tooLong = setAside.too_long ?? 0;
    return {
      source,
      read,
      tooLong,
      setAside: Object.values(setAside).reduce((sum, n) => sum + n, 0) - tooLong,
      heldOut: bucketOf(stats.questions, "split", source).reasons.test_question ?? 0,
      asked: after("split"),
      wholeText: after("teacher"),
      assembled: after("assemble"),
      format: after("format"),
      answer: after("answer"),
      judge: after("judge"),
      sft: after("size"),
      rl: bucketOf(stats.questions, "rl_source", source).out,
    };
  });
  if (rows.length < 2) return rows;
  const sums = COUNTS.map((key) => [key, rows.reduce((sum, row) => sum + row[key], 0)] as const);
  return [...rows, { source: "all", ...Object.fromEntries(sums) } as unknown as Survival];
}

function bucketOf(layers: readonly FunnelCounts[], layer: string, source: string): Bucket {
  return layers.find((row) => row.layer === layer)?.bySource[source] ?? { in: 0, out: 0, reasons: {} };
}
