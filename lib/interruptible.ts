/** Work that the interrupt button of a notebook ends. */
import { LabError } from "./errors.ts";

/** Runs `work` with a signal that also aborts on SIGINT: tslab interrupts only synchronous code by itself. */
export async function interruptible<T>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const key = new AbortController();
  const stop = () =>
    key.abort(
      new LabError({
        what: "The cell was interrupted",
        todo: "What was finished is kept: run the cell again to go on.",
      }),
    );
  process.on("SIGINT", stop);
  try {
    return await work(signal ? AbortSignal.any([signal, key.signal]) : key.signal);
  } finally {
    process.removeListener("SIGINT", stop);
  }
}
