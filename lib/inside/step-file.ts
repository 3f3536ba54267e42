/** The steps that a GRPO run kept token by token: the files of its folder's `steps`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "../errors.ts";
import { fieldProblem } from "../store/field-problem.ts";
import { StepFile } from "./step-record.ts";

const FILE = /^(\d{4,})\.json$/;

/** The steps that a run's folder holds, ascending; none for a run that kept none. */
export function keptSteps(folder: string): number[] {
  const steps = join(folder, "steps");
  if (!existsSync(steps)) return [];
  return readdirSync(steps)
    .flatMap((name) => FILE.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * One of `keptSteps`. Throws LabError when the run kept another step than this one, and naming file and field
 * when the file is not what the sidecar writes.
 */
export function readStep(folder: string, step: number): StepFile {
  const kept = keptSteps(folder);
  if (!kept.includes(step))
    throw new LabError({
      what: "The run did not keep this step token by token",
      where: join(folder, "steps"),
      expected: kept.length === 0 ? "a run with grpo.inspectSteps" : `one of ${kept.join(", ")}`,
      found: `step ${step}`,
      todo: `Train with grpo.inspectSteps, such as [${step}, -1]: it becomes a run of its own.`,
    });
  const file = join(folder, "steps", `${String(step).padStart(4, "0")}.json`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new LabError(
      { what: "A kept step is not JSON", where: file, found: (cause as Error).message, todo: AGAIN },
      { cause },
    );
  }
  const parsed = StepFile.safeParse(value);
  if (parsed.success) return parsed.data;
  const { field, expected, found } = fieldProblem(parsed.error, value);
  throw new LabError({
    what: "A kept step does not have the expected form",
    where: `${file}, field ${field}`,
    expected,
    found,
    todo: AGAIN,
  });
}

const AGAIN = "Delete the run's folder and train again.";
