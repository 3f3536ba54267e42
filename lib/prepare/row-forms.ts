/** The forms a row may have: the names of its fields, and what becomes a question of them. */
import { z } from "zod";
import { goldOfOutput } from "./boxed.ts";
import { fieldProblem } from "../store/field-problem.ts";

const number = z.number().transform(String);
const text = z.string().refine((s) => s.trim() !== "", "must not be blank");
const blankToAbsent = (value: unknown) =>
  value === null || (typeof value === "string" && value.trim() === "") ? undefined : value;

/** A row of the user's own. Numbers may stand for texts; other fields are ignored. */
const OwnRow = z.object({
  id: z.preprocess(blankToAbsent, z.union([z.string(), number], "a text or a number").optional()).optional(),
  question: text,
  gold_answer: z.union([text, number], "a text or a number"),
  type: z.unknown().optional(),
  source: z.preprocess(blankToAbsent, z.string().optional()).optional(),
  kind: z.preprocess(blankToAbsent, z.string().optional()).optional(),
  reasoning: z.preprocess(blankToAbsent, z.string().optional()).optional(),
});
const DianjinRow = z.object({ instruction: text, output: text });

type Taken =
  | { row: z.infer<typeof OwnRow> }
  | { reason: string; problem: { field?: string; expected: string; found: string }; id: string | null };

/** The row of ours that a row of any form stands for, or why it stands for none. */
export function takeRow(value: unknown): Taken {
  return isDianjin(value) ? takeDianjin(value) : takeOwn(value);
}

function takeOwn(value: unknown): Taken {
  const { data, error } = OwnRow.safeParse(value);
  return error ? { reason: "field", problem: fieldProblem(error, value), id: idOf(value) } : { row: data };
}

const isDianjin = (value: unknown) =>
  typeof value === "object" && value !== null && "instruction" in value && !("question" in value);

function takeDianjin(value: unknown): Taken {
  const { data, error } = DianjinRow.safeParse(value);
  if (error) return { reason: "field", problem: fieldProblem(error, value), id: idOf(value) };
  const gold = goldOfOutput(data.output);
  if ("reason" in gold)
    return {
      reason: gold.reason,
      problem: { field: "output", expected: "\\boxed{…} inside <answer>…</answer>", found: gold.found },
      id: idOf(value),
    };
  const extra = value as { id?: unknown; type?: unknown };
  return {
    row: {
      id: extra.id === undefined ? undefined : String(extra.id),
      question: data.instruction,
      gold_answer: gold.gold,
      type: extra.type,
      source: undefined,
      kind: undefined,
      reasoning: gold.reasoning ?? undefined,
    },
  };
}

function idOf(value: unknown): string | null {
  return typeof value === "object" && value !== null && "id" in value ? String(value.id) : null;
}
