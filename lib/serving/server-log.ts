/** What a server printed, in a file. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { fileError } from "../store/atomic.ts";

/** An empty log. Throws LabError when it cannot be written. */
export function makeLog(log: string): void {
  try {
    mkdirSync(dirname(log), { recursive: true });
    writeFileSync(log, "");
  } catch (cause) {
    throw fileError("The server's log could not be written", log, cause);
  }
}

/** The end of a log, for a person; the server's key is left out. */
export function lastWords(log: string, key: string): string {
  let text: string;
  try {
    text = readFileSync(log, "utf8");
  } catch {
    return ""; // removed with its folder
  }
  const lines = stripVTControlCharacters(text).trimEnd().split("\n");
  return lines.slice(-15).join("\n").slice(-2000).replaceAll(key, "…");
}
