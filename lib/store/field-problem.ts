/** What a zod error means to the person whose file it is about: field, expected, found. */
import type { z } from "zod";

export interface FieldProblem {
  /** Dotted path, "" for the whole row. */
  field: string;
  expected: string;
  found: string;
}

/**
 * The first issue of a failed parse, in words. `value` is what was parsed. Lists further fields when more are
 * wrong.
 */
export function fieldProblem(error: z.ZodError, value: unknown): FieldProblem {
  const issue = error.issues[0];
  if (!issue) return { field: "", expected: "a valid value", found: shorten(value) };
  const here = at(value, issue.path);
  const problem = {
    field: issue.path.join("."),
    expected: expectedBy(issue),
    found: here === undefined ? "nothing" : shorten(here),
  };
  if (here === undefined && isObject(value))
    problem.found = `no such field; the row has ${Object.keys(value).join(", ") || "no fields"}`;
  const others = [...new Set(error.issues.slice(1).map((i) => i.path.join(".")))].filter(
    (f) => f !== problem.field,
  );
  if (others.length > 0)
    problem.found += ` (also wrong: ${others.slice(0, 4).join(", ")}${others.length > 4 ? ", …" : ""})`;
  return problem;
}

/** A value as JSON of at most 80 characters. */
export function shorten(value: unknown): string {
  const text =
    typeof value === "string"
      ? JSON.stringify(value.slice(0, 200))
      : (JSON.stringify(value) ?? String(value));
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}

type Issue = z.ZodError["issues"][number];

/** What a bound counts; of numbers nothing. */
const COUNTED: Readonly<Record<string, string>> = { string: " characters", array: " elements" };

function expectedBy(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return typeName(issue.expected);
    case "invalid_value":
      return `one of ${issue.values.map((v) => JSON.stringify(v)).join(", ")}`;
    case "too_small":
      return `at least ${issue.minimum}${COUNTED[issue.origin] ?? ""}`;
    case "too_big":
      return `at most ${issue.maximum}${COUNTED[issue.origin] ?? ""}`;
    case "unrecognized_keys":
      return `no field ${issue.keys.join(", ")}`;
    default:
      return issue.message;
  }
}

function typeName(expected: string): string {
  const names: Record<string, string> = {
    string: "a text",
    number: "a number",
    int: "a whole number",
    boolean: "true or false",
    object: "an object",
    array: "a list",
  };
  return names[expected] ?? expected;
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here = value;
  for (const key of path) here = isObject(here) ? (here as Record<PropertyKey, unknown>)[key] : undefined;
  return here;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
