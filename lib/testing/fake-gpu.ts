/**
 * A machine with a GPU, for tests: an `nvidia-smi`, and a `vllm` beside a Python, that agree about who holds
 * its memory.
 *
 * Each fake vLLM marks the folder with its pid while it lives and notes its arguments and how many others
 * live; nvidia-smi says that hardly anything is free while one lives.
 */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface FakeGpu {
  folder: string;
  /** Put it before the PATH. */
  path: string;
  /** FTMODEL_PYTHON: vLLM is looked for beside it. */
  python: string;
  /** One JSON line a start: {args, others}. */
  starts: string;
  /** One JSON line a request: its body. */
  asked: string;
  /** One line a call of nvidia-smi. */
  smiCalls: string;
}

/** `python` is a real interpreter, which supervises the servers; `otherMiB` are always held by others. */
export function fakeGpu(
  python: string,
  { name = "NVIDIA H100 80GB HBM3", memoryMiB = 81_559, driver = "580.95.05", gpus = 1, otherMiB = 500 } = {},
): FakeGpu {
  const folder = mkdtempSync(join(tmpdir(), "ftmodel-fake-gpu-"));
  const bin = join(folder, "bin");
  const held = join(folder, "held");
  for (const path of [bin, held]) mkdirSync(path);
  symlinkSync(python, join(bin, "python"));
  const line = (free: number, i: number) =>
    `echo "${name}, ${memoryMiB}, ${free}, ${driver}, ${i}, GPU-fake-${i}"`;
  const each = Array.from({ length: gpus }, () => 0);
  writeFileSync(
    join(bin, "nvidia-smi"),
    `#!/bin/sh\necho >> ${folder}/smi-calls\nfor pid in $(ls ${held}); do if kill -0 $pid 2>/dev/null; ` +
      `then ` +
      `${each.map((_, i) => line(900, i)).join("; ")}; exit; fi; ` +
      `done\n${each.map((_, i) => line(memoryMiB - otherMiB, i)).join("\n")}\n`,
    { mode: 0o755 },
  );
  const stub = join(dirname(fileURLToPath(import.meta.url)), "fake-vllm.ts");
  writeFileSync(join(bin, "vllm"), `#!/bin/sh\nexec "${process.execPath}" "${stub}" "${folder}" "$@"\n`, {
    mode: 0o755,
  });
  return {
    folder,
    path: `${bin}:${process.env.PATH}`,
    python: join(bin, "python"),
    starts: join(folder, "starts.jsonl"),
    asked: join(folder, "asked.jsonl"),
    smiCalls: join(folder, "smi-calls"),
  };
}

/**
 * An `nvidia-smi` alone, in a folder to put before the PATH, with cards that need not be alike: `name;total
 * MiB;free MiB` each.
 */
export function fakeSmi(folder: string, cards: readonly string[]): void {
  const lines = cards.map(
    (card, i) => `echo "${card.split(";").join(", ")}, 580.95.05, ${i}, GPU-fake-${i}"`,
  );
  writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\n${lines.join("\n")}\n`, { mode: 0o755 });
}
