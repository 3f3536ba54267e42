/**
 * Scores answers: JSON lines in on stdin, JSON lines out on stdout, one each, in the same order.
 *
 *     npm run --silent score < answers.jsonl
 *     echo '{"question": "Current ratio?", "gold": "2", "prediction": "2.0"}' | npm run --silent score
 *
 * In: {question, gold, prediction} or {question, gold, completion}, and an id if you like. Out: {id, verdict,
 * reason, message, format, reward}, or {id, error} for a line that cannot be scored; the rest goes on. Ends
 * with status 1 only when no line could be scored.
 */
import { byteLines } from "../lib/store/byte-lines.ts";
import { DEFAULT_WEIGHTS } from "../lib/reward/reward.ts";
import { scoreLine } from "../lib/reward/score-line.ts";

const BUFFER = 65_536;

async function write(text: string): Promise<void> {
  if (text)
    await new Promise<void>((done, failed) =>
      process.stdout.write(text, (error) => (error ? failed(error) : done())),
    );
}

async function main(): Promise<void> {
  let scored = 0;
  let failed = 0;
  let out = "";
  for await (const line of byteLines(process.stdin)) {
    const result =
      "invalid" in line ? { id: null, error: line.invalid } : scoreLine(line.text, DEFAULT_WEIGHTS);
    if ("error" in result) failed++;
    else scored++;
    out += JSON.stringify(result) + "\n";
    // A person or a pipe that waits for its answer gets it; a file is written in large pieces.
    if (out.length > BUFFER || process.stdin.readableLength === 0) {
      await write(out);
      out = "";
    }
  }
  await write(out);
  if (failed > 0) console.error(`${failed} of ${scored + failed} lines could not be scored`);
  if (scored === 0) process.exitCode = failed > 0 ? 1 : 0;
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
await main();
