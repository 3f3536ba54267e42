/**
 * An export without a model, for tests: a file of five bytes. `--same=SHARE` of the tokens, `--apart=NATS`,
 * `--bf16`, `--unchecked`, `--fails`.
 */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const run = JSON.parse(readFileSync(process.argv.at(-1)!, "utf8"));
const has = (name: string) => process.argv.includes(`--${name}`);
const option = (name: string, preset: number): number | null => {
  const text = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return text === undefined ? preset : (JSON.parse(text.slice(name.length + 3)) as number | null);
};
const emit = (event: Record<string, unknown>) =>
  appendFileSync(
    join(run.runDir, "events.jsonl"),
    `${JSON.stringify({ time: Date.now() / 1000, ...event })}\n`,
  );
const counts = { step: 0, totalSteps: 1, trainableParameters: 0, totalParameters: 64 };

emit({ event: "start", device: "cpu", versions: {}, ...counts });
if (has("fails")) {
  const failure = { cause: "not_exportable", message: "another architecture" };
  emit({ event: "end", status: "failed", ...failure, step: 0 });
} else {
  mkdirSync(join(run.output, "gguf"), { recursive: true });
  writeFileSync(join(run.output, "gguf", "model.gguf"), "GGUF\n");
  const parity = {
    ggufPrompts: 1,
    ggufTokens: 50,
    ggufSameTokens: Math.round(50 * option("same", 1)!),
    ggufSameTexts: option("same", 1) === 1 ? 1 : 0,
    ggufMaxLogprobDifference: option("apart", 1e-4),
  };
  const told = { ggufSeconds: 2, ggufIsFloat32: has("bf16") ? 0 : 1 };
  emit({ event: "step", step: 1, metrics: has("unchecked") ? told : { ...told, ...parity } });
  emit({ event: "end", status: "done", cause: null, message: null, step: 1 });
}
