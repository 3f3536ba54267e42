/** The training text of a distilled row, and whether it can be used. Pure. */
import { assemble } from "./assemble.ts";
import { checkFormat } from "../answer/index.ts";
import type { Distilled } from "../records.ts";

/**
 * The row with `response` and `assembly` as the rules make them now. A failed request has neither: a cut text
 * is no whole one. With `isOn` false (`distill.assemble`) the response is the text as written, for the format
 * gate to judge.
 */
export function assembleRow(row: Distilled, isOn: boolean): Distilled {
  if (row.failure !== null || row.teacher_output === null) return { ...row, response: null, assembly: null };
  if (!isOn) return { ...row, response: row.teacher_output.trim(), assembly: null };
  const assembled = assemble({ text: row.teacher_output, reasoning: row.teacher_reasoning });
  if (assembled.text === null) return { ...row, response: null, assembly: assembled.reason };
  return { ...row, response: assembled.text, assembly: assembled.rule };
}

/** Whether a student could be trained on it as far as its form goes: right or wrong is another matter. */
export function isUsable(row: Pick<Distilled, "response"> | null): boolean {
  return row !== null && row.response !== null && checkFormat(row.response).ok;
}
