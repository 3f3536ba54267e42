/** The one number a short text is, for options. */
import { normalise, MAX_ANSWER } from "./normalise.ts";
import { readValues } from "./read-values.ts";
import type { Quantity } from "./value.ts";

/** The number `text` consists of, with few words around it; null where it is anything else. */
export function readSingle(text: string): Quantity | null {
  if (text.length > MAX_ANSWER) return null;
  const reading = readValues(normalise(text));
  if (reading.malformed > 0 || reading.found.length !== 1 || reading.wordsBefore + reading.wordsAfter > 4)
    return null;
  const only = reading.found[0]!;
  return only.value.kind === "number" && !only.negated && !only.weak ? only.value.number : null;
}
