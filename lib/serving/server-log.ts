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
export function lastWords(log: string, key: string, { lines = 15, characters = 2000 } = {}): string {
  let text: string;
  try {
    text = readFileSync(log, "utf8");
  } catch {
    return ""; // removed with its folder
  }
  const all = stripVTControlCharacters(text).trimEnd().split("\n");
  return all.slice(-lines).join("\n").slice(-characters).replaceAll(key, "…");
}

/** What to do about a death by its words (vLLM's, torch's); null when they name no cause known here. */
export function adviceOn(words: string): string | null {
  return ADVICE.find(([cause]) => cause.test(words))?.[1] ?? null;
}

const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /max_model_len \(\d+\) is greater than/i,
    "Lower serving.maxModelLength: the model was not made for so many tokens.",
  ],
  [
    /No available memory for the cache|larger than the available KV cache memory/i,
    "Lower serving.maxModelLength, or raise gpu.serverMemoryShare: no room was left for the cache.",
  ],
  [
    /less than desired GPU memory utilization|CUDA out of memory|OutOfMemoryError/i,
    "Lower gpu.serverMemoryShare or serving.maxModelLength, or end what else holds the GPU's " +
      "memory (`nvidia-smi`).",
  ],
];
