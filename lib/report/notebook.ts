/** An executed notebook as a file: what a report needs of it. */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { SETTINGS_MIME, SettingsRecord } from "../config/settings-record.ts";
import { LabError } from "../errors.ts";

const text = z
  .union([z.string(), z.array(z.string())])
  .transform((lines) => (typeof lines === "string" ? lines : lines.join("")));

/** MIME type → content: texts as one string, JSON types as they are. */
const Data = z
  .record(z.string(), z.unknown())
  .transform((data) =>
    Object.fromEntries(
      Object.entries(data).map(([type, value]) => [
        type,
        Array.isArray(value) && value.every((line) => typeof line === "string") ? value.join("") : value,
      ]),
    ),
  );

export const Output = z.discriminatedUnion("output_type", [
  z.object({ output_type: z.literal("stream"), name: z.string(), text }),
  z.object({ output_type: z.literal("display_data"), data: Data }),
  z.object({ output_type: z.literal("execute_result"), data: Data }),
  z.object({ output_type: z.literal("error"), ename: z.string(), evalue: z.string() }),
]);
export type Output = z.infer<typeof Output>;

export const Cell = z.discriminatedUnion("cell_type", [
  z.object({ cell_type: z.literal("markdown"), source: text }),
  z.object({ cell_type: z.literal("raw"), source: text }),
  z.object({
    cell_type: z.literal("code"),
    source: text,
    /** `lesson`: its code is what the page teaches, and stands open there. */
    metadata: z.object({ tags: z.array(z.string()).optional() }).optional(),
    outputs: z.array(Output),
    execution_count: z.number().nullish(),
  }),
]);
export type Cell = z.infer<typeof Cell>;

export interface Notebook {
  /** File name without ".ipynb": "03_filter". */
  name: string;
  /** Its first H1. */
  title: string;
  cells: Cell[];
  /** A cell failed, or told an error on stderr (tslab tells of unawaited ones only there). */
  failed: boolean;
  /** Code cells: all that are not blank, and those that whoever saved this file ran. */
  codeCells: number;
  ranCells: number;
  /** What the newest config table of the notebook says it ran with; null when none was shown. */
  settings: SettingsRecord | null;
}

/**
 * Reads one `.ipynb` (nbformat 4).
 *
 * @throws LabError when it is no JSON or no notebook; names file, cell and field.
 */
export function readNotebook(path: string): Notebook {
  const name = basename(path, ".ipynb");
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new LabError({
      what: "A notebook cannot be read",
      where: path,
      expected: "a Jupyter notebook (JSON)",
      found: (error as Error).message,
      todo: "Run it again: npm start -- --force",
    });
  }
  const parsed = z.object({ cells: z.array(Cell) }).safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new LabError({
      what: "A notebook cannot be read",
      where: `${path}, ${issue.path.join(".")}`,
      expected: "Jupyter's notebook format 4",
      found: issue.message,
      todo: "Run it again: npm start -- --force",
    });
  }
  const { cells } = parsed.data;
  const heading = cells.flatMap((cell) =>
    cell.cell_type === "markdown" ? (/^# +(.+)$/m.exec(cell.source)?.[1] ?? []) : [],
  )[0];
  const failed = cells.some(
    (cell) =>
      cell.cell_type === "code" &&
      cell.outputs.some(
        (output) =>
          output.output_type === "error" ||
          (output.output_type === "stream" && output.name === "stderr" && output.text.trim() !== ""),
      ),
  );
  const code = cells.filter((cell) => cell.cell_type === "code").filter(({ source }) => source.trim() !== "");
  return {
    name,
    title: (heading ?? name).replace(/[*_`]/g, "").trim(),
    cells,
    failed,
    codeCells: code.length,
    ranCells: code.filter((cell) => typeof cell.execution_count === "number").length,
    settings: settingsOf(code.flatMap((cell) => cell.outputs)),
  };
}

function settingsOf(outputs: readonly Output[]): SettingsRecord | null {
  const records = outputs.flatMap((output) =>
    "data" in output && SETTINGS_MIME in output.data
      ? (SettingsRecord.safeParse(output.data[SETTINGS_MIME]).data ?? [])
      : [],
  );
  return records.at(-1) ?? null;
}
