/** What scripts share that people start: an option that must be there, and how a failure is told. */
import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";
import { LabError } from "../lib/errors.ts";

/** `parseArgs`; a wrong option ends the process, in words. */
export function parsed<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    endWith(error);
    process.exit();
  }
}

/** The value of `--name`. Throws LabError with the script's usage when it was not given. */
export function required<Name extends string>(
  values: Readonly<Partial<Record<Name, string | undefined>>>,
  name: Name,
  usage: string,
): string {
  const value = values[name];
  if (!value) throw new LabError({ what: "An option is missing", where: `--${name}`, expected: usage });
  return value;
}

/** Tells a LabError and a wrong option in words, anything else with its trace; the exit status will be 1. */
export function endWith(error: unknown): void {
  const code = error instanceof TypeError && "code" in error ? String(error.code) : "";
  const told = error instanceof LabError || code.startsWith("ERR_PARSE_ARGS");
  console.error(told ? `\n${(error as Error).message}` : error);
  process.exitCode = 1;
}
