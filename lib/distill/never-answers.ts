/** A Teacher whose texts cannot be used: told after its first texts, not after all. Pure. */
import { LabError } from "../errors.ts";
import type { Distilled } from "../records.ts";
import { countBy } from "../stats/stats.ts";
import { TOO_LONG } from "../serving/completion.ts";

/**
 * Texts after which a Teacher that gave nothing usable is asked no more: one in twenty would have shown (96
 * %).
 */
export const FIRST_TEXTS = 64;
const SERVER = /^(?:http_|connection|timeout|incomplete|bad_response|too_large)/;
const SAMPLES = 3;
const KEPT = "What was answered stays on disk; with FTMODEL_FORCE=1 it is asked for again.";
const SAMPLE_CHARACTERS = 200;
/** Lines below the first stand under its text. */
const INDENT = "\n            ";

/** Whether a row is the Teacher's own doing: a question too long for its context never reached it. */
export function isAnswered({ failure }: Pick<Distilled, "failure">): boolean {
  return failure !== TOO_LONG;
}

/** What the server said where it gave no text. */
export interface Told {
  url: string;
  /** Cause → the first sentence of the client about it. */
  sentences: Map<string, string>;
}

/**
 * The error of rows of which none can be used: the reasons counted, what the server said, three texts to look
 * at, what to do. `more`: whether texts were left unasked; `told` is null where none was asked for.
 */
export function neverAnswers(
  rows: readonly Distilled[],
  { more, told }: { more: boolean; told: Told | null },
): LabError {
  const reasons = countBy(rows, reasonOf);
  const isWhole = rows.some((row) => row.failure === null);
  const wanted = isWhole ? "one usable text" : "one whole text";
  const counted = [...reasons].map(([reason, n]) => `${n} × ${reason}`).join(", ");
  return new LabError({
    code: "no_usable_text",
    what: more
      ? `The Teacher's first ${rows.length} texts hold not ${wanted}; the others were not asked for`
      : `The Teacher gave not ${wanted}`,
    where: told ? `models.teacher at ${told.url}` : "models.teacher",
    found: [counted, ...saidBy(told, [...reasons.keys()]), ...samplesOf(rows)].join(INDENT),
    todo: [...todos([...reasons.keys()]), KEPT].join(INDENT),
  });
}

function saidBy(told: Told | null, reasons: readonly string[]): string[] {
  const sentences = [...(told?.sentences ?? [])].filter(
    ([cause]) => reasons.includes(cause) && SERVER.test(cause),
  );
  return sentences.map(([cause, sentence]) => `${cause}: ${sentence}`);
}

function reasonOf({ failure, assembly }: Distilled): string {
  return failure ?? assembly ?? "bad_format";
}

/** A text of each reason first, then more of the commonest. */
function samplesOf(rows: readonly Distilled[]): string[] {
  const written = rows.filter((row) => row.teacher_output !== null);
  const firsts = [...Map.groupBy(written, reasonOf).values()].map(([first]) => first!);
  const picked = [...new Set([...firsts, ...written])].slice(0, SAMPLES);
  return picked.map((row) => {
    const text = row.teacher_output!.trim();
    const start = JSON.stringify(text.slice(0, SAMPLE_CHARACTERS));
    const more = text.length > SAMPLE_CHARACTERS ? ` … (${text.length} characters)` : "";
    return `${row.id}, ${reasonOf(row)}: ${start}${more}`;
  });
}

function todos(reasons: readonly string[]): string[] {
  const has = (...names: string[]): boolean => reasons.some((reason) => names.includes(reason));
  const said: string[] = [];
  if (has("no_answer", "no_reasoning", "repeats_answer")) {
    said.push("Another prompt.teacher (example shows the form once), or the model's own chat template.");
  }
  if (has("bad_format")) said.push("bad_format: distill.assemble=true puts training texts together.");
  if (has("length")) said.push("length: raise distill.maxTokens.");
  if (has("empty")) said.push("empty: the model ends at once; see its chat template and prompt.teacher.");
  if (has(TOO_LONG)) said.push(`${TOO_LONG}: raise serving.maxModelLength or lower prepare.maxPromptTokens.`);
  if (reasons.some((reason) => SERVER.test(reason)))
    said.push("bad_response, http_…, connection …: look at the server.");
  return said;
}
