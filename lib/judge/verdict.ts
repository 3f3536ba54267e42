/**
 * A Judge's reply, read strictly: either exactly one verdict that fits the rubric, or a reason why it is not
 * judged.
 */
import { z } from "zod";
import { rubricOf } from "./prompt.ts";
import type { RubricName } from "./prompt.ts";

/** Scores by criterion: points for "four-dimensions", true or false for "seven-criteria". */
export interface JudgeVerdict {
  scores: Record<string, number | boolean>;
  reason: string;
}

/** Why a reply is no verdict. Stable codes; none of them is ever a pass. */
export type VerdictProblem =
  | "empty"
  | "cut_off"
  | "too_long"
  | "no_json"
  | "fenced_json"
  | "two_objects"
  | "text_around_json"
  | "bad_json"
  | "wrong_shape";

export type ReadVerdict =
  | { verdict: JudgeVerdict; problem: null; message: null }
  | { verdict: null; problem: VerdictProblem; message: string };

const MAX_REPLY = 20_000;
const schemas = new Map<RubricName, z.ZodType<Record<string, unknown>>>();

/** zod schema of a rubric's verdict: every criterion once, in range, a reason, and nothing else. */
function verdictSchema(name: RubricName): z.ZodType<Record<string, unknown>> {
  const known = schemas.get(name);
  if (known) return known;
  const { criteria, scale } = rubricOf(name);
  const score = scale.kind === "points" ? z.number().int().min(scale.min).max(scale.max) : z.boolean();
  const schema = z.strictObject({
    reason: z
      .string()
      .max(2000)
      .refine((s) => s.trim() !== "", "must not be blank"),
    ...Object.fromEntries(criteria.map((c) => [c.key, score])),
  });
  schemas.set(name, schema);
  return schema;
}

/** Characters of a reason that is asked for; more than one sentence only delays the scores. */
const REASON_CHARACTERS = 300;
/** Tokens for braces, keys and scores of the longest verdict, with some to spare. */
const FORM_TOKENS = 64;

/**
 * The verdict's JSON schema, for servers that enforce one (`response_format`): every score an `enum` of what
 * counts, the reason as long as `maxTokens` has room for at a token a character, never above 300 characters,
 * so that no verdict is cut off in the middle.
 *
 * Only keywords that servers enforce: xgrammar (vLLM's default), llguidance, outlines and llama.cpp know
 * `enum` and `maxLength`; `minimum` and `maximum` are newer in most, and OpenAI refused them for long.
 * "$schema" is left out for the same reason. A bound costs: with 300 characters xgrammar 0.2.3 takes a third
 * of the time that 2,000 take to compile, and half a millisecond of a core for each token either way.
 */
export function verdictJsonSchema(name: RubricName, maxTokens: number): Record<string, unknown> {
  const { criteria, scale } = rubricOf(name);
  const points = (min: number, max: number): number[] =>
    Array.from({ length: max - min + 1 }, (_, i) => min + i);
  const score =
    scale.kind === "points" ? { type: "integer", enum: points(scale.min, scale.max) } : { type: "boolean" };
  const room = Math.max(32, maxTokens - FORM_TOKENS);
  const reason = { type: "string", minLength: 1, maxLength: Math.min(REASON_CHARACTERS, room) };
  const keys = criteria.map((c) => c.key);
  return {
    type: "object",
    properties: { reason, ...Object.fromEntries(keys.map((key) => [key, score])) },
    required: ["reason", ...keys],
    additionalProperties: false,
  };
}

/**
 * Reads a Judge's whole reply. One think block in front is skipped (reasoning Judges write one); the rest
 * must be one JSON object and nothing else. A fenced object, a second object, a key given twice, a score out
 * of its range or written as "5/5" is not a verdict: a Judge that leaves the form may be repeating what the
 * judged text told it to say. `finishReason` "length" means the reply was cut.
 */
export function readVerdict(
  rubric: RubricName,
  reply: string | null,
  finishReason: string | null = null,
): ReadVerdict {
  const problem = (code: VerdictProblem, message: string): ReadVerdict => ({
    verdict: null,
    problem: code,
    message,
  });
  if (reply === null || reply.trim() === "") return problem("empty", "the Judge wrote nothing");
  if (reply.length > MAX_REPLY)
    return problem("too_long", `the reply has ${reply.length} characters, more than ${MAX_REPLY}`);
  if (finishReason === "length") return problem("cut_off", "the reply reached the token limit");
  // xgrammar lets a raw tab stand in a string whose length is bounded; JSON does not.
  const text = withoutThinking(reply).trim().replaceAll("\t", " ");
  const open = text.indexOf("{");
  if (open === -1) return problem("no_json", `no JSON object in ${quote(text)}`);
  if (text.includes("```")) return problem("fenced_json", "the JSON stands in a code fence");

  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const objects = countObjects(text);
    if (objects > 1) return problem("two_objects", `${objects} JSON objects where one is asked`);
    if (objects === 1) return problem("text_around_json", `text beside the JSON object: ${quote(text)}`);
    return problem("bad_json", `not JSON: ${quote(text)}`);
  }
  const parsed = verdictSchema(rubric).safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return problem("wrong_shape", `${issue.path.join(".") || "verdict"}: ${issue.message}`);
  }
  const { reason, ...scores } = parsed.data as { reason: string } & Record<string, number | boolean>;
  // JSON.parse lets the last of two equal keys win; the object is flat, so its strings are its keys and the
  // reason.
  const strings = text.match(/"(?:[^"\\]|\\.)*"/g)?.length ?? 0;
  if (strings !== Object.keys(scores).length + 2) return problem("wrong_shape", "a key stands twice");
  return { verdict: { scores, reason }, problem: null, message: null };
}

function withoutThinking(reply: string): string {
  const end = reply.indexOf("</think>");
  return end === -1 || !reply.trimStart().startsWith("<think>")
    ? reply
    : reply.slice(end + "</think>".length);
}

/** How many top-level `{…}` the text holds, braces inside strings left out. Linear. */
function countObjects(text: string): number {
  let depth = 0;
  let objects = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (inString) {
      if (c === "\\") i++;
      else if (c === '"') inString = false;
    } else if (c === '"' && depth > 0) inString = true;
    else if (c === "{") depth++;
    else if (c === "}" && depth > 0 && --depth === 0) objects++;
  }
  return objects;
}

const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** Highest possible points of a rubric: 20 for the four dimensions, 7 for the seven criteria. */
export function maxPoints(rubric: RubricName): number {
  const { criteria, scale } = rubricOf(rubric);
  return criteria.length * (scale.kind === "points" ? scale.max : 1);
}

/** Lowest possible points of a readable verdict: 4 for the four dimensions, 0 for the seven criteria. */
export function minPoints(rubric: RubricName): number {
  const { criteria, scale } = rubricOf(rubric);
  return scale.kind === "points" ? criteria.length * scale.min : 0;
}

/** Whether the rubric has a pass mark to set; of the others every criterion must hold. */
export function isMarked(rubric: RubricName): boolean {
  return rubricOf(rubric).scale.kind === "points";
}

/** Points of a verdict: the sum of the scores, or the number of criteria that hold. */
export function pointsOf(verdict: JudgeVerdict): number {
  return Object.values(verdict.scores).reduce<number>((sum, score) => sum + Number(score), 0);
}

/**
 * Points needed to pass: the config's for "four-dimensions", all seven for "seven-criteria" (Fin-R1: all must
 * hold).
 */
export function pointsToPass(rubric: RubricName, judgePassScore: number): number {
  return isMarked(rubric) ? judgePassScore : maxPoints(rubric);
}

/**
 * A rubric's points for a figure's axis: lowest and highest, the pass mark, and the range of one criterion.
 */
export function judgeScale(settings: { rubric: RubricName; judgePassScore: number }): {
  min: number;
  max: number;
  pass: number;
  criterion: [number, number];
} {
  const { rubric, judgePassScore } = settings;
  const { scale } = rubricOf(rubric);
  return {
    ...{ min: minPoints(rubric), max: maxPoints(rubric), pass: pointsToPass(rubric, judgePassScore) },
    criterion: scale.kind === "points" ? [scale.min, scale.max] : [0, 1],
  };
}
